import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from tests.contracts.log_recorder_contract import stored


@pytest.fixture(params=["memory", "sqlite"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryRecorder()
        return
    engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
    yield SqlRecorder(engine, "log")
    engine.dispose()


def test_it_begins_after_what_was_seen(recorder: Any) -> None:
    recorder.insert_events([stored(f"trade:{number}") for number in range(5)])
    with recorder.subscribe(gt=3) as subscription:
        assert [next(subscription).id for _ in range(2)] == [4, 5]
    with recorder.subscribe() as subscription:
        assert next(subscription).id == 1


def test_it_gives_only_the_topics_that_were_asked_for(recorder: Any) -> None:
    recorder.insert_events([StoredEvent(f"trade:{number}", 1, kind, b"{}") for number, kind in enumerate("abacb")])
    with recorder.subscribe(topics=("b",)) as subscription:
        assert [next(subscription).id for _ in range(2)] == [2, 5]


def test_every_event_comes_once_and_in_order_while_others_write(recorder: Any) -> None:
    def write(name: str) -> None:
        for number in range(60):
            recorder.insert_events([stored(f"{name}:{number}-{place}") for place in range(number % 3 + 1)])

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    total = 3 * sum(number % 3 + 1 for number in range(60))
    with recorder.subscribe() as subscription:
        for writer in writers:
            writer.start()
        assert [next(subscription).id for _ in range(total)] == list(range(1, total + 1))
    for writer in writers:
        writer.join()


def test_it_is_woken_when_its_own_process_writes(recorder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.subscription.LOOK_AGAIN_SECONDS", 60)
    with recorder.subscribe() as subscription, ThreadPoolExecutor(1) as pool:
        for number in range(20):
            arrived = pool.submit(next, subscription)
            time.sleep(0.005 * (number % 2))
            recorder.insert_events([stored(f"trade:{number}")])
            assert arrived.result(10).id == number + 1


def test_it_sees_what_comes_through_another_connection(tmp_path: Path) -> None:
    engines = [create_engine_for(f"sqlite:///{tmp_path / 'events.db'}") for _ in range(2)]
    reader, writer = (SqlRecorder(engine, "log") for engine in engines)
    with reader.subscribe() as subscription:
        for number in range(3):
            writer.insert_events([stored(f"trade:{number}")])
            assert next(subscription).id == number + 1
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("before", [True, False])
def test_it_is_stopped_from_another_thread_before_or_while_it_waits(recorder: Any, before: bool) -> None:
    subscription = recorder.subscribe()
    ended: list[Any] = []
    waiting = threading.Thread(target=lambda: ended.extend(subscription))
    if before:
        subscription.stop()
    waiting.start()
    if not before:
        time.sleep(0.05)
        subscription.stop()
    waiting.join(5)
    assert (waiting.is_alive(), ended) == (False, [])
    recorder.insert_events([stored()])
