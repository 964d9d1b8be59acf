"""Identifiers against their check digits, and against a library that knows them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import isin, lei

from domain.currencies import minor_unit, require_currency
from domain.identifiers import isin_of, lei_of, require_cfi, require_isin, require_lei, require_mic
from domain.refusals import Refused

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.parametrize("value", ["US0378331005", "FR0000120578", "GB0002634946", "AU0000XVGZA3"])
def test_a_published_isin_is_taken(value: str) -> None:
    assert require_isin(value, "$.isin") == value


@given(st.text(CHARACTERS, min_size=9, max_size=9))
def test_a_completed_isin_is_valid_to_others_too(middle: str) -> None:
    assert isin.is_valid(isin_of("FR" + middle))


@given(st.text(CHARACTERS, min_size=18, max_size=18))
def test_a_completed_lei_is_valid_to_others_too(prefix: str) -> None:
    assert lei.is_valid(lei_of(prefix))


@given(st.text(CHARACTERS, min_size=12, max_size=12))
def test_an_isin_is_taken_exactly_when_others_take_it(value: str) -> None:
    try:
        require_isin("US" + value[2:], "$")
    except Refused:
        assert not isin.is_valid("US" + value[2:])
    else:
        assert isin.is_valid("US" + value[2:])


@pytest.mark.parametrize(
    ("require", "value", "code"),
    [
        (require_isin, "US0378331006", "invalid-isin"), (require_isin, "us0378331005", "invalid-isin"),
        (require_isin, "US0378331005\n", "invalid-isin"), (require_isin, "", "invalid-isin"),
        (require_lei, "5493001KJTIIGC8Y1R13", "invalid-lei"), (require_lei, "5493001KJTIIGC8Y1R", "invalid-lei"),
        (require_mic, "XPA", "invalid-mic"), (require_mic, "xpar", "invalid-mic"),
        (require_cfi, "ESVUF", "invalid-cfi"), (require_cfi, "ZSVUFR", "invalid-cfi"),
        (require_currency, "EUX", "unknown-currency"), (require_currency, "eur", "unknown-currency"),
    ],
)
def test_a_wrong_identifier_is_refused_with_its_field(
    require: Callable[[str, str], str], value: str, code: str
) -> None:
    with pytest.raises(Refused) as raised:
        require(value, "$.there")
    assert (raised.value.code, raised.value.field) == (code, "$.there")


def test_a_published_lei_a_mic_and_a_cfi_are_taken() -> None:
    assert require_lei("5493001KJTIIGC8Y1R12", "$")
    assert require_mic("XPAR", "$")
    assert require_cfi("ESVUFR", "$")


def test_currencies_have_their_own_minor_units() -> None:
    assert [str(minor_unit(code)) for code in ("EUR", "JPY", "KWD", "CLF")] == ["0.01", "1", "0.001", "0.0001"]
