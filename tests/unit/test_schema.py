from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.commands import AffirmTrade, RecordPrice
from domain.events import EVENT_TYPES, PriceRecorded
from domain.schema import (
    UPCASTS,
    MalformedCommand,
    UnknownEventType,
    business_content,
    content_hash,
    decode,
    decode_command,
    encode,
    event_type,
)

PRICE = PriceRecorded(
    effective_at=datetime(2026, 1, 5, 9, tzinfo=UTC), business_date=date(2026, 1, 5),
    recorded_at=datetime(2026, 1, 5, 9, 0, 1, tzinfo=UTC), actor="key-1", source="feed", command_id="p-1",
    instrument="ACME", price=Decimal("-37.63"), currency="USD",
)
AFFIRM = b'{"type":"AffirmTrade","command_id":"c-1","trade_id":"T-1","book":"EQ-1"}'


def test_an_event_comes_back_from_its_bytes_unchanged() -> None:
    assert decode(event_type(PRICE), encode(PRICE)) == PRICE


def test_state_bytes_have_sorted_keys_and_decimals_as_strings() -> None:
    assert encode(PRICE) == (
        b'{"actor":"key-1","business_date":"2026-01-05","command_id":"p-1","currency":"USD",'
        b'"effective_at":"2026-01-05T09:00:00Z","instrument":"ACME","price":"-37.63",'
        b'"recorded_at":"2026-01-05T09:00:01Z","source":"feed"}'
    )


def test_every_stored_type_names_one_event() -> None:
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)
    assert all(name.rsplit(".", 1)[1].startswith("v") for name in EVENT_TYPES)


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(UnknownEventType, match=r"price\.guessed\.v1"):
        decode("price.guessed.v1", b"{}")


def test_an_older_shape_is_upcast_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(state: dict[str, object]) -> dict[str, object]:
        return {**{k: v for k, v in state.items() if k != "ticker"}, "instrument": state["ticker"]}

    monkeypatch.setitem(UPCASTS, "price.recorded.v0", ("price.recorded.v1", renamed))
    assert decode("price.recorded.v0", encode(PRICE).replace(b'"instrument"', b'"ticker"')) == PRICE


def test_a_command_is_decoded_with_its_canonical_bytes() -> None:
    command, content = decode_command(AFFIRM.replace(b":", b" : "))
    assert command == AffirmTrade(command_id="c-1", trade_id="T-1", book="EQ-1")
    assert content == business_content(command)


def test_the_reference_sequence_is_no_part_of_the_content() -> None:
    _, seen = decode_command(AFFIRM[:-1] + b',"reference_sequence":12}')
    _, unseen = decode_command(AFFIRM)
    assert content_hash(seen) == content_hash(unseen)


def test_other_content_has_another_hash() -> None:
    _, one = decode_command(AFFIRM)
    _, other = decode_command(AFFIRM.replace(b"EQ-1", b"EQ-2"))
    assert content_hash(one) != content_hash(other)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"{}", "$.type"),
        (b'{"type":"Guess"}', "$.type"),
        (b"[", "$"),
        (b"\xff", "$"),
        (AFFIRM.replace(b"c-1", b"c/1"), "$.command_id"),
        (AFFIRM.replace(b"c-1", b"c-1\\n"), "$.command_id"),
        (AFFIRM.replace(b'"T-1"', b"1"), "$.trade_id"),
        (AFFIRM.replace(b',"book":"EQ-1"', b""), "$.book"),
        (AFFIRM[:-1] + b',"colour":"red"}', "$.colour"),
        (AFFIRM[:-1] + b',"book":"EQ-2"}', "$.book"),
        (AFFIRM[:-1] + b',"expected_version":-1}', "$.expected_version"),
    ],
)
def test_a_malformed_command_names_its_field(line: bytes, field: str) -> None:
    with pytest.raises(MalformedCommand) as caught:
        decode_command(line)
    assert caught.value.field == field


PRICED = b'{"type":"RecordPrice","command_id":"c","instrument":"SAN","price":%s}'


@pytest.mark.parametrize("price", [
    b'"1_0"', b'"1_"', b'"_10"', b'"1_0.5_0"', b'" 10 "', b'" 10"', b'"10 "', "\"\u0661\u0660\"".encode(),
    b'"\\u0661"', b'"1_0e2"', b'"\\t10"', b'"10\\n"',
])
def test_a_number_that_only_python_would_take_is_malformed(price: bytes) -> None:
    with pytest.raises(MalformedCommand) as caught:
        decode_command(PRICED % price)
    assert caught.value.field == "$.price"


@pytest.mark.parametrize("price", [b"10", b"10.50", b'"10"', b'"+10"', b'"1e1"', b'"10."', b'".5"', b'"-3.20"'])
def test_a_number_that_any_system_writes_is_taken(price: bytes) -> None:
    command, _ = decode_command((PRICED % price)[:-1] + ',"reason":"\u00c9_1 \u0661"}'.encode())
    assert isinstance(command, RecordPrice)


def test_a_text_may_look_like_a_number() -> None:
    line = AFFIRM[:-1] + b', "reason": " 1_0 "}'
    assert decode_command(line)[0].reason == " 1_0 "


def test_a_number_of_thousands_of_digits_is_malformed() -> None:
    with pytest.raises(MalformedCommand, match="cannot be read"):
        decode_command((PRICED % (b"1" * 5_001)).replace(b'"c"', b'"c1_2"'))
