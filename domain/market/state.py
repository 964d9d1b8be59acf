"""What the market log says now."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from domain.events import FxRateRecorded, PriceRecorded
from domain.money import ONE, divide, inverse
from domain.schema import Recorded
from domain.undo import UndoLog

CROSSED_BY = ("USD", "EUR")


class KeptMarket(msgspec.Struct, frozen=True):
    """A ``MarketState`` as it is stored; ``rates`` are base, quote and rate."""

    prices: dict[str, Decimal]
    rates: list[tuple[str, str, Decimal]]
    since: dict[str, datetime]
    versions: dict[str, int]


class MarketState:
    """The latest price of each instrument and the latest rate of each pair, bounded by how many there are. ``since`` is
    from when they hold, by instrument and by both currencies of a pair in their order: what is said later about an
    earlier time, such as a corrected close, takes no mark away.
    """

    def __init__(self) -> None:
        self.undo = UndoLog()
        self.prices: dict[str, Decimal] = {}
        self.rates: dict[tuple[str, str], Decimal] = {}
        self.since: dict[str, datetime] = {}
        self.versions: dict[str, int] = {}

    def price(self, instrument: str) -> Decimal | None:
        """The latest price, in the instrument's currency."""
        return self.prices.get(instrument)

    def price_by(self, instrument: str, day: date) -> Decimal | None:
        """The latest price, when it held by the end of ``day``."""
        since = self.since.get(instrument)
        return None if since is None or since.date() > day else self.prices.get(instrument)

    def converted(self, size: Decimal, base: str, quote: str) -> Decimal | None:
        """``size`` of ``base`` in ``quote``, at ``rate``: divided, to twelve decimals, where that is known the other
        way round, so that what was a round sum is one again.
        """
        if base == quote or (base, quote) in self.rates or (quote, base) not in self.rates:
            rate = self.rate(base, quote)
            return None if rate is None else size * rate
        return divide(size, self.rates[quote, base])

    def rate(self, base: str, quote: str) -> Decimal | None:
        """Units of ``quote`` for one ``base``: as recorded, inverted, or crossed by the dollar or the euro; an inverted
        rate is rounded to eighteen digits.
        """
        return crossed(self._rate, base, quote)

    def evolve(self, recorded: Recorded) -> None:
        """Takes an event into the state."""
        event = recorded.event
        if isinstance(event, PriceRecorded) and self._holds(event.instrument, event):
            self.undo.put(self.prices, event.instrument, event.price)
        elif isinstance(event, FxRateRecorded) and self._holds("".join(sorted((event.base, event.quote))), event):
            self.undo.put(self.rates, (event.base, event.quote), event.rate)
            # The latest word on a pair holds, whichever way round it was said.
            self.undo.remove(self.rates, (event.quote, event.base))
        self.undo.put(self.versions, recorded.stream, recorded.version)

    def kept(self) -> KeptMarket:
        """A copy without what may still step back."""
        rates = [(base, quote, rate) for (base, quote), rate in self.undo.kept(self.rates).items()]
        since, versions = self.undo.kept(self.since), self.undo.kept(self.versions)
        return KeptMarket(self.undo.kept(self.prices), rates, since, versions)

    def resume(self, state: KeptMarket) -> None:
        """Takes on what was kept."""
        self.prices.update(state.prices)
        self.rates.update({(base, quote): rate for base, quote, rate in state.rates})
        self.since.update(state.since)
        self.versions.update(state.versions)

    def _holds(self, name: str, event: PriceRecorded | FxRateRecorded) -> bool:
        """Whether it is about no earlier time than what is known."""
        known = self.since.get(name)
        if known is not None and event.effective_at < known:
            return False
        self.undo.put(self.since, name, event.effective_at)
        return True

    def _rate(self, base: str, quote: str) -> Decimal | None:
        if base == quote:
            return ONE
        if (direct := self.rates.get((base, quote))) is not None:
            return direct
        other_way = self.rates.get((quote, base))
        return None if other_way is None else inverse(other_way)


def crossed(rate: Callable[[str, str], Decimal | None], base: str, quote: str) -> Decimal | None:
    """The rate of a pair, or what two others make of it by way of the dollar or the euro."""
    if (known := rate(base, quote)) is not None:
        return known
    for between in CROSSED_BY:
        first, second = rate(base, between), rate(between, quote)
        if first is not None and second is not None:
            return first * second
    return None
