"""The topics of one ledger: their names, which partition is whose, and their creation."""

import contextlib
import time

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from domain.routing import MARKET, REFERENCE, log_names
from infra.kafka.connection import LARGEST_RECORD

ANSWER_SECONDS = 30.0
LOOK_SECONDS = 5.0
APPEAR_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.1
WEEK = 7 * 24 * 3_600_000
HOUR = 3_600_000
BROKERS_CHOICE = -1
FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}


class WrongTopic(Exception):
    """A topic is there that is not what this ledger needs; the message says what is wrong with it."""


class Topics(msgspec.Struct, frozen=True):
    """``ledgers`` is the number of ledger logs, for ever."""

    prefix: str
    ledgers: int

    @property
    def commands(self) -> str:
        return f"{self.prefix}.commands"

    @property
    def replies(self) -> str:
        return f"{self.prefix}.replies"

    def partition_of(self, log: str) -> int:
        """The partition of the commands topic whose owner owns ``log``."""
        others = {REFERENCE: self.ledgers, MARKET: self.ledgers + 1}
        return others[log] if log in others else int(log.removeprefix("ledger-"))

    def log_of(self, partition: int) -> str:
        """The log of a partition of the commands topic."""
        return (*log_names(self.ledgers)[2:], REFERENCE, MARKET)[partition]

    def events_of(self, log: str) -> tuple[str, int]:
        """The topic and partition where the events of ``log`` are published."""
        if log in (REFERENCE, MARKET):
            return f"{self.prefix}.{log}", 0
        return f"{self.prefix}.events", self.partition_of(log)

    def partitions(self) -> dict[str, int]:
        """How many partitions each topic has whose number means something."""
        return {
            self.commands: self.ledgers + 2, f"{self.prefix}.events": self.ledgers,
            f"{self.prefix}.{REFERENCE}": 1, f"{self.prefix}.{MARKET}": 1,
        }


def ensure_topics(
    admin: AdminClient, topics: Topics, *, reply_partitions: int, replication: int | None = None
) -> int:
    """Makes every topic that is missing, whoever else does so at the same time, and waits until all are there; how many
    partitions the topic of replies has, which was perhaps made with another setting.

    Raises:
        WrongTopic: when one is there with another number of partitions.
        KafkaException: when Kafka does not answer.
    """
    wanted = {**topics.partitions(), topics.replies: reply_partitions}
    present = admin.list_topics(timeout=ANSWER_SECONDS).topics
    missing = [
        NewTopic(name, count, BROKERS_CHOICE if replication is None else replication, config=_config(topics, name))
        for name, count in wanted.items() if name not in present
    ]
    if missing:
        for made in admin.create_topics(missing, operation_timeout=ANSWER_SECONDS).values():
            _unless_there(made)
    return _wait_for(admin, topics, tuple(wanted))


def delete_topics(admin: AdminClient, topics: Topics) -> None:
    """Deletes every topic of a ledger, and what its groups of workers committed.

    Raises:
        KafkaException: when Kafka does not do so.
    """
    present = admin.list_topics(timeout=ANSWER_SECONDS).topics
    if names := [name for name in (*topics.partitions(), topics.replies) if name in present]:
        for deleted in admin.delete_topics(names, operation_timeout=ANSWER_SECONDS).values():
            deleted.result()
    listed = admin.list_consumer_groups(request_timeout=ANSWER_SECONDS).result().valid
    # Not all that begins with the prefix: another ledger's may begin with this one's and a dot.
    ours = (f"{topics.prefix}.ledger.", f"{topics.prefix}.projections.")
    if groups := [each.group_id for each in listed if f"{each.group_id}.".startswith(ours)]:
        for deleted in admin.delete_consumer_groups(groups, request_timeout=ANSWER_SECONDS).values():
            # Of a member that did not leave, Kafka still waits to hear; without topics its group is soon forgotten.
            with contextlib.suppress(KafkaException):
                deleted.result()


def topic_id_of(admin: AdminClient, topic: str) -> str | None:
    """What tells a topic from an earlier one of the same name; None when there is none.

    Raises:
        KafkaException: when Kafka does not answer soon.
    """
    try:
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=LOOK_SECONDS)[topic].result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    return str(described.topic_id)


def _config(topics: Topics, name: str) -> dict[str, str]:
    config = {"cleanup.policy": "delete", "max.message.bytes": str(LARGEST_RECORD)}
    if name == topics.replies:
        return {**config, "retention.ms": str(HOUR)}
    return {**config, "retention.ms": str(WEEK)} if name == topics.commands else {**config, **FOR_EVER}


def _unless_there(made: "object") -> None:
    try:
        made.result()  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _wait_for(admin: AdminClient, topics: Topics, names: tuple[str, ...]) -> int:
    deadline = time.monotonic() + APPEAR_SECONDS
    while True:
        present = admin.list_topics(timeout=ANSWER_SECONDS).topics
        if all(name in present and present[name].partitions for name in names):
            break
        if time.monotonic() > deadline:
            raise WrongTopic(f"{', '.join(sorted(set(names) - present.keys()))} did not appear")
        time.sleep(LOOK_AGAIN_SECONDS)
    for name, count in topics.partitions().items():
        if len(present[name].partitions) != count:
            raise WrongTopic(f"{name} has {len(present[name].partitions)} partitions; this ledger needs {count}")
    return len(present[topics.replies].partitions)
