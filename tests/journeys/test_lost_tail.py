"""Kafka comes back without the end of a topic: a sender that had written it goes on."""

import signal

from confluent_kafka.cimpl import NewTopic

from faults.evidence import records_of
from faults.servers import cut
from infra.cluster import Cluster
from infra.kafka.connection import Connection
from infra.kafka.sender import Sender
from tests.servers import needs_servers

pytestmark = needs_servers
TOPIC = "events"


def test_a_sender_goes_on_after_the_end_of_its_topic_was_lost(own_kafka: Cluster) -> None:
    connection = Connection({"bootstrap.servers": own_kafka.endpoints["kafka"]})
    admin = connection.admin()
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)
    sender = Sender(connection, {"linger.ms": 0, "message.timeout.ms": 0})
    for number in range(10):
        sender.send(TOPIC, 0, b"%d" % number)
        sender.flush(30)
    process = own_kafka.process("kafka")
    assert process is not None
    process.send(signal.SIGKILL)
    assert process.wait(30)
    assert cut(own_kafka.data / "kafka" / "data" / f"{TOPIC}-0" / f"{0:020}.log", 4) == 4
    own_kafka.up()
    told: list[object] = []
    sender.send(TOPIC, 0, b"too early", on_delivery=lambda error, _message: told.append(error))
    sender.flush(60)
    # It was refused, and whoever sent it was told: the broker lacks what this producer had it take.
    assert [error is None for error in told] == [False]
    sender.send(TOPIC, 0, b"after")
    sender.close(30)
    values = [each.value() for each in records_of(connection, TOPIC, 0)]
    assert values == [*(b"%d" % number for number in range(6)), b"after"]
