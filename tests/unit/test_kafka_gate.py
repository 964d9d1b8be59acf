"""The gate of a cluster, in the simulated one: whatever befalls it, nobody waits for ever."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from eventsourcing.persistence import StoredEvent

from domain.admission import NotDecidedYet, OutcomeUnknown
from domain.commands import RecordPrice
from domain.outcomes import Outcome
from infra.kafka.gate import KafkaGate
from infra.kafka.replies import Reply
from tests.decided import by_key
from tests.rules import booking
from tests.simulation.cluster import Cluster, cluster
from tests.simulation.slots import ANSWER_SECONDS


@pytest.fixture
def simulated() -> Iterator[Cluster]:
    """A later version of Everbook wrote what this one does not know."""
    with cluster() as simulated:
        simulated.recorders["reference"].insert_events([StoredEvent("book:NEW", 1, "of.a.later.version.v9", b"{}")])
        yield simulated


def test_who_waits_is_told_though_the_reference_log_cannot_be_read_by_this_version(simulated: Cluster) -> None:
    gate: KafkaGate = simulated.gates[0].running
    promise = gate.submit([by_key(booking("T1"))])
    simulated.clock.sleep(ANSWER_SECONDS + 1)
    gate.look()
    assert isinstance(promise.exception(0), OutcomeUnknown)


def test_a_reply_is_heard_though_the_reference_log_cannot_be_read_by_this_version(simulated: Cluster) -> None:
    gate: KafkaGate = simulated.gates[0].running
    promise = gate.submit([by_key(booking("T1"))])
    (pending,) = gate._in_flight.older_than(simulated.clock.now + 1)
    outcome = Outcome(
        status="accepted", source="api", command_id="book-T1", log="reference",
        sequence=simulated.recorders["reference"].max_notification_id() or 0, count=1,
    )
    gate._take(Reply(pending.correlation, 0, (outcome,)))
    assert promise.result(0) == [outcome]


def test_of_what_waits_for_its_turn_nobody_says_that_kafka_has_not_confirmed_it(simulated: Cluster) -> None:
    gate: KafkaGate = simulated.gates[0].running
    price = RecordPrice(command_id="p", instrument="SAN", price=Decimal(1))
    # Prices are decided before the trades that come after them.
    promise = gate.submit([by_key(price), by_key(booking("T1"))])
    gate.hear()
    simulated.clock.sleep(ANSWER_SECONDS + 1)
    gate.look()
    assert isinstance(promise.exception(0), NotDecidedYet)
