"""Risk figures that are finished when read: exposure and market value in the base currency, and the use of limits."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from domain.money import ZERO
from projections.exposure import Exposure
from projections.positions import Position
from projections.reference import ReferenceEntry
from projections.valuation import Marks


class ExposureLine(msgspec.Struct, kw_only=True):
    """Gross and net notional in the base currency; ``reserved`` is what holds a book's gross limit. ``rates`` are those
    that it was converted at, by currency, and ``unconverted`` names what was left out for want of one.
    """

    name: str
    base_currency: str
    gross: Decimal = ZERO
    net: Decimal = ZERO
    unsettled: Decimal = ZERO
    reserved: Decimal = ZERO
    rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    unconverted: list[str] = msgspec.field(default_factory=list)


def exposures(documents: Iterable[Exposure], marks: Marks, by: str = "book") -> list[ExposureLine]:
    """Exposure by ``book``, ``desk``, ``counterparty``, ``issuer`` or ``currency``, a line for each base currency."""
    lines: dict[tuple[str, str], ExposureLine] = {}
    for document in documents:
        name, base_currency = getattr(document, by), document.base_currency
        line = lines.setdefault((name, base_currency), ExposureLine(name=name, base_currency=base_currency))
        line.reserved += document.reserved
        rate = marks.rate(document.currency, document.base_currency)
        if rate is None:
            line.unconverted.append(document.id)
            continue
        line.rates[document.currency] = rate
        line.gross += document.gross * rate
        line.net += document.net * rate
        line.unsettled += document.unsettled * rate
    return [lines[name] for name in sorted(lines)]


class MarketLine(msgspec.Struct, kw_only=True):
    """Market value in the base currency: ``long`` and ``short`` (negative), gross = long - short, net = long + short.
    ``holdings`` counts those that are open, and ``unmarked`` names the ones left out for want of a mark or rate.
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


def market_exposures(holdings: Iterable[Position | Exposure], marks: Marks, by: str = "book") -> list[MarketLine]:
    """What holdings are worth at the latest marks, long and short, by one of their fields: of positions, which net in a
    book and instrument, or of exposures, which net in a book, counterparty and instrument.
    """
    lines: dict[tuple[str, str], MarketLine] = {}
    for held in holdings:
        if not held.quantity:
            continue
        name, base_currency = getattr(held, by), held.base_currency
        line = lines.setdefault((name, base_currency), MarketLine(name=name, base_currency=base_currency))
        line.holdings += 1
        mark, rate = marks.price(held), marks.rate(held.currency, base_currency)
        if mark is None or rate is None:
            line.unmarked.append(held.id)
            continue
        line.rates[held.currency] = rate
        worth = held.quantity * mark * held.multiplier * rate
        line.long, line.short = line.long + max(worth, ZERO), line.short + min(worth, ZERO)
        line.gross, line.net = line.gross + abs(worth), line.net + worth
    return [lines[name] for name in sorted(lines)]


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
