"""What each loan has earned by a day, from all the facts of a log: day by day, or by months of thirty days."""

from calendar import isleap
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tests.naive.facts import Fact, Part, Trade, held_by, standing_trades

_NO = Fraction(0)
WITHOUT_CENTS = {"JPY"}


class Lent(NamedTuple):
    """What is still to be repaid of a loan (+ to us), under which terms, and the rates that were fixed, by day."""

    trade_id: str
    key: str
    quantity: Fraction
    currency: str
    terms: Fact
    fixed: dict[str, Fraction]

    def earned(self, day: date) -> Fraction:
        """By the opening of a day, and no more once it is due, in minor units."""
        first = date.fromisoformat(self.terms["start_date"])
        last = min(day, date.fromisoformat(self.terms["maturity_date"]))
        turns = [turn for fixed in self.fixed if first < (turn := date.fromisoformat(fixed)) < last]
        days = [first, *sorted(turns), last] if first < last else []
        years = sum((
            (self._rate(since) + Fraction(self.terms.get("spread", 0))) * _years(self.terms["day_count"], since, until)
            for since, until in pairwise(days)
        ), _NO)
        return round(self.quantity * years / 100, 0 if self.currency in WITHOUT_CENTS else 2)

    def _rate(self, day: date) -> Fraction:
        """The one that was fixed last by then, or that was agreed."""
        known = [fixed for fixed in self.fixed if date.fromisoformat(fixed) <= day]
        return self.fixed[max(known)] if known else Fraction(self.terms["rate"])


def lendings(facts: list[Fact], at: datetime | None = None) -> list[Lent]:
    """Every loan of which something is open, in the end or at some time."""
    found = [_lent(trade, facts, at) for trade in standing_trades(facts, at) if trade.is_loan()]
    return [each for each in found if each.quantity]


def accrued(facts: list[Fact], at: datetime | None, day: date) -> dict[str, Fraction]:
    """By position: what its loans have earned by a day."""
    found: dict[str, Fraction] = {}
    for each in lendings(facts, at):
        found[each.key] = found.get(each.key, _NO) + each.earned(day)
    return found


def _lent(trade: Trade, facts: list[Fact], at: datetime | None) -> Lent:
    repaid = [part for part in trade.parts if part.leg == "maturity"]
    # What is repaid early makes the rest, or itself, fall due on its day; at which rates it ran it does not tell.
    last = repaid[-1].terms if repaid else trade.terms
    return Lent(
        trade.trade_id, f"{trade.terms['book']}/{trade.terms['instrument']}",
        trade.number("quantity") + sum((part.quantity for part in repaid), _NO), trade.terms["currency"], last["loan"],
        _fixed(trade, repaid, facts, at),
    )


def _fixed(trade: Trade, repaid: list[Part], facts: list[Fact], at: datetime | None) -> dict[str, Fraction]:
    """With the terms, and for them since; of one day the last that was told."""
    if not trade.holds:
        return _told(repaid[0].terms) if repaid else {}
    (begun,) = (fact for fact in facts if fact.get("terms") is trade.terms)
    since = [
        fact for fact in facts
        if fact["stored type"] == "loan.rate-fixed.v1" and fact["trade_id"] == trade.trade_id and held_by(fact, at)
        and fact.get("revision") == begun.get("revision")
    ]
    return {**_told(trade.terms), **{fact["fixed_from"]: Fraction(fact["rate"]) for fact in since}}


def _told(terms: Fact) -> dict[str, Fraction]:
    return {each["fixed_from"]: Fraction(each["rate"]) for each in terms["loan"].get("fixings", [])}


def _years(count: str, since: date, until: date) -> Fraction:
    if count in {"30/360", "30E/360"}:
        return Fraction(_of_thirty(count, since, until), 360)
    days = [since + timedelta(number) for number in range((until - since).days)]
    if count == "ACT/ACT":
        leap = sum(isleap(day.year) for day in days)
        return Fraction(leap, 366) + Fraction(len(days) - leap, 365)
    return Fraction(len(days), {"ACT/360": 360, "ACT/365F": 365}[count])


def _of_thirty(count: str, since: date, until: date) -> int:
    first = min(since.day, 30)
    last = min(until.day, 30) if count == "30E/360" or first == 30 else until.day
    return 360 * (until.year - since.year) + 30 * (until.month - since.month) + last - first
