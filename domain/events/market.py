"""Facts of the market log."""

from decimal import Decimal

from domain.events.envelope import Event


class PriceRecorded(Event, frozen=True, kw_only=True):
    instrument: str
    price: Decimal
    currency: str


class FxRateRecorded(Event, frozen=True, kw_only=True):
    base: str
    quote: str
    rate: Decimal
