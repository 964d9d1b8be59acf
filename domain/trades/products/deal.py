"""What surrounds the terms of a trade, and what every product asks of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec.structs import replace

from domain.business_days import EARLIEST, LATEST, Calendar
from domain.commands.trades import Side
from domain.events import BookDefined, InstrumentDefined
from domain.events.trades import Economics
from domain.money import ZERO, is_amount, require_amount, require_positive
from domain.refusals import Refused

NEVER = datetime.min.replace(tzinfo=UTC)


class ReferenceFacts(Protocol):
    """What the economics need of the reference log."""

    instruments: dict[str, InstrumentDefined]

    def calendar(self, calendar_id: str) -> Calendar: ...

    def settlement_days(self, instrument: InstrumentDefined, trade_date: date) -> int: ...

    def currency_calendars(self, *currencies: str) -> list[Calendar]: ...


class MarketFacts(Protocol):
    """What the economics need of the market log."""

    def price(self, instrument: str) -> Decimal | None: ...

    def rate(self, base: str, quote: str) -> Decimal | None: ...

    def converted(self, size: Decimal, base: str, quote: str) -> Decimal | None: ...


class Parties(Protocol):
    """Who trades: the attributes that a revision of a trade keeps from its booking."""

    @property
    def trader(self) -> str: ...
    @property
    def counterparty(self) -> str: ...
    @property
    def contra_book(self) -> str | None: ...
    @property
    def execution_id(self) -> str | None: ...


class Deal(msgspec.Struct, frozen=True, gc=False):
    """What surrounds the terms: the day, the book as a template of its trades, the parties, and the facts known.
    Filling in a template costs a third of a new struct of thirty fields.
    """

    trade_date: date
    template: Economics
    parties: Parties
    contra_owner: str | None
    executed_at: datetime
    reference: ReferenceFacts
    market: MarketFacts

    def begun(self) -> Economics:
        """The economics as far as the book and the parties say them."""
        parties = self.parties
        return replace(
            self.template, trader=parties.trader, counterparty=parties.counterparty, contra_book=parties.contra_book,
            contra_owner=self.contra_owner, execution_id=parties.execution_id, trade_date=self.trade_date,
            executed_at=self.executed_at,
        )

    def notional(self, size: Decimal, currency: str) -> Decimal | None:
        """The size in the book's base currency; None when no rate is known."""
        if currency == self.template.base_currency:
            return abs(size)
        worth = self.market.converted(size, currency, self.template.base_currency)
        return None if worth is None else abs(worth)


def template_of(book: BookDefined) -> Economics:
    """What every trade of a book has in common; what the trade says itself is left blank."""
    return Economics(
        entity=book.entity, desk=book.desk, book=book.book, owner=book.owner, base_currency=book.base_currency,
        lot_method=book.lot_method, fees_in_cost=book.fees_in_cost, product="equity", trader="", counterparty="",
        instrument="", asset="", currency="", issuer="", quantity=ZERO, price=ZERO, amount=ZERO, trade_date=EARLIEST,
        settlement_date=EARLIEST,
        executed_at=NEVER,
    )


def signed_quantity(quantity: Decimal, side: Side) -> Decimal:
    """Above zero for what we get."""
    size = require_positive(quantity, "$.terms.quantity")
    return size if side == "buy" else -size


def require_fees(fees: dict[str, Decimal], path: str = "$.terms.fees") -> dict[str, Decimal]:
    """``fees`` when none is below zero.

    Raises:
        Refused: naming the fee.
    """
    for name, fee in fees.items():
        if not is_amount(fee) or fee < ZERO:
            field = f"{path}.{name}"
            require_amount(fee, field)
            raise Refused("negative-fee", f"{field} must not be negative", field)
    return fees


def require_not_before(
    settlement_date: date, trade_date: date, field: str = "$.terms.settlement_date"
) -> date:
    """``settlement_date`` when it is one.

    Raises:
        Refused: when it lies before the trade date or after the last day there is.
    """
    if not trade_date <= settlement_date <= LATEST:
        raise Refused("date-out-of-range", "settlement must not lie before the trade date nor after 2199", field)
    return settlement_date
