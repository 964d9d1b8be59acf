"""What is written is what is read: every event and command comes back from its bytes."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from domain.commands import AnyCommand
from domain.events import EVENT_TYPES
from domain.schema import business_content, decode, decode_command, encode, event_type

# An offset of RFC 3339 is in whole minutes.
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may hold."""
    return RULES[type(kind)](kind)


def structs_of(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    required = {field.name: values_of(field.type) for field in kind.fields if field.required}
    optional = {field.name: values_of(field.type) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind.cls(**fields))


def strings_of(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern:
        # The patterns end in \Z, which says the same as a full match.
        names = st.from_regex(kind.pattern.removesuffix(r"\Z"), fullmatch=True)
        return names.map(lambda name: name[: kind.max_length].ljust(kind.min_length or 0, "0"))
    return st.text(min_size=kind.min_length or 0, max_size=min(kind.max_length or 20, 20))


RULES: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.StructType: structs_of,
    inspect.StrType: strings_of,
    inspect.IntType: lambda kind: st.integers(kind.ge or 0, kind.le or 2**60),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.DecimalType: lambda _: DECIMALS,
    inspect.DateType: lambda _: st.dates(),
    inspect.DateTimeType: lambda _: MOMENTS,
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.UnionType: lambda kind: st.one_of(*map(values_of, kind.types)),
    inspect.DictType: lambda kind: st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=3),
    inspect.VarTupleType: lambda kind: st.lists(
        values_of(kind.item_type), min_size=kind.min_length or 0, max_size=3
    ).map(tuple),
}


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_event_comes_back_from_its_bytes(name: str) -> None:
    @settings(max_examples=20, deadline=None)
    @given(values_of(inspect.type_info(EVENT_TYPES[name])))
    def holds(event: Any) -> None:
        state = encode(event)
        again = decode(name, state)
        assert again == event
        assert type(again) is type(event)
        assert event_type(event) == name
        assert encode(again) == state
        assert list(json.loads(state)) == sorted(json.loads(state))

    holds()


@pytest.mark.parametrize("kind", get_args(AnyCommand), ids=lambda kind: kind.__name__)
def test_every_command_comes_back_from_its_canonical_bytes(kind: Any) -> None:
    @settings(max_examples=20, deadline=None)
    @given(values_of(inspect.type_info(kind)))
    def holds(command: Any) -> None:
        again, content = decode_command(msgspec.json.encode(command))
        assert again == command
        assert type(again) is kind
        assert content == business_content(command)
        unseen = msgspec.structs.replace(command, reference_sequence=None)
        assert decode_command(content) == (unseen, content)

    holds()
