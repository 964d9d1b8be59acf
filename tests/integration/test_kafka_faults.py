"""What goes wrong around a real Kafka: forged and broken records, topics made anew or cut, rules that break."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import KafkaError

from domain.admission import NotRecorded
from domain.batch import Unit
from domain.commands import DefineBook
from domain.events import CommandRefused
from domain.outcomes import SYSTEM
from domain.ports import NewEvent
from domain.schema import decode
from domain.trades import TradeDecider
from infra.kafka.published import Published
from infra.kafka.publisher import EventsPublisher
from infra.kafka.records import Headers, Return, Seal, encode
from infra.kafka.topics import topic_id_of
from infra.logs import submission_of
from tests.decided import PEPPER, Decided, by_key, wait_until
from tests.rules import booking

NOBODY = Return(0, "nobody", 0)


@pytest.fixture
def ledger(kafka: str, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(kafka, tmp_path)
    decided.ensure_topics()
    yield decided
    decided.close()


def record(ledger: Decided, trade_id: str, seal: Seal | None = None, actor: str = "tester") -> tuple[bytes, Headers]:
    submission = by_key(booking(trade_id, book=ledger.books["ledger-0"]), actor)
    seal = seal or Seal(PEPPER, ledger.logs.ledger_id)
    return encode(seal, [submission], atomic=False, dry_run=False, seen=0, back=NOBODY)


def send(ledger: Decided, *records: tuple[bytes, Headers], partition: int = 0) -> None:
    sender = ledger.sender()
    for value, headers in records:
        sender.send(ledger.topics.commands, partition, value, headers=headers)
    sender.close(30)


def refusals(ledger: Decided, log: str = "ledger-0") -> list[CommandRefused]:
    found = ledger.logs.recorders[log].select_notifications(1, 10_000, topics=["command.refused.v1"])
    events = [decode(each.topic, each.state) for each in found]
    return [event for event in events if isinstance(event, CommandRefused)]


def is_booked(ledger: Decided, trade_id: str) -> bool:
    return bool(ledger.logs.books_of(trade_id))


def changed(headers: Headers, name: str, value: bytes) -> Headers:
    return [(each, value if each == name else before) for each, before in headers]


def test_a_record_that_is_no_command_is_refused_by_its_place_and_stops_nothing(ledger: Decided) -> None:
    value, headers = record(ledger, "T1")
    seal = Seal(PEPPER, ledger.logs.ledger_id)
    nonsense = b'{"type":"BookTrade","nonsense":1}'
    key, mode, reference = b"tester", b"one", b"0"
    sealed_nonsense: Headers = [
        ("key", key), ("mode", mode), ("reference", reference), ("hmac", seal.of(key, mode, reference, nonsense))
    ]
    send(
        ledger, (b"\xff\x00", []), (b"", []), (nonsense, sealed_nonsense),
        record(ledger, "T2", Seal("another pepper", ledger.logs.ledger_id)),
        record(ledger, "T3", Seal(PEPPER, "another ledger")),
        (value.replace(b"T1", b"T4"), headers), (value, changed(headers, "key", b"admin")),
        (value, changed(headers, "mode", b"one dry-run")), record(ledger, "T5", actor=SYSTEM.key_id),
        record(ledger, "T6"),
    )
    send(ledger, record(ledger, "T7"), partition=ledger.topics.partition_of("market"))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "T6") and refusals(ledger, "market"))
        ledger.require_published()
    topic_id = topic_id_of(ledger.connection.admin(), ledger.topics.commands)
    found = refusals(ledger)
    assert [event.code for event in found] == [
        "not-authentic", "not-authentic", "malformed", *["not-authentic"] * 5, "not-permitted",
    ]
    assert [(event.source, event.command_id) for event in found] == [
        (f"kafka:{topic_id}", f"0:{offset}") for offset in range(9)
    ]
    assert [event.actor for event in found] == ["unverified", "unverified", "tester", *["unverified"] * 6]
    (misrouted,) = refusals(ledger, "market")
    assert (misrouted.code, misrouted.actor) == ("misrouted", "tester")
    assert [is_booked(ledger, f"T{n}") for n in range(1, 8)] == [False] * 5 + [True, False]


def test_a_refused_record_is_not_refused_again_by_the_next_owner(ledger: Decided) -> None:
    send(ledger, (b"nonsense", []), record(ledger, "T1"))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "T1"))
    send(ledger, record(ledger, "T2"))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "T2"))
    assert len(refusals(ledger)) == 1


def test_rules_that_break_on_a_command_refuse_it_by_its_place_and_stop_nothing(
    ledger: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = TradeDecider.decide

    def breaks(self: TradeDecider, command, envelope, principal):  # type: ignore[no-untyped-def]
        if getattr(command, "trade_id", "") == "T2":
            raise ZeroDivisionError("a defect of the rules")
        return decide(self, command, envelope, principal)

    monkeypatch.setattr(TradeDecider, "decide", breaks)
    send(ledger, *(record(ledger, f"T{n}") for n in range(1, 5)))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "T4"))
        assert [is_booked(ledger, f"T{n}") for n in range(1, 5)] == [True, False, True, True]
        assert [event.code for event in refusals(ledger)] == ["undecidable"]
        monkeypatch.undo()
        send(ledger, record(ledger, "T2"))
        wait_until(lambda: is_booked(ledger, "T2"))


def test_a_fenced_owner_steps_back_and_decides_again(ledger: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, numbers = ledger.opened(), iter(range(1000))
    recorder = type(beside.recorders["ledger-0"])
    insert = recorder.insert_events
    fenced = {8, 9, 12, 20}

    def moved(self, events, **kwargs):  # type: ignore[no-untyped-def]
        """Somebody else commits just before the owner does."""
        if kwargs.get("tracking") is not None and (number := next(numbers)) in fenced:
            monkeypatch.setattr(recorder, "insert_events", insert)
            command = booking(f"BESIDE-{number}", book=ledger.books["ledger-0"])
            beside.commit("ledger-0", [Unit((submission_of(command),))])
            monkeypatch.setattr(recorder, "insert_events", moved)
        return insert(self, events, **kwargs)

    monkeypatch.setattr(recorder, "insert_events", moved)
    with ledger.worker(), ledger.gate() as gate:
        outcomes = [gate.submit([ledger.book(f"T{n}")]).result()[0] for n in range(40)]
        ledger.require_published()
    ledger.require_once(outcomes)
    assert sum(b"BESIDE" in state for _, state in ledger.stored("ledger-0")) == len(fenced)


@pytest.mark.parametrize("before", [3, 30])
def test_a_commands_topic_made_anew_neither_stalls_nor_skips(ledger: Decided, before: int) -> None:
    """Shorter than the old one at first, or as long at once: either way it begins at its beginning."""
    with ledger.worker():
        with ledger.gate() as gate:
            first = [gate.submit([ledger.book(f"T{n}")]).result()[0] for n in range(10)]
        ledger.make_anew(ledger.topics.commands)
        # The old topic's last command comes again, and is a repeat.
        send(ledger, record(ledger, "T9"), *(record(ledger, f"N{n}") for n in range(before)))
        # Those beyond the old topic's end may be decided before the others, until it is seen that it is another topic.
        wait_until(lambda: all(is_booked(ledger, f"N{n}") for n in range(before)))
        with ledger.gate() as gate:
            later = gate.submit([ledger.book(f"N{n}") for n in range(before + 5)]).result()
    assert [outcome.repeated for outcome in later] == [True] * before + [False] * 5
    ledger.require_once([*first, *later])


def test_a_commands_topic_made_anew_while_nobody_decides_is_read_from_its_beginning(ledger: Decided) -> None:
    with ledger.worker(), ledger.gate() as gate:
        gate.submit([ledger.book(f"T{n}") for n in range(5)]).result()
    ledger.make_anew(ledger.topics.commands)
    send(ledger, *(record(ledger, f"N{n}") for n in range(8)))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "N7"))
        assert all(is_booked(ledger, f"N{n}") for n in range(8))


def test_events_that_kafka_lost_are_published_again_on_take_over(ledger: Decided) -> None:
    with ledger.worker(), ledger.gate() as gate:
        gate.submit([ledger.book(f"T{n}") for n in range(50)]).result()
        ledger.require_published()
    ledger.make_anew(ledger.topics.events_of("ledger-0")[0])
    with ledger.worker():
        ledger.require_published()


def test_events_that_kafka_lost_are_published_again_by_the_owner_that_is_at_it(ledger: Decided) -> None:
    with ledger.worker(), ledger.gate() as gate:
        gate.submit([ledger.book(f"T{n}") for n in range(50)]).result()
        ledger.require_published()
        ledger.make_anew(ledger.topics.events_of("ledger-0")[0])
        gate.submit([ledger.book(f"U{n}") for n in range(5)]).result()
        ledger.require_published()
        ledger.make_anew(ledger.topics.events_of("ledger-0")[0])
        ledger.require_published()


@pytest.mark.parametrize("kept", [range(3, 9), [*range(1, 5), *range(7, 9)]])
def test_a_hole_that_an_owner_left_in_a_topic_is_filled_on_take_over(ledger: Decided, kept: Sequence[int]) -> None:
    """Kafka lost events, and their owner ended before it saw that."""
    place = ledger.topics.events_of("ledger-0")
    with ledger.worker(), ledger.gate() as gate:
        gate.submit([ledger.book(f"T{n}") for n in range(7)]).result()
        ledger.require_published()
    before = ledger.records(*place)
    ledger.make_anew(place[0])
    sender = ledger.sender()
    for each in [before[sequence - 1] for sequence in kept]:
        sender.send(*place, each.value() or b"", (each.key() or b"").decode(), [*dict(each.headers() or []).items()])
    sender.close(30)
    with ledger.worker():
        ledger.require_published()


def test_a_sender_who_was_told_that_nothing_is_recorded_may_rely_on_it(ledger: Decided) -> None:
    """The next owner does not decide what the last one said was not decided, though by now it could."""
    with ledger.worker(), ledger.gate() as gate:
        ahead = by_key(booking("T1", book=ledger.books["ledger-0"], reference_sequence=_tail(ledger, "reference") + 1))
        with pytest.raises(NotRecorded):
            gate.submit([ahead]).result()
    defined = DefineBook(command_id="later", book="LATER", name="Later", desk="EQ")
    ledger.logs.commit("reference", [Unit((submission_of(defined),))])
    send(ledger, record(ledger, "T2"))
    with ledger.worker():
        wait_until(lambda: is_booked(ledger, "T2"))
    assert not is_booked(ledger, "T1")


def test_an_events_topic_that_is_ahead_of_the_log_stops_its_owner(ledger: Decided) -> None:
    """The log was restored from an older backup: what is published of it is no longer true."""
    headers: Headers = [("ledger", ledger.logs.ledger_id.encode()), ("log", b"ledger-0"), ("sequence", b"99")]
    sender = ledger.sender()
    sender.send(*ledger.topics.events_of("ledger-0"), b"{}", headers=headers)
    sender.close(30)
    with ledger.worker(owning=2) as worker:
        wait_until(lambda: "has ledger-0 up to 99, the log ends at 1" in worker.trouble.get("ledger-0", ""))
        assert worker.owned() == ["market", "reference"]


def test_an_events_topic_of_another_ledger_stops_its_owner(ledger: Decided) -> None:
    sender = ledger.sender()
    sender.send(*ledger.topics.events_of("ledger-0"), b"{}", headers=[("ledger", b"another"), ("sequence", b"1")])
    sender.close(30)
    with ledger.worker(owning=2) as worker:
        wait_until(lambda: "not of ledger-0 of this ledger" in worker.trouble.get("ledger-0", ""))
        assert worker.owned() == ["market", "reference"]


def test_a_loss_that_an_owner_had_not_noticed_is_noticed_by_the_next(ledger: Decided) -> None:
    sender, published = ledger.sender(), Published(ledger.connection, ledger.logs.ledger_id)
    recorder, place = ledger.logs.recorders["ledger-0"], ledger.topics.events_of("ledger-0")

    def publisher() -> EventsPublisher:
        return EventsPublisher(
            "ledger-0", recorder, place, sender=sender, published=published, ledger_id=ledger.logs.ledger_id
        )

    ledger.logs.commit("ledger-0", [Unit((ledger.book(f"T{n}"),)) for n in range(6)])
    before = publisher()
    before.take_over()
    sender.flush(30)
    ledger.make_anew(place[0])
    ledger.logs.commit("ledger-0", [Unit((ledger.book(f"U{n}"),)) for n in range(3)])
    before.publish(8, [
        NewEvent(str(each.originator_id), int(each.originator_version or 0), each.topic, each.state)
        for each in recorder.select_notifications(8, 3)
    ])
    sender.flush(30)
    assert [sequence for sequence, _ in ledger.published("ledger-0")] == [8, 9, 10]
    publisher().take_over()
    sender.flush(30)
    assert [sequence for sequence, _ in ledger.published("ledger-0")] == [8, 9, 10, *range(1, 11)]
    sender.close(30)
    published.close()


def test_what_a_command_came_to_is_looked_up_when_its_reply_is_lost(ledger: Decided) -> None:
    before = ledger.book("T1")
    ledger.logs.commit("ledger-0", [Unit((before,))])
    with ledger.gate() as gate:
        # Nobody replies: these look like commands whose owner died after its commit.
        repeat, conflict = gate.submit([before]), gate.submit([ledger.book("T1", quantity="11")])
        first = gate.submit([ledger.book("T2"), ledger.book("T3")])
        ledger.logs.commit("ledger-0", [Unit((ledger.book("T2"), ledger.book("T3")))])
        dry_run = gate.submit([ledger.book("T2")], dry_run=True)
        assert (repeat.result()[0].sequence, repeat.result()[0].repeated) == (2, True)
        assert (conflict.result()[0].code, conflict.result()[0].count) == ("key-reused", 0)
        assert [(each.sequence, each.repeated) for each in first.result()] == [(3, False), (4, False)]
        assert not dry_run.done()


def test_every_commit_names_the_offset_up_to_which_commands_were_taken(ledger: Decided) -> None:
    with ledger.worker(), ledger.gate() as gate:
        gate.submit([ledger.book(f"T{n}") for n in range(7)]).result()
        gate.submit([ledger.book("T0")]).result()
        name = f"kafka:{topic_id_of(ledger.connection.admin(), ledger.topics.commands)}:0"
        # A repeat commits nothing: its offset rides with the next.
        assert ledger.logs.recorders["ledger-0"].max_tracking_id(name) == 7
        gate.submit([ledger.book("T8")]).result()
        assert ledger.logs.recorders["ledger-0"].max_tracking_id(name) == 9


def test_a_producer_that_failed_for_good_is_made_anew(ledger: Decided) -> None:
    sender, told = ledger.sender(), list[KafkaError | None]()
    sender._failed(KafkaError(KafkaError._FATAL, "out of order", fatal=True))
    sender.send(ledger.topics.replies, 0, b"taken by the first", on_delivery=lambda error, _message: told.append(error))
    sender.poll()
    sender.send(ledger.topics.replies, 1, b"sent by the second")
    sender.close(30)
    assert [each.value() for each in ledger.records(ledger.topics.replies, 1)] == [b"sent by the second"]
    assert len(told) == 1


def test_a_state_is_published_byte_for_byte(ledger: Decided) -> None:
    with ledger.worker():
        ledger.require_published()
    assert msgspec.json.decode(ledger.published("reference")[0][1])["ledger_id"] == ledger.logs.ledger_id


def _tail(ledger: Decided, log: str) -> int:
    return ledger.logs.recorders[log].max_notification_id() or 0
