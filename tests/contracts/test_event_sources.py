"""The worker on each source of events: the logs themselves, and Kafka as badly as it may behave."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.event_source import EventSource, FeedStopped, PolledLogs
from infra.kafka.event_feed import KafkaEventFeed
from infra.logs import CommandedLogs
from infra.reflected import wait_until_reflected
from tests.contracts.event_source_contract import (
    LONGEST_SECONDS,
    EventSourceContract,
    SlowReadModels,
    assert_rebuilt_equal,
    cut,
    reflect,
    until,
)
from tests.feeds import SOON, Topics, busy, tails, topics_of


class TestPolledLogs(EventSourceContract):
    def source(self, recorders: Mapping[str, Any] | None = None, group: str = "workers") -> EventSource:  # noqa: ARG002
        return PolledLogs(recorders or {})

    def publish(self) -> None:
        pass


class TestKafka(EventSourceContract):
    topics: Topics

    @pytest.fixture(autouse=True)
    def _on_topics(self, kafka: str, logs: CommandedLogs) -> Iterator[None]:
        with topics_of(kafka, logs) as self.topics:
            yield

    def source(self, recorders: Mapping[str, Any] | None = None, group: str = "workers") -> KafkaEventFeed:
        return self.topics.feed(group, **({"recorders": recorders} if recorders else {}))

    def publish(self) -> None:
        """As an owner that takes over does it: once more from somewhere before."""
        self.topics.publish_all()

    def test_gaps_repeats_and_disorder_change_nothing(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        chance = random.Random(5)
        with self.working(logs, store) as worker:
            for log, last in tails(logs).items():
                for _ in range(3):
                    some = [sequence for sequence in range(1, last + 1) if chance.random() < 0.6]
                    chance.shuffle(some)
                    self.topics.publish(log, some)
            reflect(logs, store)
            assert worker.filled > 0
        assert_rebuilt_equal(logs, store)

    def test_a_feed_without_loss_asks_the_log_for_nothing(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        self.topics.look_seconds = LONGEST_SECONDS
        self.publish()
        with self.working(logs, store) as worker:
            reflect(logs, store)
            assert worker.filled == 0

    def test_a_lost_tail_is_noticed_and_later_repeats_are_dropped(
        self, logs: CommandedLogs, store: SlowReadModels
    ) -> None:
        last = tails(logs)["ledger-1"]
        for log in logs.recorders:
            self.topics.publish(log, range(1, tails(logs)[log] - 3))
        with self.working(logs, store) as worker:
            reflect(logs, store)
            assert worker.ahead >= 4
            assert worker.filled == 0
            before = worker.events
            self.topics.publish("ledger-1", range(last - 10, last + 1))
            busy(logs, 100, 2)
            reflect(logs, store)
            assert worker.events - before == sum(tails(logs).values()) - before
        assert_rebuilt_equal(logs, store)

    def test_offsets_follow_what_is_reflected_and_a_wrong_one_does_no_harm(
        self, logs: CommandedLogs, store: SlowReadModels
    ) -> None:
        self.topics.look_seconds = LONGEST_SECONDS
        self.publish()
        with self.working(logs, store):
            reflect(logs, store)
        assert self.topics.committed("workers") == tails(logs)
        self.topics.look_seconds = SOON
        self.topics.commit("workers", {log: last // 2 for log, last in tails(logs).items()})
        busy(logs, 100, 5)
        for log, last in tails(logs).items():
            self.topics.publish(log, range(last - 2, last + 1))
        with self.working(logs, store):
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_topics_of_another_ledger_stop_the_log_and_say_so(
        self, logs: CommandedLogs, store: SlowReadModels
    ) -> None:
        self.topics.look_seconds = LONGEST_SECONDS
        self.topics.publish("reference")
        self.topics.publish("ledger-1", ledger_id="another-ledger")
        with self.working(logs, store) as worker:
            assert wait_until_reflected(store, ["audit"], {"reference": tails(logs)["reference"]}, LONGEST_SECONDS)
            until(lambda: worker.trouble.startswith(FeedStopped.__name__))
            assert "ledger-1" in worker.trouble
            assert store.reflected("audit", "ledger-1") == 0

    def test_what_a_log_lost_is_not_taken_from_the_feed(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        last = tails(logs)["ledger-1"]
        self.topics.publish("ledger-1", [*range(1, last - 3), last])
        shorter = cut(logs.recorders["ledger-1"], last - 4)
        with self.working(logs, store, recorders={"ledger-1": shorter}) as worker:
            until(lambda: worker.trouble.startswith(FeedStopped.__name__))
            assert f"ledger-1:{last}" in worker.trouble
        assert store.reflected("audit", "ledger-1") == last - 4
