"""A real Kafka that asks for TLS and a password, and errors that name the setting at fault."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cluster.artifacts import cache_folder
from infra.cluster.failures import Missing
from infra.cluster.kafka import SETTINGS, Kafka
from infra.cluster.ports import LOOPBACK, choose_ports
from infra.cluster.starting import await_answer, launch, untold
from infra.cluster_everbook import ClusterEverbook
from infra.kafka.connection import KafkaRefuses, connection_of
from infra.kafka.topics import Topics, ensure_topics
from infra.settings import BadSetting, Settings
from tests.servers import REQUIRED, needs_servers
from tests.tls import Authority

START_SECONDS = 120.0
STOP_SECONDS = 20.0
SECURE = """
listeners=PLAINTEXT://{host}:{kafka},CONTROLLER://{host}:{controller},SASL_SSL://{host}:{secure}
advertised.listeners=PLAINTEXT://{host}:{kafka},SASL_SSL://{host}:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_anna="open";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""  # noqa: E501


class SecureKafka(Kafka):
    """The cluster's own, with one more listener."""

    ports: tuple[str, ...] = ("kafka", "controller", "secure")

    def __init__(self, keystore: Path) -> None:
        self._keystore = keystore

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        text = (SETTINGS + SECURE).format(host=LOOPBACK, home=home, keystore=self._keystore, **ports)
        chosen = dict(line.split("=", 1) for line in text.splitlines() if line)
        (home / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of its listener."""
    home = tmp_path_factory.mktemp("secure-kafka")
    certificate, key = authority.issue("broker")
    keystore = home / "keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
    server = SecureKafka(keystore)
    ports = choose_ports(server.ports, {}, {})
    try:
        state = launch(server, home, ports, cache_folder(), untold)
    except Missing as error:
        if REQUIRED:
            raise
        pytest.skip(f"no server: {error}")
    assert state.process is not None
    try:
        await_answer(server, home, state, START_SECONDS, threading.Event())
        yield f"{LOOPBACK}:{ports['secure']}"
    finally:
        state.process.send(signal.SIGTERM)
        if not state.process.wait(STOP_SECONDS):
            state.process.send(signal.SIGKILL)
            state.process.wait(STOP_SECONDS)


def settings(secure: str, authority: Authority, **more: Any) -> Settings:
    return Settings(**{
        "kafka_bootstrap": secure, "kafka_security_protocol": "SASL_SSL", "kafka_ca_file": str(authority.file),
        "kafka_sasl_mechanism": "PLAIN", "kafka_username": "anna", "kafka_password": "open", **more,
    })


@needs_servers
def test_topics_are_made_and_records_sent_through_tls_with_a_password(secure: str, authority: Authority) -> None:
    connection = connection_of(settings(secure, authority))
    connection.require_let_in()
    topics = Topics("secured", 1)
    ensure_topics(connection.admin(), topics, reply_partitions=1)
    sent: list[object] = []
    producer = connection.producer({})
    producer.produce(topics.commands, b"x", partition=0, on_delivery=lambda error, _message: sent.append(error))
    producer.flush(30)
    assert sent == [None]
    consumer = connection.consumer("reader", {})
    consumer.subscribe([topics.commands])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.value() == b"x"


@needs_servers
@pytest.mark.parametrize(("wrong", "said"), [
    ({"kafka_password": "wrong"}, "EVERBOOK_KAFKA_USERNAME and EVERBOOK_KAFKA_PASSWORD"),
    ({"kafka_sasl_mechanism": "SCRAM-SHA-256"}, "EVERBOOK_KAFKA_SASL_MECHANISM"),
])
def test_a_wrong_password_is_refused_by_the_settings_name(
    secure: str, authority: Authority, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(KafkaRefuses, match=said):
        connection_of(settings(secure, authority, **wrong)).require_let_in()


@needs_servers
def test_a_broker_that_another_authority_signed_is_refused_by_the_settings_name(
    secure: str, authority: Authority, tmp_path: Path
) -> None:
    theirs = Authority(tmp_path, "theirs")
    with pytest.raises(KafkaRefuses, match="not trusted: EVERBOOK_KAFKA_CA_FILE"):
        connection_of(settings(secure, authority, kafka_ca_file=str(theirs.file))).require_let_in()


def test_a_value_that_the_client_does_not_know_is_refused_by_the_settings_name() -> None:
    with pytest.raises(BadSetting, match=r"EVERBOOK_KAFKA_…: .*EVERBOOK_KAFKA_SECURITY_PROTOCOL"):
        connection_of(Settings(kafka_bootstrap="127.0.0.1:1", kafka_security_protocol="TLS"))


@pytest.mark.parametrize(("protocol", "unused"), [
    ("", "EVERBOOK_KAFKA_CA_FILE"), ("SASL_PLAINTEXT", "EVERBOOK_KAFKA_CA_FILE"),
    ("SSL", "EVERBOOK_KAFKA_SASL_MECHANISM, EVERBOOK_KAFKA_USERNAME, EVERBOOK_KAFKA_PASSWORD"),
])
def test_what_would_not_be_used_is_refused_and_nothing_goes_on_in_the_open(
    authority: Authority, protocol: str, unused: str
) -> None:
    with pytest.raises(BadSetting, match=f"EVERBOOK_KAFKA_SECURITY_PROTOCOL must be .* for {unused} to be used"):
        connection_of(settings("127.0.0.1:1", authority, kafka_security_protocol=protocol))


@needs_servers
def test_a_worker_of_read_models_that_is_refused_ends_with_the_settings_name(
    secure: str, authority: Authority, tmp_path: Path
) -> None:
    wrong = settings(secure, authority, kafka_password="wrong", data=tmp_path, pepper="salt")
    with ClusterEverbook(wrong) as opened, pytest.raises(
        KafkaRefuses, match=r"EVERBOOK_KAFKA_BOOTSTRAP=.*EVERBOOK_KAFKA_USERNAME and EVERBOOK_KAFKA_PASSWORD"
    ):
        opened.following_worker()
