"""What an API makes of what ledger workers say, and of a Kafka that does not answer: what lasts counts."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from infra.kafka.connection import Connection
from infra.kafka.deciders import Deciders
from infra.kafka.reach import LASTS_SECONDS
from infra.kafka.replies import Presence, Replies
from infra.kafka.topics import Topics

TOPICS = Topics("t", 1)
ALL = ("ledger-0", "reference", "market")
AWAY = KafkaException(KafkaError(KafkaError._TIMED_OUT))


class Heard(Deciders):
    """At times that are told to it."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__(Connection({"bootstrap.servers": "kafka:1"}), TOPICS, lambda: self.now)

    def hears(self, *decides: str, **trouble: str) -> str:
        self.reach.answered()
        self.hear(Presence(decides, {log.replace("_", "-"): why for log, why in trouble.items()}))
        return self.trouble()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_it_is_well_once_every_log_is_decided_by_somebody(heard: Heard) -> None:
    assert heard.trouble() == "Kafka was not asked yet"
    assert heard.undecided() == ALL
    heard.reach.answered()
    assert heard.trouble() == "no ledger worker decides for ledger-0, reference, market: start everbook work ledger"
    assert "decides for market" in heard.hears("ledger-0", "reference")
    assert heard.hears("market") == ""
    assert heard.undecided() == []


def test_a_silence_that_passes_does_not_count_and_one_that_lasts_does(heard: Heard) -> None:
    heard.hears(*ALL)
    heard.now += LASTS_SECONDS
    assert heard.hears("ledger-0") == ""
    heard.now += 1
    assert "decides for reference, market" in heard.trouble()
    assert heard.hears("reference", "market") == ""


def test_what_keeps_a_worker_from_deciding_is_said(heard: Heard) -> None:
    heard.hears(*ALL)
    heard.now += LASTS_SECONDS + 1
    assert heard.hears("reference", "market", ledger_0="OperationalError: HBase is away") == (
        "ledger-0: OperationalError: HBase is away"
    )
    assert heard.undecided() == ["ledger-0"]
    assert heard.hears("ledger-0") == ""


def test_a_kafka_that_is_away_for_long_is_named_by_its_setting(heard: Heard) -> None:
    heard.hears(*ALL)
    heard.now += LASTS_SECONDS - 1
    heard.reach.answered(AWAY)
    assert heard.trouble() == ""
    heard.now += 2
    assert "Kafka at EVERBOOK_KAFKA_BOOTSTRAP=kafka:1" in heard.trouble()
    assert heard.undecided() == ALL
    assert heard.hears(*ALL) == ""


def test_a_log_that_there_is_not_is_nobodys(heard: Heard) -> None:
    assert heard.hears(*ALL, "ledger-7") == ""


def test_whoever_asks_about_a_topic_does_not_make_it() -> None:
    # A broker inside the client library, which makes what is asked for, as brokers do by default.
    admin = Connection({"test.mock.num.brokers": "1"}).admin()
    for _ in range(2):
        admin.list_topics(TOPICS.commands, timeout=5)
    assert admin.list_topics(timeout=5).topics == {}


def test_presence_goes_to_the_partitions_that_there_are() -> None:
    sent: list[int] = []

    class Few:
        def send(self, _topic: str, partition: int, _value: bytes) -> None:
            if partition > 1:
                raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
            sent.append(partition)

    Replies(Few(), TOPICS.replies, 4).presence(Presence(ALL, {}))
    assert sent == [0, 1]
