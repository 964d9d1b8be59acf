"""Where Kafka is, and how this process speaks with it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from infra.kafka.settings import KafkaSettings
from infra.store_settings import BadSetting, variable
from infra.tls import Tls

LARGEST_RECORD = 8_388_608
NEVER_COMMITS = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": False}
NOTHING_LOST = {"enable.idempotence": True, "acks": "all", "message.max.bytes": LARGEST_RECORD}
# While a broker is away the client library would write a line a second for every connection; we say it once.
QUIET = {"log_level": 0}
# A topic that was made because somebody asked about it would have the broker's number of partitions.
CREATES_NOTHING = {"allow.auto.create.topics": False}
ANSWER_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.5
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

_USED_WITH = {
    ("SSL", "SASL_SSL"): ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file"),
    ("SASL_SSL", "SASL_PLAINTEXT"): ("kafka_sasl_mechanism", "kafka_username", "kafka_password"),
}


class KafkaFails(ConnectionError):
    """Kafka does not answer, or not as it should; the message names the setting that says where it is."""


class KafkaRefuses(KafkaFails):
    """Kafka does not let us in; the message names the settings that decide it."""


class Connection(msgspec.Struct, frozen=True):
    """``options`` are those of the client library that every client needs."""

    options: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where Kafka is, by the setting that says so."""
        return f"Kafka at {variable('kafka_bootstrap')}={self.options['bootstrap.servers']}"

    def failure(self, error: KafkaException) -> KafkaFails:
        """What the client library raised, said so that somebody can mend it."""
        return KafkaFails(f"{self.place}: {error.args[0].str()} ({error.args[0].name()})")

    def admin(self, on_error: Callable[[KafkaError], None] = lambda _error: None) -> AdminClient:
        options: dict[str, Any] = {**self.options, **QUIET, **CREATES_NOTHING, "error_cb": on_error}
        return AdminClient(options)

    def require_let_in(
        self, seconds: float = ANSWER_SECONDS, *, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """That Kafka answers us, or that nobody wants to know any more: the client library would go on trying for ever,
        whatever it is refused for.

        Raises:
            KafkaRefuses: as soon as it is known why not.
            KafkaFails: when it does not answer in time.
        """
        said: list[KafkaError] = []
        admin = self.admin(on_error=said.append)
        deadline = time.monotonic() + seconds
        while not stopping():
            try:
                admin.list_topics(timeout=LOOK_AGAIN_SECONDS)
            except KafkaException as error:
                admin.poll(0)
                if told := refusal_in(said):
                    raise KafkaRefuses(f"{self.place}: {told}") from None
                if time.monotonic() > deadline:
                    raise self.failure(error) from error
            else:
                return

    def producer(self, options: Mapping[str, Any]) -> Producer:
        """A producer that loses and doubles nothing it has taken, and keeps the order of each partition."""
        return Producer({**self.options, **QUIET, **NOTHING_LOST, **options})

    def consumer(self, group: str, options: Mapping[str, Any]) -> Consumer:
        """A consumer that commits no offset unless ``options`` say so: where it goes on is known elsewhere."""
        return Consumer({**self.options, **QUIET, **CREATES_NOTHING, **NEVER_COMMITS, "group.id": group, **options})


def connection_of(settings: KafkaSettings) -> Connection:
    """The connection that is set by ``EVERBOOK_KAFKA_…``.

    Raises:
        BadSetting: when something is set that would not be used, the client library does not know a value, or a file
            cannot be used.
    """
    _require_used(settings)
    given = {option: getattr(settings, name) for name, option in _OPTIONS.items() if getattr(settings, name)}
    connection = Connection({"bootstrap.servers": settings.kafka_bootstrap, **given})
    try:
        connection.admin()
    except (KafkaException, ValueError) as error:
        raise BadSetting(f"EVERBOOK_KAFKA_…: {_by_setting(str(error))}") from error
    return connection


def refusal_in(said: Sequence[KafkaError]) -> str:
    """Why Kafka does not let us in, of what the client library said; "" when that is not why it does not answer."""
    return next(filter(None, map(_told, said)), "")


def _require_used(settings: KafkaSettings) -> None:
    """Without its protocol the client library would go on in the open, and say nothing."""
    for protocols, names in _USED_WITH.items():
        unused = [variable(name) for name in names if getattr(settings, name)]
        if unused and settings.kafka_security_protocol.upper() not in protocols:
            raise BadSetting(
                f"{variable('kafka_security_protocol')} must be {' or '.join(protocols)} for {', '.join(unused)} to be "
                "used"
            )


def _told(error: KafkaError) -> str:
    text = error.str()
    if error.code() == KafkaError._AUTHENTICATION:
        return (
            f"it does not take {variable('kafka_username')} and {variable('kafka_password')}, or not by "
            f"{variable('kafka_sasl_mechanism')} ({text})"
        )
    if error.code() == KafkaError._SSL:
        return Tls("kafka").told(text) or (
            f"{variable('kafka_security_protocol')}, {variable('kafka_ca_file')} or "
            f"{variable('kafka_certificate_file')} does not fit it ({text})"
        )
    return ""


def _by_setting(text: str) -> str:
    """A message of the client library in the names of our settings."""
    for setting, option in _OPTIONS.items():
        text = text.replace(option, variable(setting))
    return text

