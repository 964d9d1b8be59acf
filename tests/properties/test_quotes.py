"""The price and rate in force at any instant are those that a plain search of the market log finds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import RecordFxRate, RecordPrice
from domain.money import inverse
from projections.quotes import Quote, QuotesAt
from tests.documents import History
from tests.rules import MOMENT

HOURS = st.integers(-6, 6)
said = st.lists(st.tuples(st.sampled_from(["SAN", "IBM", "EURUSD", "USDEUR"]), HOURS, st.integers(1, 9)), max_size=15)


class Thing(NamedTuple):
    instrument: str
    asset: str
    currency: str
    product: str = "equity"


def at(hour: int) -> datetime:
    return MOMENT + timedelta(hours=hour)


def told(quotes: Sequence[tuple[str, int, int]]) -> list[Quote]:
    history = History()
    for number, (name, hour, value) in enumerate(quotes):
        fields = {"command_id": f"q{number}", "effective_at": at(hour)}
        if name in {"SAN", "IBM"}:
            history.when(RecordPrice(instrument=name, price=Decimal(value), **fields))  # type: ignore[arg-type]
        else:
            history.when(RecordFxRate(base=name[:3], quote=name[3:], rate=Decimal(value), **fields))  # type: ignore[arg-type]
    return sorted(history.documents("quotes").values(), key=lambda quote: quote.id)


def asked(kept: Sequence[Quote], valid_at: datetime | None, sequence: int) -> QuotesAt:
    def select(prefix: str, after: str, limit: int) -> Sequence[Quote]:
        return [each for each in kept if each.id.startswith(prefix) and each.id > after][:limit]

    return QuotesAt(select, valid_at, sequence)


@settings(max_examples=80, deadline=None)
@given(said, st.none() | HOURS, st.integers(0, 20))
def test_a_quote_is_the_last_that_held_and_was_known(
    quotes: list[tuple[str, int, int]], hour: int | None, sequence: int
) -> None:
    kept = told(quotes)
    found = asked(kept, None if hour is None else at(hour), sequence)
    known = [each for each in kept if each.sequence <= sequence and (hour is None or each.effective_at <= at(hour))]
    known.sort(key=lambda each: (each.effective_at, each.sequence))
    for name in ("SAN", "IBM"):
        prices = [each.value for each in known if (each.kind, each.name) == ("prices", name)]
        assert found.price(Thing(name, name, "EUR")) == (prices[-1] if prices else None)
    rates = [each for each in known if each.kind == "rates"]
    last = rates[-1] if rates else None
    expected = None if last is None else last.value if last.name == "EUR" else inverse(last.value)
    assert found.rate("EUR", "USD") == found.price(Thing("EURUSD", "EUR", "USD", "fx-spot")) == expected
    assert found.price(Thing("LOAN-EUR", "EUR", "EUR", "loan-deposit")) == found.rate("EUR", "EUR") == 1
