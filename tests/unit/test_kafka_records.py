"""Commands and replies as Kafka records, without a Kafka."""

import time
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.admission import NotRecorded, OutcomeUnknown, QueueFull
from domain.commands import UnreadableCommand
from domain.outcomes import Outcome, Submission
from domain.routing import log_names, log_of
from domain.schema import business_content
from infra.kafka.connection import connection_of
from infra.kafka.pending import InFlight, Pending
from infra.kafka.records import Asked, Headers, Return, Seal, asked_by, encode
from infra.kafka.replies import Replies, Reply, decode
from infra.kafka.topics import Topics
from infra.settings import BadSetting, settings_from
from tests.rules import FOUNDATION, booking
from tests.tls import Authority

SEAL = Seal("pepper", "ledger")
BACK = Return(2, "who.7", 5)


class Record:
    """What of a message is read."""

    def __init__(self, value: bytes | None, headers: Headers | None, offset: int = 9) -> None:
        self._value, self._headers, self._offset = value, headers, offset

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Headers | None:
        return self._headers

    def offset(self) -> int:
        return self._offset

    def partition(self) -> int:
        return 0


def read(record: Any, seal: Seal = SEAL) -> Asked:
    return asked_by(record, seal, "topic-id", "ledger-0", 1)


def submission(command: Any = None, actor: str = "desk") -> Submission:
    command = command or booking()
    return Submission(command, business_content(command), actor)


def refused_as(asked: Asked) -> str:
    (found,) = asked.unit.submissions
    assert isinstance(found.command, UnreadableCommand)
    assert (found.command.source, found.command.command_id) == ("kafka:topic-id", "0:9")
    return found.command.code


