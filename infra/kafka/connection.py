"""Where Kafka is, and how this process speaks with it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from infra.kafka.settings import KafkaSettings

LARGEST_RECORD = 8_388_608
NEVER_COMMITS = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": False}
NOTHING_LOST = {"enable.idempotence": True, "acks": "all", "message.max.bytes": LARGEST_RECORD}
_OPTIONS = {
    "kafka_security_protocol": "security.protocol",
    "kafka_ca_file": "ssl.ca.location",
    "kafka_certificate_file": "ssl.certificate.location",
    "kafka_key_file": "ssl.key.location",
    "kafka_key_password": "ssl.key.password",
    "kafka_sasl_mechanism": "sasl.mechanism",
    "kafka_username": "sasl.username",
    "kafka_password": "sasl.password",
}


class Connection(msgspec.Struct, frozen=True):
    """``options`` are those of the client library that every client needs."""

    options: Mapping[str, str]

    def admin(self) -> AdminClient:
        return AdminClient(dict(self.options))

    def producer(self, options: Mapping[str, Any]) -> Producer:
        """A producer that loses and doubles nothing it has taken, and keeps the order of each partition."""
        return Producer({**self.options, **NOTHING_LOST, **options})

    def consumer(self, group: str, options: Mapping[str, Any]) -> Consumer:
        """A consumer that commits no offset unless ``options`` say so: where it goes on is known elsewhere."""
        return Consumer({**self.options, **NEVER_COMMITS, "group.id": group, **options})


def connection_of(settings: KafkaSettings) -> Connection:
    """The connection that is set by ``EVERBOOK_KAFKA_…``."""
    given = {option: getattr(settings, name) for name, option in _OPTIONS.items() if getattr(settings, name)}
    return Connection({"bootstrap.servers": settings.kafka_bootstrap, **given})

