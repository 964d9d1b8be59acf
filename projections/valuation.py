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
        for entry in entries:
            self.sequence = max(self.sequence, entry.sequence)
            content = entry.content
            if entry.kind == "prices":
                self._market.prices[content["instrument"]] = Decimal(content["price"])
            elif entry.kind == "rates":
                self._market.rates[content["base"], content["quote"]] = Decimal(content["rate"])

    def price(self, position: Position) -> Decimal | None:
        """What one unit of a position is worth in its currency: a pair at its rate, a loan at par."""
        if position.product == "loan-deposit":
            return Decimal(1)
        if position.product == "fx-spot":
            return self.rate(position.asset, position.currency)
        return self._market.price(position.instrument)

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
    """Profit of a desk or book by currency, and in the base currency; ``unmarked`` names positions without a mark."""

    name: str
    base_currency: str
    realised: Decimal = ZERO
    unrealised: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    total: Decimal = ZERO
    positions: int = 0
    unmarked: list[str] = msgspec.field(default_factory=list)


def profit(positions: Iterable[Position], marks: Marks, by: str = "desk") -> list[ProfitLine]:
    """Profit in the base currency by ``desk``, ``book`` or ``entity``; unmarked positions are named, not guessed."""
    lines: dict[str, ProfitLine] = {}
    for position in positions:
        name = getattr(position, by)
        line = lines.setdefault(name, ProfitLine(name=name, base_currency=position.base_currency))
        line.positions += 1
        valued = value(position, marks)
        rate = marks.rate(position.currency, position.base_currency)
        if valued.unrealised is None or rate is None:
            line.unmarked.append(position.id)
            continue
        line.realised += valued.realised * rate
        line.unrealised += valued.unrealised * rate
        line.income += valued.income * rate
        line.fees += valued.fees * rate
        line.total += valued.total_in_base or ZERO
    return [lines[name] for name in sorted(lines)]


class ExposureLine(msgspec.Struct, kw_only=True):
    """Gross and net notional in the base currency; ``reserved`` is what holds a book's gross limit."""

    name: str
    base_currency: str
    gross: Decimal = ZERO
    net: Decimal = ZERO
    unsettled: Decimal = ZERO
    reserved: Decimal = ZERO
    unconverted: list[str] = msgspec.field(default_factory=list)


def exposures(documents: Iterable[Exposure], marks: Marks, by: str = "book") -> list[ExposureLine]:
    """Exposure by ``book``, ``desk``, ``counterparty``, ``issuer`` or ``currency``."""
    lines: dict[str, ExposureLine] = {}
    for document in documents:
        name = getattr(document, by)
        line = lines.setdefault(name, ExposureLine(name=name, base_currency=document.base_currency))
        line.reserved += document.reserved
        rate = marks.rate(document.currency, document.base_currency)
        if rate is None:
            line.unconverted.append(document.id)
            continue
        line.gross += document.gross * rate
        line.net += document.net * rate
        line.unsettled += document.unsettled * rate
    return [lines[name] for name in sorted(lines)]


class LimitUse(msgspec.Struct, kw_only=True):
    """How much of a limit is used; ``used`` is None where a limit is of each order and not of the book."""

    book: str
    kind: str
    instrument: str | None
    amount: Decimal
    used: Decimal | None


def limit_use(
    limits: Iterable[ReferenceEntry], documents: Iterable[Exposure], positions: Iterable[Position]
) -> list[LimitUse]:
    """Every limit in force with its use: the gross notional reserved, or the largest position it binds."""
    reserved: dict[str, Decimal] = {}
    for document in documents:
        reserved[document.book] = reserved.get(document.book, ZERO) + document.reserved
    held: dict[str, dict[str, Decimal]] = {}
    for position in positions:
        held.setdefault(position.book, {})[position.instrument] = abs(position.quantity)
    return [_use(limit, reserved, held) for limit in limits if limit.in_force and limit.kind == "limits"]


def _use(limit: ReferenceEntry, reserved: dict[str, Decimal], held: dict[str, dict[str, Decimal]]) -> LimitUse:
    content = limit.content
    book, kind, instrument = content["book"], content["kind"], content.get("instrument")
    used: Decimal | None = None
    if kind == "gross-notional":
        used = reserved.get(book, ZERO)
    elif kind == "position-quantity":
        bound = held.get(book, {})
        used = bound.get(instrument, ZERO) if instrument else max(bound.values(), default=ZERO)
    return LimitUse(book=book, kind=kind, instrument=instrument, amount=Decimal(content["amount"]), used=used)


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
