"""Commands in by a real Kafka: outcomes come back, and every event goes out in sequence."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from domain.admission import NotOneLog, NotRecorded, OutcomeUnknown, QueueFull
from domain.batch import Unit
from domain.commands import DefineInstrument, IssueKey, RecordPrice, RollBusinessDate
from domain.events import TradeBooked, TransferReceived
from domain.identifiers import isin_of
from domain.schema import decode
from infra.kafka.gate import KafkaGate
from infra.kafka.topics import Topics, WrongTopic, ensure_topics
from infra.logs import submission_of
from tests.decided import REPLY_PARTITIONS, Decided, by_key, wait_until
from tests.rules import booking
from tests.trade_commands import moving


@pytest.fixture(scope="module")
def decided(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decided]:
    """Two ledger logs, decided by one worker."""
    ledger = Decided(kafka, tmp_path_factory.mktemp("decided"), 2)
    with ledger.worker():
        yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def gate(decided: Decided) -> Iterator[KafkaGate]:
    with decided.gate() as gate:
        yield gate


def test_a_command_comes_back_as_its_outcome_and_goes_out_as_its_events(decided: Decided, gate: KafkaGate) -> None:
    (outcome,) = gate.submit([decided.book("A1")]).result()
    assert (outcome.status, outcome.log, outcome.count, outcome.repeated) == ("accepted", "ledger-0", 1, False)
    decided.require_published()
    (record,) = [each for each in decided.records(*decided.topics.events_of("ledger-0")) if each.key() == b"trade:A1"]
    assert dict(record.headers() or []) == {
        "ledger": decided.logs.ledger_id.encode(), "log": b"ledger-0", "sequence": str(outcome.sequence).encode(),
        "type": b"trade.booked.v1", "version": b"1",
    }


def test_a_worker_answers_in_every_partition_that_there_is_for_replies(kafka: str, tmp_path: Path) -> None:
    ledger = Decided(kafka, tmp_path)
    made = 2 * REPLY_PARTITIONS
    admin = ledger.connection.admin()
    assert ensure_topics(admin, ledger.topics, reply_partitions=made, replication=1) == made
    with ledger.worker() as worker, ledger.gate() as gate:
        assert worker._replies.partitions == made
        wait_until(lambda: not gate.trouble())
        (outcome,) = gate.submit([ledger.book("A1")]).result()
        assert outcome.status == "accepted"
    ledger.close()


def test_a_repeat_gets_the_first_answer_and_other_content_is_a_conflict(decided: Decided, gate: KafkaGate) -> None:
    (first,) = gate.submit([decided.book("R1")]).result()
    (again,) = gate.submit([decided.book("R1")]).result()
    (conflict,) = gate.submit([decided.book("R1", quantity="11")]).result()
    assert (again.sequence, again.repeated) == (first.sequence, True)
    assert (conflict.status, conflict.code, conflict.count) == ("refused", "key-reused", 0)


def test_a_refusal_comes_back_with_its_code_and_is_recorded(decided: Decided, gate: KafkaGate) -> None:
    (outcome,) = gate.submit([decided.book("F1", counterparty="NOBODY")]).result()
    assert (outcome.status, outcome.code, outcome.field) == ("refused", "unknown-counterparty", "$.counterparty")
    assert gate.find_outcome("api", "book-F1") == outcome


def test_a_key_that_is_not_in_force_is_refused_by_the_owner(decided: Decided, gate: KafkaGate) -> None:
    (outcome,) = gate.submit([by_key(booking("K1", book=decided.books["ledger-0"]), "stranger")]).result()
    assert (outcome.status, outcome.code) == ("refused", "not-permitted")


def test_outcomes_of_many_commands_come_back_in_their_order(decided: Decided, gate: KafkaGate) -> None:
    submissions = [decided.book(f"M{n}", f"ledger-{n % 2}") for n in range(500)]
    outcomes = gate.submit(submissions).result()
    assert [outcome.command_id for outcome in outcomes] == [each.command.command_id for each in submissions]
    decided.require_once(outcomes)


def test_a_trade_sees_what_stands_before_it_in_its_request(decided: Decided, gate: KafkaGate) -> None:
    for number in range(10):
        name = f"NEW-{number}"
        instrument = DefineInstrument(
            command_id=f"define-{name}", instrument=name, name="New", isin=isin_of(f"FR00000099{number}"), mic="XPAR",
            cfi="ESVUFR", currency="EUR", issuer="NEW", calendar="XPAR",
        )
        outcomes = gate.submit([
            by_key(instrument), by_key(RecordPrice(command_id=f"price-{name}", instrument=name, price=Decimal(7))),
            *(decided.book(f"{name}-{n}", instrument=name, price="7") for n in range(20)),
        ]).result()
        assert [outcome.code for outcome in outcomes] == [""] * 22
        assert [outcome.log for outcome in outcomes[:3]] == ["reference", "market", "ledger-0"]


def test_an_atomic_unit_is_recorded_whole_or_not_at_all(decided: Decided, gate: KafkaGate) -> None:
    good, bad = decided.book("U1"), decided.book("U2", counterparty="NOBODY")
    refused = gate.submit([good, bad], atomic=True).result()
    assert [outcome.code for outcome in refused] == ["unit-refused", "unknown-counterparty"]
    assert gate.books_of("U1") == []
    accepted = gate.submit([decided.book("U3"), decided.book("U4")], atomic=True).result()
    assert [outcome.sequence for outcome in accepted] == [accepted[0].sequence, accepted[0].sequence + 1]
    with pytest.raises(NotOneLog):
        gate.submit([decided.book("U5"), decided.book("U6", "ledger-1")], atomic=True)


def test_a_dry_run_is_decided_and_leaves_nothing(decided: Decided, gate: KafkaGate) -> None:
    (tried,) = gate.submit([decided.book("D1")], dry_run=True).result()
    (refused,) = gate.submit([decided.book("D2", counterparty="NOBODY")], dry_run=True).result()
    assert (tried.status, refused.code) == ("accepted", "unknown-counterparty")
    assert gate.find_outcome("api", "book-D1") is None
    (outcome,) = gate.submit([decided.book("D1")]).result()
    assert (outcome.status, outcome.repeated) == ("accepted", False)


def test_a_sender_who_saw_more_of_the_reference_log_than_there_is_may_try_again(
    decided: Decided, gate: KafkaGate
) -> None:
    ahead = by_key(booking("S1", book=decided.books["ledger-0"], reference_sequence=1_000_000))
    with pytest.raises(NotRecorded, match="has not reached 1000000"):
        gate.submit([ahead]).result()
    assert gate.submit([decided.book("S1")]).result()[0].status == "accepted"


def test_what_another_process_writes_into_a_log_is_seen_and_published(decided: Decided, gate: KafkaGate) -> None:
    beside = decided.opened()
    for number in range(20):
        command = booking(f"P{number}", book=decided.books["ledger-0"])
        (other,) = beside.commit("ledger-0", [Unit((submission_of(command),))])
        (ours,) = gate.submit([decided.book(f"Q{number}")]).result()
        assert (other.status, ours.status) == ("accepted", "accepted")
    decided.require_published()


def test_what_is_sent_to_a_book_of_another_log_arrives_and_is_published(decided: Decided, gate: KafkaGate) -> None:
    (booked,) = gate.submit([decided.book("X1")]).result()
    lots = moving(
        ("X1", "4", "400"), transfer_id="X", book=decided.books["ledger-0"], to_book=decided.books["ledger-1"]
    )
    (sent,) = gate.submit([by_key(lots)]).result()
    assert (booked.status, sent.status, sent.log) == ("accepted", "accepted", "ledger-0")
    arrived = decided.logs.recorders["ledger-1"]
    wait_until(lambda: arrived.select_receipts([("ledger-0", str(sent.sequence))]))
    ((_, state),) = [(each.topic, each.state) for each in arrived.select_events(f"arrival:{lots.book}/X")]
    event = decode("transfer.received.v1", state)
    assert isinstance(event, TransferReceived)
    assert event.moved.lots == lots.lots
    decided.require_published()


def test_after_a_date_was_rolled_no_trade_is_booked_on_the_day_before(decided: Decided, gate: KafkaGate) -> None:
    for day in (24, 25, 26):
        rolled = by_key(RollBusinessDate(command_id=f"roll-{day}", business_date=date(2026, 11, day)))
        # The owner of the reference log is another process here, and carries nothing over.
        decided.logs.reference_ledger.commit([Unit((rolled,))], datetime.now(UTC), os.urandom(16))
        (outcome,) = gate.submit([decided.book(f"Y{day}", "ledger-1")]).result()
        event = decode("trade.booked.v1", dict(decided.stored("ledger-1"))[outcome.sequence])
        assert isinstance(event, TradeBooked)
        assert event.business_date == date(2026, 11, day)
    # A log where nothing is booked is turned all the same.
    wait_until(lambda: any(b"roll-2026-11-26" in state for _, state in decided.stored("ledger-0")))


def test_a_key_works_where_it_was_issued_as_soon_as_its_sender_is_told(gate: KafkaGate) -> None:
    for number in range(5):
        digest = gate.digest_of(f"new secret {number}")
        issued = IssueKey(
            command_id=f"issue-{number}", key_id=f"new-{number}", name="New", digest=digest, roles=("trader",)
        )
        assert gate.submit([by_key(issued)]).result()[0].status == "accepted"
        principal = gate.authenticate(f"new secret {number}")
        assert principal is not None
        assert principal.key_id == f"new-{number}"


def test_two_gates_at_once_get_their_own_replies(decided: Decided, gate: KafkaGate) -> None:
    with decided.gate() as other, ThreadPoolExecutor(2) as pool:
        def post(at: KafkaGate, prefix: str) -> list[str]:
            promises = [at.submit([decided.book(f"{prefix}{n}", f"ledger-{n % 2}")]) for n in range(200)]
            return [promise.result()[0].command_id for promise in promises]

        first, second = pool.submit(post, gate, "G"), pool.submit(post, other, "H")
        assert first.result() == [f"book-G{n}" for n in range(200)]
        assert second.result() == [f"book-H{n}" for n in range(200)]
    assert (gate.queued(), other.queued()) == (0, 0)


def test_with_nobody_to_decide_the_outcome_is_unknown_and_the_queue_is_bounded(kafka: str, tmp_path: Path) -> None:
    ledger = Decided(kafka, tmp_path)
    with ledger.gate(queue_limit=10, answer_seconds=1.0) as gate:
        waiting = gate.submit([ledger.book(f"T{n}") for n in range(10)])
        with pytest.raises(QueueFull):
            gate.submit([ledger.book("T10")])
        with pytest.raises(OutcomeUnknown):
            waiting.result()
        assert gate.queued() == 0
        with ledger.worker():
            wait_until(lambda: gate.find_outcome("api", "book-T9"))
    ledger.close()


def test_several_processes_make_the_topics_at_once(kafka: str, tmp_path: Path) -> None:
    ledger = Decided(kafka, tmp_path, 3)
    with ThreadPoolExecutor(6) as pool:
        for made in [pool.submit(ledger.ensure_topics) for _ in range(6)]:
            made.result()
    found = ledger.connection.admin().list_topics(timeout=30).topics
    assert {name.removeprefix(ledger.topics.prefix): len(topic.partitions) for name, topic in found.items()
            if name.startswith(ledger.topics.prefix)} == {
        ".commands": 5, ".events": 3, ".reference": 1, ".market": 1, ".replies": REPLY_PARTITIONS,
    }
    with pytest.raises(WrongTopic, match="5 partitions; this ledger needs 6"):
        ensure_topics(ledger.connection.admin(), Topics(ledger.topics.prefix, 4), reply_partitions=3, replication=1)
    ledger.close()

