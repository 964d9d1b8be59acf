from decimal import Decimal

import pytest

from api.plain import plain, plain_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0E-12", "0.00"), ("-0.000", "0.00"), ("-0", "0"), ("9125.5000", "9125.50"), ("100", "100"), ("1E+3", "1000"),
        ("-0.10", "-0.10"), ("88.4", "88.4"), ("0.000000000001", "0.000000000001"), ("1.250100", "1.2501"),
    ],
)
def test_a_figure_is_written_in_full_and_no_longer(value: str, text: str) -> None:
    assert plain_number(Decimal(value)) == text


def test_every_figure_of_an_answer_is_plain_however_deep() -> None:
    content = {"items": [{"cost": Decimal("0E-12"), "lots": (Decimal("1.5000"),)}], "next": None}
    assert plain(content) == {"items": [{"cost": "0.00", "lots": ["1.50"]}], "next": None}
