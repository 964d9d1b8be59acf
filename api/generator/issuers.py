"""What issuers do on a generated day and those that follow, and what prices make of it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from api.generator.dealing import Dealer
from api.generator.instruments import COUPON_BOND, SHORT_BILL, SPUN_OFF
from domain.commands import AmendCorporateAction, AnnounceCorporateAction, AnyCommand, CancelCorporateAction
from domain.commands.corporate_actions import (
    ActionTerms,
    CashDividend,
    CashMerger,
    Coupon,
    MixedMerger,
    Redemption,
    SpinOff,
    Split,
    StockDividend,
    StockMerger,
)

D = Decimal
Moment = Literal["opening", "midday"]


class Planned(NamedTuple):
    """An action on ``instrument``: on which of the days it is ex and paid, and what a price is of that of before."""

    instrument: str
    ex: int
    pay: int
    terms: ActionTerms
    price: Decimal = D(1)
    ends: bool = False


class Revised(NamedTuple):
    """On which day and when the action on ``instrument`` is announced anew, or cancelled where it says no terms."""

    instrument: str
    day: int
    moment: Moment
    pay: int = 0
    terms: ActionTerms | None = None


def _dividend(amount: str, withheld: str = "15") -> CashDividend:
    return CashDividend(amount=D(amount), withholding_percent=D(withheld))


PLANNED = (
    Planned("TOTAL", 1, 2, _dividend("0.85")),
    Planned("BASF", 1, 2, _dividend("2.10", "26.375")),
    Planned("SANOFI", 1, 3, _dividend("3.80", "25")),
    Planned("HSBC", 1, 3, _dividend("0.10", "0")),
    Planned("ORANGE", 2, 3, _dividend("0.30", "25")),
    Planned("APPLE", 1, 1, Split(new=D(4), old=D(1)), D("0.25")),
    Planned("VOD", 1, 2, Split(new=D(1), old=D(20), cash_in_lieu=D("18.20")), D(20)),
    Planned("NESTLE", 2, 3, StockDividend(units=D("0.05"), cash_in_lieu=D("78.20")), D("0.9524")),
    Planned("TARKETT", 1, 3, CashMerger(amount=D("17")), ends=True),
    Planned("VIVENDI", 1, 2, SpinOff(into=SPUN_OFF, new=D(1), old=D(1), cost_percent=D("16.5")), D("0.835")),
    Planned("PEUGEOT", 1, 2, StockMerger(into="STELLAN", new=D(1742), old=D(1000), cash_in_lieu=D("12.45")), ends=True),
    Planned(
        "INGENICO", 2, 3, MixedMerger(
            into="WORLDLINE", new=D(11), old=D(7), amount=D("22.93"), price=D(62), cash_in_lieu=D(62)
        ), ends=True,
    ),
    Planned(COUPON_BOND, 1, 3, Coupon(percent=D("3.5"))),
    Planned(SHORT_BILL, 1, 3, Redemption(amount=D(1)), ends=True),
)
REVISED = (
    Revised("BASF", 0, "midday", 2, _dividend("2.25", "26.375")),
    Revised("ORANGE", 0, "midday"),
    Revised("SANOFI", 1, "midday", 3, _dividend("3.92", "25")),
    Revised("HSBC", 2, "opening"),
)
"""One before its ex date and one after it, amended and cancelled."""
PLAIN_DIVIDENDS = ("TOTAL", "BASF", "SANOFI")
"""A trade in these that becomes known late is at a price of about now."""


def announced(dealer: Dealer) -> Iterator[AnyCommand]:
    """Everything that is to come, on the morning of the first day."""
    for each in PLANNED:
        yield dealer.command(
            AnnounceCorporateAction, action=_name(each.instrument), instrument=each.instrument,
            **_dates(dealer, each.ex, each.pay), terms=each.terms,
        )


def revised(dealer: Dealer, moment: Moment) -> Iterator[AnyCommand]:
    """What is said anew, at this moment of today."""
    ex = {each.instrument: each.ex for each in PLANNED}
    for each in REVISED:
        if (dealer.days[each.day], each.moment) != (dealer.today, moment):
            continue
        action = _name(each.instrument)
        if each.terms is None:
            yield dealer.command(CancelCorporateAction, action=action, reason="the meeting did not resolve on it")
        else:
            dates = _dates(dealer, ex[each.instrument], each.pay)
            yield dealer.command(
                AmendCorporateAction, action=action, **dates, terms=each.terms, reason="the meeting resolved on more"
            )


def reprice(dealer: Dealer) -> None:
    """Prices of today are those of after the actions that are ex; what ended is dealt no more."""
    world = dealer.world
    for each in PLANNED:
        if dealer.days[each.ex] != dealer.today:
            continue
        if each.ends:
            world.retire(each.instrument)
        elif each.price != 1:
            world.prices[each.instrument] = (world.prices[each.instrument] * each.price).quantize(D("0.0001"))
        if isinstance(each.terms, SpinOff):
            world.shares.append(each.terms.into)


def _name(instrument: str) -> str:
    return f"CA-{instrument}"


def _dates(dealer: Dealer, ex: int, pay: int) -> dict[str, Any]:
    return {"ex_date": dealer.days[ex], "record_date": dealer.days[ex], "pay_date": dealer.days[pay]}
