"""Risk figures that are finished when read: exposure and market value in the base currency, and the use of limits."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from domain.money import ZERO
from projections.exposure import Exposure
from projections.positions import Position
from projections.reference import ReferenceEntry
from projections.valuation import Marks

Held = Position | Exposure
L = TypeVar("L", bound="MarketLine")


class MarketLine(msgspec.Struct, kw_only=True):
    """Market value in the base currency: ``long`` and ``short`` (negative), gross = long - short, net = long + short.
    ``holdings`` counts those that are open; ``rates`` are those that it was converted at, by currency, and ``unmarked``
    names what was left out for want of a mark or rate.
    """

    name: str
    base_currency: str
    holdings: int = 0
    long: Decimal = ZERO
    short: Decimal = ZERO
    gross: Decimal = ZERO
    net: Decimal = ZERO
    rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    unmarked: list[str] = msgspec.field(default_factory=list)


class ExposureLine(MarketLine, kw_only=True):
    """What is held, at the latest marks, and beside it what was traded, at the prices agreed: ``dealt`` is the gross
    notional of all live trades, ``unsettled`` of those that have not settled, ``reserved`` what these hold of a book's
    gross limit. ``unconverted`` names what is missing in these for want of a rate.
    """

    dealt: Decimal = ZERO
    unsettled: Decimal = ZERO
    reserved: Decimal = ZERO
    unconverted: list[str] = msgspec.field(default_factory=list)


def market_exposures(holdings: Iterable[Held], marks: Marks, by: str = "book") -> list[MarketLine]:
    """What holdings are worth at the latest marks, long and short, by one of their fields: of positions, which net in a
    book and instrument, or of exposures, which net in a book, counterparty and instrument.
    """
    lines = _marked(MarketLine, holdings, marks, by)
    return [lines[name] for name in sorted(lines)]


def exposures(
    positions: Sequence[Position], documents: Sequence[Exposure], marks: Marks, by: str = "book"
) -> list[ExposureLine]:
    """Exposure by ``book``, ``desk``, ``entity``, ``counterparty``, ``issuer``, ``currency`` or ``instrument``, a line
    for each base currency.
    """
    return _lines(_known_by(by, positions, documents), documents, marks, by)


def exposures_to(documents: Sequence[Exposure], marks: Marks, by: str = "book") -> list[ExposureLine]:
    """As ``exposures``, of what was dealt with some counterparties: positions have none."""
    return _lines(documents, documents, marks, by)


def _known_by(by: str, positions: Sequence[Position], documents: Sequence[Exposure]) -> Sequence[Held]:
    """What is held, as it is known by a dimension: positions have no counterparty, and those of loans, which may be to
    several, no issuer.
    """
    if by == "counterparty":
        return documents
    if by == "issuer":
        loans = [document for document in documents if document.product == "loan-deposit"]
        return [*(position for position in positions if position.product != "loan-deposit"), *loans]
    return positions


def _lines(
    holdings: Iterable[Held], documents: Iterable[Exposure], marks: Marks, by: str
) -> list[ExposureLine]:
    lines = _marked(ExposureLine, holdings, marks, by)
    for document in documents:
        name, base_currency = getattr(document, by), document.base_currency
        line = lines.setdefault((name, base_currency), ExposureLine(name=name, base_currency=base_currency))
        line.reserved += document.reserved
        rate = marks.rate(document.currency, base_currency)
        if rate is None:
            line.unconverted.append(document.id)
            continue
        line.rates[document.currency] = rate
        line.dealt += document.gross * rate
        line.unsettled += document.unsettled * rate
    return [lines[name] for name in sorted(lines)]


def _marked(kind: type[L], holdings: Iterable[Held], marks: Marks, by: str) -> dict[tuple[str, str], L]:
    """A line for each name and base currency, with what is held under it."""
    lines: dict[tuple[str, str], L] = {}
    for held in holdings:
        for name, currency, amount in _legs(held, marks, by):
            key = (name, held.base_currency)
            line = lines.setdefault(key, kind(name=name, base_currency=held.base_currency))
            _take(line, held, currency, amount, marks)
    return lines


def _legs(held: Held, marks: Marks, by: str) -> Iterator[tuple[str, str, Decimal | None]]:
    """Under which name a holding is how much of which currency: a pair is long of one and short of the other."""
    if not held.quantity:
        return
    if by == "currency" and held.product == "fx-spot" and isinstance(held, Position):
        yield held.asset, held.asset, held.quantity
        yield held.currency, held.currency, -held.cost
        return
    mark = marks.price(held)
    yield getattr(held, by), held.currency, None if mark is None else held.quantity * mark * held.multiplier


def _take(line: MarketLine, held: Held, currency: str, amount: Decimal | None, marks: Marks) -> None:
    line.holdings += 1
    rate = marks.rate(currency, line.base_currency)
    if amount is None or rate is None:
        line.unmarked.append(held.id)
        return
    line.rates[currency] = rate
    worth = amount * rate
    line.long, line.short = line.long + max(worth, ZERO), line.short + min(worth, ZERO)
    line.gross, line.net = line.gross + abs(worth), line.net + worth


class LimitUse(msgspec.Struct, kw_only=True):
    """How much of a limit is used and left; None where a limit is of each order and not of the book. ``headroom`` is
    below zero when the limit was lowered under its use.
    """

    book: str
    kind: str
    instrument: str | None
    amount: Decimal
    used: Decimal | None
    headroom: Decimal | None


def limit_use(
    limits: Iterable[ReferenceEntry], documents: Iterable[Exposure], positions: Iterable[Position]
) -> list[LimitUse]:
    """Every limit in force with its use: the gross notional reserved, or the largest position it binds."""
    reserved: dict[str, Decimal] = {}
    for document in documents:
        reserved[document.book] = reserved.get(document.book, ZERO) + document.reserved
    held = {(position.book, position.instrument): abs(position.quantity) for position in positions}
    in_force = [limit for limit in limits if limit.in_force and limit.kind == "limits"]
    return [_use(limit, _used(limit, in_force, reserved, held)) for limit in in_force]


def _use(limit: ReferenceEntry, used: Decimal | None) -> LimitUse:
    content, amount = limit.content, Decimal(limit.content["amount"])
    return LimitUse(
        book=content["book"], kind=content["kind"], instrument=content.get("instrument"), amount=amount, used=used,
        headroom=None if used is None else amount - used,
    )


def _used(
    limit: ReferenceEntry, in_force: Iterable[ReferenceEntry], reserved: dict[str, Decimal],
    held: dict[tuple[str, str], Decimal],
) -> Decimal | None:
    book, kind, instrument = limit.content["book"], limit.content["kind"], limit.content.get("instrument")
    if kind == "gross-notional":
        return reserved.get(book, ZERO)
    if kind != "position-quantity":
        return None
    if instrument:
        return held.get((book, instrument), ZERO)
    # As for the rules, an instrument with a limit of its own is not bound by that of every instrument.
    own = {each.content.get("instrument") for each in in_force if _limits_position_of(each, book)}
    return max((size for (of, name), size in held.items() if of == book and name not in own), default=ZERO)


def _limits_position_of(limit: ReferenceEntry, book: str) -> bool:
    return (limit.content["book"], limit.content["kind"]) == (book, "position-quantity")
