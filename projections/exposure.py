"""Exposure: what a book has at risk with a counterparty in an instrument, summed by any dimension when read."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

from domain.commands.contracts import Contract
from domain.events import (
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TradeSettled,
)
from domain.events.products import OptionEvent
from domain.events.trades import Economics, Product, multiplier_of
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import held_as
from projections.projection import Document, View, nothing_new


class Exposure(Document, kw_only=True):
    """``net`` and ``gross`` are the signed and absolute notionals (quantity x price x multiplier) of the live trades,
    and ``unsettled`` of those that have not settled, in ``currency``; ``reserved`` is what these hold of the book's
    gross limit, in ``base_currency``.
    """

    book: str
    desk: str
    entity: str
    counterparty: str
    product: Product
    instrument: str
    asset: str
    issuer: str
    currency: str
    base_currency: str
    contract: Contract | None = None
    quantity: Decimal = ZERO
    net: Decimal = ZERO
    gross: Decimal = ZERO
    unsettled: Decimal = ZERO
    reserved: Decimal = ZERO

    @property
    def multiplier(self) -> Decimal:
        """How many times its price one unit is worth."""
        return multiplier_of(self.contract)


class Exposures:
    """A trade counts from its booking; what it reserves of the limit is free once it has settled in full."""

    name = "exposure"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "desk", "counterparty", "issuer", "currency")
    document_type = Exposure

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return (_id(fact.terms),)
        if not isinstance(fact, TradeEvent):
            return ()
        if isinstance(fact, OptionEvent):
            return (_id(fact.terms),)
        return tuple(dict.fromkeys(_id(terms) for terms, _, _ in _changes(fact)))

    def project(self, key: str, document: Exposure | None, event: Recorded, _view: View) -> Exposure | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        exposure = document.copy() if document else None
        if type(fact) is TradeBooked:
            exposure = exposure or _empty(key, fact.terms)
            _take(exposure, fact.terms, 1, 1)
            return exposure
        if isinstance(fact, OptionEvent):
            exposure = exposure or _empty(key, fact.terms)
            value = fact.quantity * fact.terms.unit_cost
            exposure.quantity += fact.quantity
            exposure.net += value
            exposure.gross -= abs(value)
        for terms, held, reserved in _changes(fact):
            if _id(terms) == key:
                exposure = exposure or _empty(key, terms)
                _take(exposure, terms, held, reserved)
        return exposure


def _changes(fact: TradeEvent) -> Iterator[tuple[Economics, int, int]]:
    """Terms, and whether they come in or go out: as a holding, and as a reservation."""
    if isinstance(fact, TradeBooked):
        yield fact.terms, 1, 1
    elif isinstance(fact, TermsReplaced):
        yield fact.previous, -1, -1
        yield fact.terms, 1, 1
    elif isinstance(fact, TradeEnded):
        yield fact.terms, -1, -1
    elif isinstance(fact, TradeSettled) and (fact.leg == "maturity" or fact.terms.loan is None):
        yield fact.terms, -1 if fact.leg == "maturity" else 0, -1


def _id(terms: Economics) -> str:
    return f"{terms.book}/{terms.counterparty}/{terms.instrument}"


def _empty(key: str, terms: Economics) -> Exposure:
    return Exposure(
        id=key, book=terms.book, desk=terms.desk, entity=terms.entity, counterparty=terms.counterparty,
        product=held_as(terms), contract=terms.contract, instrument=terms.instrument, asset=terms.asset,
        issuer=terms.issuer, currency=terms.currency, base_currency=terms.base_currency,
    )


def _take(exposure: Exposure, terms: Economics, held: int, reserved: int) -> None:
    value = terms.value
    size = abs(value)
    if held:
        exposure.quantity += held * terms.quantity
        exposure.net += held * value
        exposure.gross += held * size
    exposure.unsettled += reserved * size
    if terms.notional is not None:
        exposure.reserved += reserved * terms.notional
