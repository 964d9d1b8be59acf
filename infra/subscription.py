"""A subscription on any recorder: it reads on whenever there is more, woken at once in its own process."""

from collections import deque
from collections.abc import Sequence
from threading import Event

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

READ_AT_ONCE = 500
LOOK_AGAIN_SECONDS = 0.02


class Wakers:
    """The waiting subscriptions of one recorder in this process."""

    def __init__(self) -> None:
        self._events: set[Event] = set()

    def add(self, event: Event) -> None:
        self._events.add(event)

    def discard(self, event: Event) -> None:
        self._events.discard(event)

    def wake(self) -> None:
        for event in tuple(self._events):
            event.set()


class LogSubscription(Subscription[ApplicationRecorder]):
    """Other processes write too, so it looks again every twenty milliseconds; ``stop`` may come from any thread."""

    def __init__(
        self, recorder: ApplicationRecorder, wakers: Wakers, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._woken = Event()
        self._wakers = wakers
        self._ready: deque[Notification] = deque()
        wakers.add(self._woken)

    def stop(self) -> None:
        super().stop()
        self._wakers.discard(self._woken)
        self._woken.set()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._ready:
                return self._ready.popleft()
            self._woken.clear()
            self._read_on()
            if not self._ready:
                self._woken.wait(LOOK_AGAIN_SECONDS)
        raise StopIteration

    def _read_on(self) -> None:
        page = self._recorder.select_notifications(
            self._last_notification_id, READ_AT_ONCE, topics=self._topics, inclusive_of_start=False
        )
        if page:
            self._last_notification_id = page[-1].id
            self._ready.extend(page)
