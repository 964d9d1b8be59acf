"""Figures that are finished when read: positions at the latest marks, profit and exposure in the base currency."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from domain.market import MarketState
from domain.money import ZERO
from projections.exposure import Exposure
from projections.journal import JournalEntry
from projections.positions import Position
from projections.reference import ReferenceEntry


class Marks:
    """The latest prices and rates, and ``sequence``, the last event of the market log they come from."""

    def __init__(self, entries: Iterable[ReferenceEntry]) -> None:
        self._market = MarketState()
        self.sequence = 0
        quoted = [entry for entry in entries if entry.kind in {"prices", "rates"}]
        for entry in sorted(quoted, key=lambda entry: entry.sequence):
            self.sequence = entry.sequence
            content = entry.content
            if entry.kind == "prices":
                self._market.prices[content["instrument"]] = Decimal(content["price"])
            else:
                base, quote = content["base"], content["quote"]
                self._market.rates[base, quote] = Decimal(content["rate"])
                # As for the rules, the latest word on a pair holds, whichever way round it was said.
                self._market.rates.pop((quote, base), None)

    def price(self, held: Position | Exposure) -> Decimal | None:
        """What one unit of a holding is worth in its currency: a pair at its rate, a loan at par."""
        if held.product == "loan-deposit":
            return Decimal(1)
        if held.product == "fx-spot":
            return self.rate(held.asset, held.currency)
        return self._market.price(held.instrument)

    def rate(self, base: str, quote: str) -> Decimal | None:
        return self._market.rate(base, quote)


class Valued(msgspec.Struct, kw_only=True):
    """A position at its mark, in its own and in the base currency; None where no mark or rate is known.

    ``total`` is realised + unrealised + income - fees.
    """

    book: str
    desk: str
    instrument: str
    currency: str
    base_currency: str
    quantity: Decimal
    cost: Decimal
    mark: Decimal | None
    market_value: Decimal | None
    unrealised: Decimal | None
    realised: Decimal
    fees: Decimal
    income: Decimal
    total_in_base: Decimal | None


def value(position: Position, marks: Marks) -> Valued:
    """A position at the latest mark: unrealised = quantity x mark - cost."""
    mark = marks.price(position)
    market_value = None if mark is None else position.quantity * mark
    if position.quantity == 0:
        market_value = ZERO
    unrealised = None if market_value is None else market_value - position.cost
    rate = marks.rate(position.currency, position.base_currency)
    total = None if unrealised is None else position.realised + unrealised + position.income - position.fees
    return Valued(
        book=position.book, desk=position.desk, instrument=position.instrument, currency=position.currency,
        base_currency=position.base_currency, quantity=position.quantity, cost=position.cost, mark=mark,
        market_value=market_value, unrealised=unrealised, realised=position.realised, fees=position.fees,
        income=position.income, total_in_base=None if total is None or rate is None else total * rate,
    )


class ProfitLine(msgspec.Struct, kw_only=True):
    """Profit of a desk, book or entity in its base currency; ``rates`` are those that it was converted at, by currency,
    and ``unmarked`` names the positions left out for want of a mark or rate.
    """

    name: str
    base_currency: str
    realised: Decimal = ZERO
    unrealised: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    total: Decimal = ZERO
    positions: int = 0
    rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    unmarked: list[str] = msgspec.field(default_factory=list)


def profit(positions: Iterable[Position], marks: Marks, by: str = "desk") -> list[ProfitLine]:
    """Profit in the base currency by ``desk``, ``book`` or ``entity``; unmarked positions are named, not guessed."""
    lines: dict[tuple[str, str], ProfitLine] = {}
    for position in positions:
        name, base_currency = getattr(position, by), position.base_currency
        line = lines.setdefault((name, base_currency), ProfitLine(name=name, base_currency=base_currency))
        line.positions += 1
        valued = value(position, marks)
        rate = marks.rate(position.currency, position.base_currency)
        if valued.unrealised is None or rate is None:
            line.unmarked.append(position.id)
            continue
        line.rates[position.currency] = rate
        line.realised += valued.realised * rate
        line.unrealised += valued.unrealised * rate
        line.income += valued.income * rate
        line.fees += valued.fees * rate
        line.total += valued.total_in_base or ZERO
    return [lines[name] for name in sorted(lines)]


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
        worth = held.quantity * mark * rate
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


class Balance(msgspec.Struct, kw_only=True):
    """Debits, credits and what they leave of one account and asset; the balances of an asset sum to zero."""

    account: str
    asset: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


def trial_balance(entries: Iterable[JournalEntry]) -> list[Balance]:
    """Every account by asset."""
    balances: dict[tuple[str, str], Balance] = {}
    for entry in entries:
        for posting in entry.postings:
            key = (posting.account, posting.asset)
            balance = balances.setdefault(key, Balance(account=posting.account, asset=posting.asset))
            if posting.quantity > 0:
                balance.debit += posting.quantity
            else:
                balance.credit -= posting.quantity
    return [balances[key] for key in sorted(balances)]


def sums_by_asset(balances: Iterable[Balance]) -> dict[str, Decimal]:
    """What the accounts of each asset sum to: zero, or the books are wrong."""
    sums: dict[str, Decimal] = {}
    for balance in balances:
        sums[balance.asset] = sums.get(balance.asset, ZERO) + balance.balance
    return sums
