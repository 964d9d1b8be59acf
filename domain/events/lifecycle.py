"""Facts about what becomes of a trade beside its own revisions (``domain.events.trades``)."""

from decimal import Decimal

from domain.events.envelope import Event
from domain.events.parts import Part
from domain.events.trades import StatusEvent, TermsReplaced, TradeBooked, TradeEnded


class TradeAllocated(TradeEnded, frozen=True, kw_only=True):
    """``children`` took its place. ``residual`` is what of its cash, being less than a minor unit, none of them pays or
    receives: it is in their fees, as ``rounding``.
    """

    children: tuple[str, ...]
    residual: Decimal = Decimal(0)


class TradeReallocated(StatusEvent, frozen=True, kw_only=True):
    """``children`` took the place of ``withdrawn``; the block itself counted no more before."""

    children: tuple[str, ...]
    withdrawn: tuple[str, ...]
    residual: Decimal = Decimal(0)


class AllocationWithdrawn(TradeEnded, frozen=True, kw_only=True):
    """Its block is allocated to others."""


class TradeNovated(TradeEnded, frozen=True, kw_only=True):
    """``successor`` took its place, with ``counterparty``."""

    successor: str
    counterparty: str


class TradePartiallyNovated(TermsReplaced, frozen=True, kw_only=True):
    """``successor`` took ``quantity`` of it over, with ``counterparty``."""

    successor: str
    counterparty: str
    quantity: Decimal


class TradeCompressed(TradeEnded, frozen=True, kw_only=True):
    """``successor`` took its place, and that of others."""

    successor: str


class QuantityChanged(TermsReplaced, frozen=True, kw_only=True):
    """``change`` is what was agreed beside what there was: it is the last of the parts."""

    change: Part


class QuantityIncreased(QuantityChanged, frozen=True, kw_only=True):
    pass


class QuantityDecreased(QuantityChanged, frozen=True, kw_only=True):
    pass


class TradeTerminated(TermsReplaced, frozen=True, kw_only=True):
    """``amount`` settles it, above zero when we receive it: of the terms only this and the fees are left."""

    amount: Decimal


HANDING_OVER = (
    TradeAllocated, TradeReallocated, AllocationWithdrawn, TradeNovated, TradePartiallyNovated, TradeCompressed,
)


def hands_over(event: Event) -> bool:
    """Whether a trade gives something to others with it, or takes it from them."""
    if isinstance(event, TradeBooked):
        return bool(event.parents and event.terms.parts)
    return isinstance(event, HANDING_OVER)
