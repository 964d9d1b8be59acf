"""Bonds, futures and options beside the shares of the foundation, and short ways to trade them."""

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from domain.commands import (
    AnyCommand,
    BondContract,
    BondTerms,
    BookTrade,
    DefineInstrument,
    FutureContract,
    FutureTerms,
    FxForwardTerms,
    FxSwapTerms,
    OptionContract,
    OptionTerms,
    RollBusinessDate,
)
from domain.commands.contracts import Contract
from domain.identifiers import isin_of
from tests.rules import DAY, Rules, booking

EXPIRY = date(2026, 12, 18)
R = TypeVar("R", bound=Rules)


def define(name: str, cfi: str, contract: Contract | None, currency: str = "EUR", **changes: Any) -> DefineInstrument:
    fields: dict[str, Any] = {
        "command_id": f"define-{name}", "instrument": name, "name": name, "isin": isin_of("FR000012057"), "mic": "XPAR",
        "cfi": cfi, "currency": currency, "issuer": "REPUBLIC", "calendar": "XPAR", "contract": contract,
    }
    return DefineInstrument(**{**fields, **changes})


OAT = BondContract(coupon=Decimal("3.5"), issue_date=date(2025, 5, 25), maturity_date=date(2035, 5, 25))
GILT = BondContract(
    coupon=Decimal(4), frequency=2, issue_date=date(2024, 12, 7), maturity_date=date(2034, 12, 7), ex_coupon_days=7
)
BILL = BondContract(coupon=Decimal(0), issue_date=date(2026, 9, 1), maturity_date=date(2027, 3, 1))
CRUDE = FutureContract(multiplier=Decimal(1000), tick=Decimal("0.01"), last_trading_day=EXPIRY)
CALL = OptionContract(
    right="call", underlying="SAN", strike=Decimal(90), multiplier=Decimal(100), expiry=EXPIRY
)
PUT = OptionContract(
    right="put", style="european", underlying="SAN", strike=Decimal(90), multiplier=Decimal(100), expiry=EXPIRY
)
INSTRUMENTS: tuple[AnyCommand, ...] = (
    define("OAT", "DBFTFB", OAT), define("GILT", "DBFTFB", GILT), define("BILL", "DBZTFB", BILL),
    define("CRUDE", "FCECSX", CRUDE), define("CALL", "OCASPS", CALL), define("PUT", "OPESPS", PUT),
    define("ETF", "CEOGES", None), define("AXA", "ESVUFR", None),
)


def nominal(quantity: str = "100000", price: str = "99.5", instrument: str = "OAT", **fields: Any) -> BondTerms:
    """A purchase of a bond, changed as asked."""
    return BondTerms(**{
        "side": "buy", "instrument": instrument, "quantity": Decimal(quantity), "price": Decimal(price), **fields
    })


def futures(quantity: str = "10", price: str = "60", **fields: Any) -> FutureTerms:
    return FutureTerms(**{
        "side": "buy", "instrument": "CRUDE", "quantity": Decimal(quantity), "price": Decimal(price), **fields
    })


def options(quantity: str = "10", price: str = "2.5", instrument: str = "CALL", **fields: Any) -> OptionTerms:
    return OptionTerms(**{
        "side": "buy", "instrument": instrument, "quantity": Decimal(quantity), "price": Decimal(price), **fields
    })


def outright(**fields: Any) -> FxForwardTerms:
    """A hundred euros against dollars in three months, at 1.1 and 12 points."""
    return FxForwardTerms(**{
        "side": "buy", "base": "EUR", "quote": "USD", "quantity": Decimal(100), "rate": Decimal("1.1"),
        "points": Decimal("0.0012"), "tenor": "3M", **fields,
    })


def swap(**fields: Any) -> FxSwapTerms:
    """A hundred euros for a month."""
    return FxSwapTerms(**{
        "side": "buy", "base": "EUR", "quote": "USD", "quantity": Decimal(100), "rate": Decimal("1.1"),
        "far_points": Decimal("0.0012"), "far_trade_id": "T1-FAR", "tenor": "1M", **fields,
    })


def followed(rules: R, *commands: AnyCommand) -> R:
    """The rules after these commands; dates turn in the ledger log too."""
    for command in commands:
        rules.when(command)
        if isinstance(command, RollBusinessDate):
            rules.carry(command)
    return rules


def trade(terms: Any, trade_id: str = "T1", **changes: Any) -> BookTrade:
    return booking(trade_id, terms=terms, **changes)


def day(number: int) -> RollBusinessDate:
    """The business date becomes so many days after the first."""
    on = date.fromordinal(DAY.toordinal() + number)
    return RollBusinessDate(command_id=f"roll-{number}", business_date=on)
