"""The logs in memory, as each process reaches them."""

from collections.abc import Callable, Sequence
from typing import Any

from eventsourcing.persistence import OperationalError

from domain.ports import LogRecorder
from infra.memory.recorder import MemoryRecorder
from tests.simulation.clock import Clock
from tests.simulation.process import Process

PATIENCE_SECONDS = 1.0


class Template(MemoryRecorder):
    """Remembers what was inserted, to begin other logs with it."""

    def __init__(self) -> None:
        super().__init__()
        self.inserted: list[tuple[Sequence[Any], dict[str, Any]]] = []

    def insert_events(self, stored_events: Sequence[Any], **kwargs: Any) -> Sequence[int] | None:
        found = super().insert_events(stored_events, **kwargs)
        self.inserted.append((stored_events, kwargs))
        return found

    def copied(self) -> MemoryRecorder:
        copy = MemoryRecorder()
        for events, kwargs in self.inserted:
            copy.insert_events(events, **kwargs)
        return copy


class LogStore:
    """While it is ``away`` it answers nobody."""

    def __init__(self, recorders: dict[str, MemoryRecorder], clock: Clock) -> None:
        self.recorders = recorders
        self.away_until = 0.0
        self._clock = clock

    def opener(self, process: Process) -> Callable[[str], LogRecorder]:
        def opened(log: str) -> LogRecorder:
            reached: Any = Reached(self, process, self.recorders[log])
            return reached  # type: ignore[no-any-return]

        return opened

    def require_there(self) -> None:
        if self.away_until > self._clock.now:
            self._clock.sleep(PATIENCE_SECONDS)
            raise lost()


class Reached:
    """A recorder by way of a process's connection."""

    def __init__(self, store: LogStore, process: Process, recorder: MemoryRecorder) -> None:
        self._store, self._process, self._recorder = store, process, recorder

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._recorder, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._store.require_there()
            return self._process.call(lambda: method(*args, **kwargs), error=lost, is_write=name.startswith("insert"))

        # The next call finds it without looking.
        setattr(self, name, call)
        return call


def lost() -> OperationalError:
    return OperationalError("the connection broke")
