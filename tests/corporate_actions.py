"""Short ways to say what issuers do, and what the books say afterwards."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.commands import (
    AmendCorporateAction,
    AnnounceCorporateAction,
    AnyCommand,
    CancelCorporateAction,
    RollBusinessDate,
)
from domain.commands.corporate_actions import (
    ActionTerms,
    CashDividend,
    MixedMerger,
    SpinOff,
    Split,
    StockMerger,
)
from domain.money import exact
from domain.schema import Recorded, recorded
from domain.trades import TradeDecider
from infra.logs import CommandedLogs
from projections.as_of import Instant
from tests.documents import read_models
from tests.ledger import logs_in_memory, send
from tests.properties.instants import Groups, grouped, said
from tests.rules import DAY, booking

EX = DAY + timedelta(days=2)
PAY = DAY + timedelta(days=5)


def announced(terms: ActionTerms, action: str = "A1", ex: date = EX, pay: date | None = None) -> AnyCommand:
    """An action on Sanofi."""
    return of("SAN", terms, action, ex, pay)


def of(instrument: str, terms: ActionTerms, action: str, ex: date, pay: date | None = None) -> AnyCommand:
    return AnnounceCorporateAction(
        command_id=f"announce-{action}", action=action, instrument=instrument, ex_date=ex, pay_date=pay, terms=terms
    )


def amended(terms: ActionTerms, action: str = "A1", ex: date = EX, pay: date | None = None) -> AnyCommand:
    key = f"amend-{action}-{ex}-{pay}"
    return AmendCorporateAction(command_id=key, action=action, ex_date=ex, pay_date=pay, terms=terms)


def cancelled(action: str = "A1") -> AnyCommand:
    return CancelCorporateAction(command_id=f"cancel-{action}", action=action)


def split(new: str, old: str = "1", cash_in_lieu: str | None = None) -> Split:
    price = Decimal(cash_in_lieu) if cash_in_lieu else None
    return Split(new=Decimal(new), old=Decimal(old), cash_in_lieu=price)


def spin_off(
    new: str, old: str, cost_percent: str, cash_in_lieu: str | None = None, into: str = "AXA"
) -> SpinOff:
    price = Decimal(cash_in_lieu) if cash_in_lieu else None
    return SpinOff(
        into=into, new=Decimal(new), old=Decimal(old), cost_percent=Decimal(cost_percent), cash_in_lieu=price
    )


def merger(new: str, old: str, into: str = "AXA", cash_in_lieu: str | None = None) -> StockMerger:
    price = Decimal(cash_in_lieu) if cash_in_lieu else None
    return StockMerger(into=into, new=Decimal(new), old=Decimal(old), cash_in_lieu=price)


def mixed(new: str, old: str, amount: str, price: str, into: str = "AXA") -> MixedMerger:
    return MixedMerger(into=into, new=Decimal(new), old=Decimal(old), amount=Decimal(amount), price=Decimal(price))


def dividend(amount: str, withholding_percent: str = "0") -> CashDividend:
    return CashDividend(amount=Decimal(amount), withholding_percent=Decimal(withholding_percent))


def roll(day: date) -> AnyCommand:
    return RollBusinessDate(command_id=f"to-{day}", business_date=day)


def bought(trade_id: str = "T1", quantity: str = "10", price: str = "100", **changes: Any) -> AnyCommand:
    return booking(trade_id, quantity, price, **changes)


class Told:
    """What the books say after commands, everything accepted."""

    def __init__(self, *commands: AnyCommand, logs: CommandedLogs | None = None) -> None:
        self.logs = logs_in_memory() if logs is None else logs
        self.tell(*commands)

    def tell(self, *commands: AnyCommand) -> "Told":
        for command in commands:
            (outcome,) = send(self.logs, command)
            assert outcome.status == "accepted", outcome
        return self

    @property
    def events(self) -> Sequence[Recorded]:
        log = "ledger-0"
        return [recorded(log, each.id, each) for each in self.logs.recorders[log].select_notifications(1, 10_000)]

    @property
    def types(self) -> list[str]:
        """The types of what was recorded about corporate actions."""
        return [each.type for each in self.events if each.type.startswith("corporate-action")]

    def models(self) -> Any:
        return read_models(self.events)

    def position(self, book: str = "EQ-1", instrument: str = "SAN") -> Any:
        return self.models()["positions"][f"{book}/{instrument}"]

    def cash(self, book: str = "EQ-1") -> Any:
        return self.models()["cash"][f"{book}/EUR"]

    def groups(self) -> Groups:
        return grouped(self.models()["movements"].values())

    def accounts(self, book: str = "EQ-1") -> dict[tuple[str, str], Decimal]:
        """What every account of a book holds in the end, but nothing."""
        with exact():
            found = said(self.groups(), Instant(None, len(self.events)))["accounts"]
        return {(account, asset): held for (of, account, asset), held in found.items() if of == book}

    def limited(self, book: str = "EQ-1", instrument: str = "SAN") -> Decimal:
        """What the rules hold against the limit of a position."""
        decider = self.logs.by_log["ledger-0"].decider
        assert isinstance(decider, TradeDecider)
        return decider.positions[book, instrument]


def figures(document: Any, *names: str) -> list[Decimal]:
    return [getattr(document, name) for name in names]
