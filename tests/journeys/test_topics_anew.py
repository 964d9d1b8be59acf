"""Topics made anew after Kafka was restarted: their leader epochs begin again, below those that clients have seen."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from infra.cluster import Cluster
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.topics import topic_id_of
from tests.decided import Decided, wait_until
from tests.servers import needs_servers

pytestmark = needs_servers


@pytest.fixture
def ledger(own_kafka: Cluster, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(own_kafka.endpoints["kafka"], tmp_path)
    decided.ensure_topics()
    yield decided
    decided.close()


@pytest.fixture(params=["seen before", "taken over before it is seen"])
def when(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a log is taken over between the moment its topic is made anew and the one when its worker sees that."""
    look = LedgerWorker._look

    def takes_over_first(self: LedgerWorker) -> None:
        topic_id = None
        # While it is started again Kafka does not tell.
        with suppress(KafkaException):
            topic_id = topic_id_of(self._admin, self._topics.commands)
        if topic_id not in {None, self._topic_id}:
            for partition in self._owners.keys() - self._waiting.keys():
                self._wait(partition, 0.0)
            self._take_over_waiting()
        look(self)

    if request.param != "seen before":
        monkeypatch.setattr(LedgerWorker, "_look", takes_over_first)


@pytest.mark.usefixtures("when")
def test_commands_and_events_made_anew_after_a_restart_are_read_and_published_again(
    own_kafka: Cluster, ledger: Decided
) -> None:
    with ledger.worker() as worker, ledger.gate() as gate:
        outcomes = list(gate.submit([ledger.book("T1")]).result())
        _restart(own_kafka)
        outcomes += gate.submit([ledger.book("T2")]).result()
        # Whoever decides has read both topics under the later epoch.
        ledger.require_published()
        ledger.make_anew(ledger.topics.commands)
        wait_until(lambda: len(worker.owned()) == ledger.topics.ledgers + 2)
        outcomes += gate.submit([ledger.book("T3")]).result()
        ledger.make_anew(ledger.topics.events_of("ledger-0")[0])
        outcomes += gate.submit([ledger.book("T4")]).result()
        # Whoever takes over looks for what was published last, in a topic that it has seen under a later epoch.
        ledger.make_anew(ledger.topics.commands)
        outcomes += gate.submit([ledger.book("T5")]).result()
        ledger.require_once(outcomes)
        ledger.require_published()


def _restart(own_kafka: Cluster) -> None:
    process = own_kafka.process("kafka")
    assert process is not None
    process.send(signal.SIGKILL)
    assert process.wait(30)
    own_kafka.up()
