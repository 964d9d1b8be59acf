"""What the market log says now."""

from decimal import Decimal

import msgspec

from domain.events import FxRateRecorded, PriceRecorded
from domain.money import inverse
from domain.schema import Recorded
from domain.undo import UndoLog

ONE = Decimal(1)
CROSSED_BY = ("USD", "EUR")


class KeptMarket(msgspec.Struct, frozen=True):
    """A ``MarketState`` as it is stored; ``rates`` are base, quote and rate."""

    prices: dict[str, Decimal]
    rates: list[tuple[str, str, Decimal]]
    versions: dict[str, int]


class MarketState:
    """The latest price of each instrument and the latest rate of each pair, bounded by how many there are."""

    def __init__(self) -> None:
        self.undo = UndoLog()
        self.prices: dict[str, Decimal] = {}
        self.rates: dict[tuple[str, str], Decimal] = {}
        self.versions: dict[str, int] = {}

    def price(self, instrument: str) -> Decimal | None:
        """The latest price, in the instrument's currency."""
        return self.prices.get(instrument)

    def rate(self, base: str, quote: str) -> Decimal | None:
        """Units of ``quote`` for one ``base``: as recorded, inverted, or crossed by the dollar or the euro; an inverted
        rate is rounded to eighteen digits.
        """
        if (known := self._rate(base, quote)) is not None:
            return known
        for between in CROSSED_BY:
            first, second = self._rate(base, between), self._rate(between, quote)
            if first is not None and second is not None:
                return first * second
        return None

    def evolve(self, recorded: Recorded) -> None:
        """Takes an event into the state."""
        event = recorded.event
        if isinstance(event, PriceRecorded):
            self.undo.put(self.prices, event.instrument, event.price)
        elif isinstance(event, FxRateRecorded):
            self.undo.put(self.rates, (event.base, event.quote), event.rate)
            # The latest word on a pair holds, whichever way round it was said.
            self.undo.remove(self.rates, (event.quote, event.base))
        self.undo.put(self.versions, recorded.stream, recorded.version)

    def kept(self) -> KeptMarket:
        """A copy without what may still step back."""
        rates = [(base, quote, rate) for (base, quote), rate in self.undo.kept(self.rates).items()]
        return KeptMarket(self.undo.kept(self.prices), rates, self.undo.kept(self.versions))

    def resume(self, state: KeptMarket) -> None:
        """Takes on what was kept."""
        self.prices.update(state.prices)
        self.rates.update({(base, quote): rate for base, quote, rate in state.rates})
        self.versions.update(state.versions)

    def _rate(self, base: str, quote: str) -> Decimal | None:
        if base == quote:
            return ONE
        if (direct := self.rates.get((base, quote))) is not None:
            return direct
        other_way = self.rates.get((quote, base))
        return None if other_way is None else inverse(other_way)
