"""A broker in memory: topics with an id, partitions with offsets, groups that share partitions out."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from random import Random
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

Headers = Sequence[tuple[str, Any]]
At = tuple[str, int]


class Record:
    """As much of ``confluent_kafka.Message`` as the product reads."""

    def __init__(
        self, at: At, offset: int | None, value: bytes | None = None, key: Any = None, *, headers: Headers = (),
        error: KafkaError | None = None,
    ) -> None:
        self._at, self._offset, self._value, self._headers, self._error = at, offset, value, headers, error
        self._key = key.encode() if isinstance(key, str) else key

    def topic(self) -> str:
        return self._at[0]

    def partition(self) -> int:
        return self._at[1]

    def offset(self) -> int | None:
        return self._offset

    def value(self) -> bytes | None:
        return self._value

    def key(self) -> bytes | None:
        return self._key

    def headers(self) -> list[tuple[str, Any]]:
        return list(self._headers)

    def error(self) -> KafkaError | None:
        return self._error


class Topic:
    def __init__(self, number: int, partitions: int) -> None:
        self.topic_id = f"id-{number}"
        self.partitions: list[list[Record]] = [[] for _ in range(partitions)]
        self.was_cut = False


class Group:
    """Who of the members holds which partition, and who is to hold it; members learn of it when they poll."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self.members: list[Any] = []
        self.topics: list[str] = []
        self.holders: dict[At, Any] = {}
        self.wanted: dict[Any, list[At]] = {}
        self.committed: dict[At, int] = {}

    def join(self, member: Any, topics: Sequence[str]) -> None:
        self.members.append(member)
        self.topics = [*topics]
        self.share_out()

    def leave(self, member: Any) -> None:
        """It left, or was silent for too long: what it held is free, whatever it believes."""
        if member in self.members:
            self.members.remove(member)
        self.holders = {at: holder for at, holder in self.holders.items() if holder is not member}
        self.share_out()

    def share_out(self, random: Random | None = None) -> None:
        """Evenly; each keeps what it has where that is possible, unless it is shuffled."""
        partitions = [at for topic in self.topics for at in self._broker.partitions_of(topic)]
        wanted: dict[Any, list[At]] = {member: [] for member in self.members}
        left = []
        for at in partitions:
            kept = wanted.get(self.holders.get(at))
            if random is None and kept is not None and len(kept) < -(-len(partitions) // len(wanted)):
                kept.append(at)
            else:
                left.append(at)
        if random is not None:
            random.shuffle(left)
        for at in left if wanted else ():
            min(wanted.values(), key=len).append(at)
        self.wanted = wanted


class Broker:
    """``on_record`` is told of every record that arrives; while it is ``away`` it answers nobody."""

    def __init__(self, on_record: Callable[[Record], None] = lambda _record: None) -> None:
        self.topics: dict[str, Topic] = {}
        self.groups: dict[str, Group] = {}
        self.producers: list[Any] = []
        self.away_until = 0.0
        self._numbers = count(1)
        self._on_record = on_record

    def create(self, topic: str, partitions: int) -> None:
        self.topics[topic] = Topic(next(self._numbers), partitions)
        self._share_out(topic)

    def delete(self, topic: str) -> None:
        del self.topics[topic]
        self._share_out(topic)

    def make_anew(self, topic: str) -> None:
        """So fast that no member sees it missing: another topic of the same name."""
        self.topics[topic] = Topic(next(self._numbers), len(self.topics[topic].partitions))

    def cut(self, at: At, left: int) -> None:
        """The leader lost the tail of a partition."""
        if at in self.partitions_of(at[0]):
            del self.topics[at[0]].partitions[at[1]][left:]
            self.topics[at[0]].was_cut = True

    def partitions_of(self, topic: str) -> list[At]:
        return [(topic, number) for number in range(len(self.topics[topic].partitions))] if topic in self.topics else []

    def records(self, at: At) -> list[Record] | None:
        """None when there is no such partition."""
        return self.topics[at[0]].partitions[at[1]] if at in self.partitions_of(at[0]) else None

    def append(self, at: At, value: bytes | None, key: Any, headers: Headers) -> int | None:
        """The offset; None when there is no such partition."""
        records = self.records(at)
        if records is None:
            return None
        record = Record(at, len(records), value, key, headers=headers)
        self._on_record(record)
        records.append(record)
        return len(records) - 1

    def group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group(self))

    def _share_out(self, topic: str) -> None:
        for group in self.groups.values():
            if topic in group.topics:
                group.share_out()


def ats(partitions: Iterable[TopicPartition]) -> list[At]:
    return [(each.topic, each.partition) for each in partitions]
