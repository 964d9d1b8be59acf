"""A holding kept through all of a real stock's splits and dividends has the total return of its adjusted prices."""

import csv
import os
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

from domain.commands import AnnounceCorporateAction
from domain.commands.corporate_actions import CashDividend, Split
from domain.money import divide, exact, round_to
from domain.trades import TradeDecider
from tests.corporate_actions import Told
from tests.rules import booking

DATA = Path(os.environ.get("EVERBOOK_TEST_LEAN") or Path(__file__).parents[3] / "shared" / "data" / "lean")
SINCE = {
    # From when on the ticker of the prices is that of the factors.
    "aig": "19980102", "bac": "19981001", "eem": "20030411", "fb": "20120518", "goog": "20140403",
    "googl": "20140403", "iwm": "20000526", "qqq": "20110323", "spy": "19980102", "uso": "20060410", "wm": "20090902",
}
DECICENTS, CENT, MICRO = Decimal("0.0001"), Decimal("0.01"), Decimal("0.000001")
AT_FIRST = Decimal(100_000)
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="daily prices and factors are not beside the project, nor where EVERBOOK_TEST_LEAN says"
)


class Row(NamedTuple):
    """The factors that hold up to and including a day, and the raw close of that day."""

    day: date
    price: Decimal
    split: Decimal
    close: Decimal


def closes(ticker: str) -> dict[date, Decimal]:
    """Raw closing prices by day."""
    with ZipFile(DATA / "daily" / f"{ticker}.zip") as archive, archive.open(f"{ticker}.csv") as file:
        rows = list(csv.reader(TextIOWrapper(file)))
    since = day_of(SINCE[ticker])
    return {day: Decimal(row[4]) * DECICENTS for row in rows if (day := day_of(row[0][:8])) >= since}


def factors(ticker: str) -> list[Row]:
    with (DATA / "factor_files" / f"{ticker}.csv").open() as file:
        return [Row(day_of(row[0]), *map(Decimal, row[1:])) for row in csv.reader(file)]


def day_of(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


class Kept:
    """A holding of one stock, its dividends reinvested at the close before the ex date, less the dividend."""

    def __init__(self, ticker: str) -> None:
        self.told = Told()
        self.days = closes(ticker)
        self.first, self.last = min(self.days), max(self.days)
        self.incomes = Decimal(0)
        self.buy("T0", AT_FIRST, self.days[self.first], self.first)
        for number, (row, following) in enumerate(pairwise(factors(ticker)), 1):
            if self.first <= row.day < self.last:
                self.live_through(number, row, following)

    def live_through(self, number: int, row: Row, following: Row) -> None:
        """What lies between two rows; a dividend is for what was held before a split of the same day."""
        ex_date, held = min(day for day in self.days if day > row.day), self.quantity
        dividend = row.close - divide(row.close * row.price, following.price)
        price = divide((row.close - dividend) * row.split, following.split)
        if dividend > 0:
            self.announce(f"D{number}", ex_date, CashDividend(amount=dividend))
        if row.split != following.split:
            self.announce(f"S{number}", ex_date, Split(new=following.split, old=row.split))
        if dividend > 0:
            income = round_to(held * dividend, CENT)
            self.incomes += income
            self.buy(f"T{number}", divide(income, price, MICRO), price, ex_date)

    def announce(self, action: str, ex_date: date, terms: CashDividend | Split) -> None:
        self.told.tell(AnnounceCorporateAction(
            command_id=action, action=action, instrument="IBM", ex_date=ex_date, terms=terms
        ))

    def buy(self, trade_id: str, quantity: Decimal, price: Decimal, day: date) -> None:
        self.told.tell(booking(
            trade_id, f"{quantity:f}", f"{price:f}", instrument="IBM", trade_date=day,
            effective_at=datetime.combine(day, time(15), UTC),
        ))

    @property
    def quantity(self) -> Decimal:
        decider = self.told.logs.by_log["ledger-0"].decider
        assert isinstance(decider, TradeDecider)
        return decider.positions["EQ-1", "IBM"]


@pytest.mark.parametrize("ticker", SINCE)
def test_a_holding_kept_through_all_has_the_total_return_of_the_adjusted_prices(ticker: str) -> None:
    with exact():
        kept = Kept(ticker)
    position = kept.told.models()["positions"]["EQ-1/IBM"]
    assert position.income == kept.incomes
    assert abs(position.quantity - kept.quantity) < MICRO
    rows = factors(ticker)
    adjusted = [
        kept.days[day] * next(row.price * row.split for row in rows if row.day >= day)
        for day in (kept.first, kept.last)
    ]
    value = position.quantity * kept.days[kept.last]
    returned = value / (AT_FIRST * kept.days[kept.first])
    assert abs(returned / (adjusted[1] / adjusted[0]) - 1) < Decimal("0.0001")
    assert sum(lot.cost for lot in position.lots) == position.cost
    # Reinvested dividends are the same money twice.
    outlay = AT_FIRST * kept.days[kept.first] + kept.incomes
    assert abs(position.cost - outlay) < outlay * Decimal("0.0001")
