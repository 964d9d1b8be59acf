"""Quotes: every price and rate that was ever recorded, so that a figure can be marked as of any instant."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal, Protocol

from domain.events import FxRateRecorded, PriceRecorded
from domain.market.state import crossed
from domain.money import ONE, inverse
from domain.schema import Recorded
from projections.accruals import accrued_on
from projections.positions import Position
from projections.projection import Document, View, nothing_new

Kind = Literal["prices", "rates"]
LAST = datetime(9999, 12, 31, tzinfo=UTC)
LAST_SEQUENCE = 10**15
MICROSECOND = timedelta(microseconds=1)
AT_ONCE = 4


class Quote(Document, kw_only=True):
    """``value`` is in ``currency`` for one unit of ``name`` (an instrument, or the base currency of a pair). It held
    from ``effective_at`` until the next one, and was known from ``recorded_at``.
    """

    kind: Kind
    name: str
    currency: str
    value: Decimal
    effective_at: datetime
    recorded_at: datetime
    event: str
    actor: str


class Quotes:
    """One document a quote; of one name the last comes first, so that the one in force is found by its place."""

    name = "quotes"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = True
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("kind",)
    document_type = Quote

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if isinstance(fact, PriceRecorded):
            prefix = prefix_of("prices", fact.instrument)
        elif isinstance(fact, FxRateRecorded):
            prefix = prefix_of("rates", fact.base + fact.quote)
        else:
            return ()
        return (f"{prefix}{_before(fact.effective_at)}{LAST_SEQUENCE - event.sequence:016d}",)

    def project(self, key: str, _document: Quote | None, event: Recorded, _view: View) -> Quote:
        fact = event.event
        if isinstance(fact, PriceRecorded):
            kind, name, currency, value = "prices", fact.instrument, fact.currency, fact.price
        else:
            assert isinstance(fact, FxRateRecorded)
            kind, name, currency, value = "rates", fact.base, fact.quote, fact.rate
        return Quote(
            id=key, kind="prices" if kind == "prices" else "rates", name=name, currency=currency, value=value,
            effective_at=fact.effective_at, recorded_at=fact.recorded_at, event=event.id, actor=fact.actor,
        )


class Held(Protocol):
    """What is to be marked."""

    @property
    def product(self) -> str: ...
    @property
    def instrument(self) -> str: ...
    @property
    def asset(self) -> str: ...
    @property
    def currency(self) -> str: ...


Select = Callable[[str, str, int], Sequence[Quote]]
"""Quotes whose id begins with a prefix, by id, after an id, so many at most."""


class QuotesAt:
    """The prices and rates in force at ``valid_at`` (None: the last ones), as known up to ``sequence`` of the market
    log. ``used`` are those that were asked for, by the prefix of their ids.
    """

    def __init__(self, select: Select, valid_at: datetime | None, sequence: int) -> None:
        self.select = select
        self.valid_at = valid_at
        self.sequence = sequence
        self.used: dict[str, Quote | None] = {}

    def price(self, held: Held) -> Decimal | None:
        """What one unit of a holding was worth in its currency: a pair at its rate, a loan at par."""
        if held.product == "loan-deposit":
            return ONE
        if held.product == "fx-spot":
            return self.rate(held.asset, held.currency)
        quote = self.in_force(prefix_of("prices", held.instrument))
        return quote.value if quote else None

    def accrued(self, held: Position) -> Decimal | None:
        """What had accrued of it that day; not known for ever."""
        return accrued_on(held, self.valid_at.date() if self.valid_at else None)

    def rate(self, base: str, quote: str) -> Decimal | None:
        """As ``MarketState.rate``, of then."""
        return crossed(self._rate, base, quote)

    def _rate(self, base: str, quote: str) -> Decimal | None:
        if base == quote:
            return ONE
        direct = self.in_force(prefix_of("rates", base + quote))
        other = self.in_force(prefix_of("rates", quote + base))
        if direct is not None and (other is None or _place(other) < _place(direct)):
            return direct.value
        return None if other is None else inverse(other.value)

    def in_force(self, prefix: str) -> Quote | None:
        """The quote among those whose ids begin with ``prefix``."""
        if prefix not in self.used:
            self.used[prefix] = self._find(prefix)
        return self.used[prefix]

    def _find(self, prefix: str) -> Quote | None:
        after = prefix + ("" if self.valid_at is None else _before(self.valid_at))
        while found := self.select(prefix, after, AT_ONCE):
            for quote in found:
                if quote.sequence <= self.sequence:
                    return quote
            after = found[-1].id
        return None


def prefix_of(kind: Kind, name: str) -> str:
    """With what the ids of a name's quotes begin."""
    return f"{kind}/{name}/"


def _before(moment: datetime) -> str:
    """Text that is the smaller the later ``moment`` is."""
    return f"{(LAST - moment) // MICROSECOND:018d}-"


def _place(quote: Quote) -> tuple[datetime, int]:
    return quote.effective_at, quote.sequence