def outcome(command_id: str) -> Outcome:
    return Outcome(status="accepted", source="s", command_id=command_id, log="ledger-0")


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_command_comes_out_of_its_record_as_it_went_in(atomic: bool, dry_run: bool) -> None:
    submissions = [submission(booking("T1")), submission(booking("T2"))][: 1 + atomic]
    record = Record(*encode(SEAL, submissions, atomic=atomic, dry_run=dry_run, seen=17, back=BACK))
    asked = read(record)
    assert asked.unit.submissions == tuple(submissions)
    assert (asked.unit.atomic, asked.dry_run, asked.seen, asked.back, asked.offset) == (atomic, dry_run, 17, BACK, 9)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_bit_of_a_record_can_be_altered(data: st.DataObject) -> None:
    value, headers = encode(SEAL, [submission()], atomic=False, dry_run=False, seen=3, back=BACK)
    parts = [value, *(content for name, content in headers if name != "reply")]
    which = data.draw(st.integers(0, len(parts) - 1))
    part = bytearray(parts[which])  # type: ignore[arg-type]
    part[data.draw(st.integers(0, len(part) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    if which == 0:
        value = bytes(part)
    else:
        headers[which - 1] = (headers[which - 1][0], bytes(part))
    assert refused_as(read(Record(value, headers))) == "not-authentic"


@pytest.mark.parametrize("missing", ["key", "mode", "reference", "hmac"])
def test_a_record_without_one_of_its_headers_is_not_authentic(missing: str) -> None:
    value, headers = encode(SEAL, [submission()], atomic=False, dry_run=False, seen=0, back=BACK)
    assert refused_as(read(Record(value, [each for each in headers if each[0] != missing]))) == "not-authentic"


def test_what_nobody_sealed_is_answered_to_nobody() -> None:
    value, headers = encode(Seal("other", "ledger"), [submission()], atomic=False, dry_run=False, seen=0, back=BACK)
    assert read(Record(value, headers)).back is None


@pytest.mark.parametrize("record", [Record(None, None), Record(b"", []), Record(b"\xff", [("key", None)])])
def test_what_is_no_record_of_ours_is_refused_by_its_place(record: Record) -> None:
    assert refused_as(read(record)) == "not-authentic"


def test_a_reply_address_that_is_none_is_no_address() -> None:
    value, headers = encode(SEAL, [submission()], atomic=False, dry_run=False, seen=0, back=BACK)
    for address in (b"", b"x:who:1", b"1:who", b"1::1", b"\xff:a:1", "١:who:1".encode()):
        altered: Headers = [(name, address if name == "reply" else content) for name, content in headers]
        asked = read(Record(value, altered))
        assert asked.back is None
        assert asked.unit.submissions == (submission(),)


def test_a_command_that_came_to_another_log_is_refused_by_its_place() -> None:
    value, headers = encode(SEAL, [submission(FOUNDATION[0])], atomic=False, dry_run=False, seen=0, back=BACK)
    asked = read(Record(value, headers))
    assert refused_as(asked) == "misrouted"
    assert asked.back == BACK


@pytest.mark.parametrize("ledgers", [1, 2, 7])
def test_every_log_has_a_partition_of_its_own(ledgers: int) -> None:
    topics = Topics("everbook", ledgers)
    names = log_names(ledgers)
    assert {topics.partition_of(log) for log in names} == set(range(ledgers + 2))
    assert [topics.log_of(topics.partition_of(log)) for log in names] == list(names)
    assert len({topics.events_of(log) for log in names}) == ledgers + 2
    assert (topics.partition_of("reference"), topics.partition_of("market")) == (ledgers, ledgers + 1)
    assert topics.events_of(f"ledger-{ledgers - 1}") == ("everbook.events", ledgers - 1)


class Sent:
    def __init__(self) -> None:
        self.records: list[tuple[int, bytes]] = []

    def send(self, _topic: str, partition: int, value: bytes) -> None:
        self.records.append((partition, value))


def asked_for(count: int, back: Return | None) -> Asked:
    value, headers = encode(
        SEAL, [submission(booking(f"T{n}")) for n in range(count)], atomic=True, dry_run=False, seen=0,
        back=back or BACK,
    )
    asked = read(Record(value, headers))
    return Asked(asked.offset, asked.unit, back=back)


def test_every_process_gets_the_outcomes_it_waits_for_in_few_records() -> None:
    sent = Sent()
    replies = Replies(sent, "replies", 3)
    outcomes = [outcome(f"c{n}") for n in range(7)]
    replies.outcomes(
        [asked_for(2, Return(0, "a", 0)), asked_for(1, None), asked_for(1, Return(1, "b", 4)),
         asked_for(2, Return(0, "c", 1)), asked_for(1, Return(9, "no such partition", 0))], outcomes,
    )
    assert {partition: decode(value) for partition, value in sent.records} == {
        0: (Reply("a", 0, (outcomes[0], outcomes[1])), Reply("c", 1, (outcomes[4], outcomes[5]))),
        1: (Reply("b", 4, (outcomes[3],)),),
    }


def pending(count: int, name: str = "a") -> Pending:
    now = time.monotonic()
    made = Pending(
        name, [submission(booking(f"T{n}")) for n in range(count)], False, False, iter(()), Future(), now, now,
        datetime.now(UTC), [None] * count, count,
    )
    made.begin({"ledger-0": list(range(count))})
    return made


def test_a_request_is_whole_once_every_place_has_its_outcome_however_often_it_comes() -> None:
    flying, request = InFlight(10), pending(3)
    flying.add(request)
    assert flying.take(Reply("a", 1, (outcome("second"),))) is None
    assert flying.take(Reply("a", 1, (outcome("second again"),))) is None
    assert flying.take(Reply("b", 0, (outcome("of another"),))) is None
    assert flying.take(Reply("a", 0, (outcome("first"),))) is None
    assert flying.take(Reply("a", 2, (outcome("third"),))) is request
    assert flying.take(Reply("a", 2, (outcome("third again"),))) is None
    assert [each.command_id for each in request.outcomes if each] == ["first", "second", "third"]
    assert request.error() is None
    assert (flying.remove(request), flying.remove(request), flying.count) == (True, False, 0)


def test_a_request_of_which_nothing_was_recorded_says_so_and_else_it_is_unknown() -> None:
    none, some = pending(2, "none"), pending(2, "some")
    assert none.take(Reply("none", 0, (), "not now", 2))
    assert isinstance(none.error(), NotRecorded)
    assert not some.take(Reply("some", 0, (), "not now", 1))
    assert some.take(Reply("some", 1, (outcome("second"),)))
    assert isinstance(some.error(), OutcomeUnknown)


def test_what_is_on_its_way_is_bounded_by_commands() -> None:
    flying = InFlight(5)
    flying.add(pending(9, "larger than the bound, but alone"))
    with pytest.raises(QueueFull):
        flying.add(pending(1, "one more"))


def test_tls_and_credentials_reach_the_client_and_a_misspelt_setting_is_refused(tmp_path: Path) -> None:
    authority = str(Authority(tmp_path, "ours").file)
    given = settings_from({
        "EVERBOOK_KAFKA_BOOTSTRAP": "broker-1:9093,broker-2:9093", "EVERBOOK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "EVERBOOK_KAFKA_CA_FILE": authority, "EVERBOOK_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "EVERBOOK_KAFKA_USERNAME": "everbook", "EVERBOOK_KAFKA_PASSWORD": "secret",
    })
    assert connection_of(given).options == {
        "bootstrap.servers": "broker-1:9093,broker-2:9093", "security.protocol": "SASL_SSL",
        "ssl.ca.location": authority, "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "everbook",
        "sasl.password": "secret",
    }
    with pytest.raises(BadSetting, match="EVERBOOK_KAFKA_CA_FILE failed"):
        connection_of(msgspec.structs.replace(given, kafka_ca_file="/nowhere"))
    with pytest.raises(BadSetting, match="EVERBOOK_KAFKA_PASSWORT"):
        settings_from({"EVERBOOK_KAFKA_PASSWORT": "secret"})


def test_commands_of_a_foundation_have_the_partition_of_their_log() -> None:
    topics = Topics("x", 2)
    assert {topics.log_of(topics.partition_of(log_of(each, 2))) for each in FOUNDATION} == {"reference", "market"}
