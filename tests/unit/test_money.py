import decimal
from decimal import Decimal

import pytest

from domain.money import divide, exact, require_amount, require_positive
from domain.refusals import Refused


def test_a_product_of_large_numbers_is_exact() -> None:
    with exact():
        assert Decimal("999999999999999999.999999999999") * Decimal("999999999999999999.999999999999") == Decimal(
            "999999999999999999999999999998000000.000000000000000000000001"
        )


def test_an_inexact_result_raises_instead_of_rounding() -> None:
    with exact(), pytest.raises(decimal.Inexact):
        Decimal(1) / Decimal(3)


def test_a_float_cannot_enter_the_books() -> None:
    with exact(), pytest.raises(decimal.FloatOperation):
        assert Decimal(1) < float("0.1")


def test_a_quotient_is_rounded_half_to_even_at_twelve_places() -> None:
    with exact():
        assert divide(Decimal(2), Decimal(3)) == Decimal("0.666666666667")
        assert divide(Decimal("0.000000000005"), Decimal(10)) == Decimal(0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NaN", "not-a-number"), ("sNaN", "not-a-number"), ("Infinity", "not-a-number"), ("1e400", "out-of-range"),
        ("-1e18", "out-of-range"), ("0.0000000000001", "too-precise"), ("1.0000000000000", "too-precise"),
        ("0e-13", "too-precise"), ("1e-999", "too-precise"), ("-1.0000000000000", "too-precise"),
    ],
)
def test_an_amount_that_the_books_cannot_hold_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        require_amount(Decimal(text), "$.price")
    assert (caught.value.code, caught.value.field) == (code, "$.price")


@pytest.mark.parametrize("text", ["0", "-1"])
def test_what_must_be_positive_is_not_zero_nor_below(text: str) -> None:
    with pytest.raises(Refused, match=r"\$\.quantity must be above zero"):
        require_positive(Decimal(text), "$.quantity")


@pytest.mark.parametrize("text", ["0", "-0", "1e17", "-999999999999999999.999999999999", "2.50", "1.000000000000"])
def test_an_amount_stays_as_it_was_written(text: str) -> None:
    assert str(require_amount(Decimal(text), "$.price")) == str(Decimal(text))
