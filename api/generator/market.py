"""Prices and rates as they walk, and what futures pay at the end of a day."""

from collections.abc import Iterator
from decimal import Decimal

from api.generator.dealing import Dealer
from api.generator.referential import CENT
from domain.commands import AnyCommand, RecordFxRate, RecordPrice, SettleVariationMargin


def marks(dealer: Dealer) -> Iterator[AnyCommand]:
    """Every price and rate moves a little."""
    world = dealer.world
    for name, price in world.prices.items():
        world.prices[name] = moved = _walk(dealer, price, world.ticks.get(name, CENT))
        yield RecordPrice(**dealer.said("mark"), instrument=name, price=moved)
    for (base, quote), rate in world.rates.items():
        world.rates[base, quote] = moved = _walk(dealer, rate, CENT)
        yield RecordFxRate(**dealer.said("mark"), base=base, quote=quote, rate=moved)


def closing_margins(dealer: Dealer, expiring: str | None) -> Iterator[AnyCommand]:
    """What each book's futures gained, by the prices of now; of one that expires for the last time."""
    for book, name in list(dealer.futures):
        final = name == expiring
        yield SettleVariationMargin(
            **dealer.said(), book=book, instrument=name, price=dealer.world.prices[name], on=dealer.today, final=final
        )
        if final:
            del dealer.futures[book, name]


def _walk(dealer: Dealer, price: Decimal, tick: Decimal) -> Decimal:
    moved = price * (1 + Decimal(dealer.random.randint(-20, 20)) / 10_000)
    return max(tick, (moved / tick).quantize(Decimal(1)) * tick)
