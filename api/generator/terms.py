"""Terms of generated trades, near the market."""

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from api.generator.referential import Referential
from domain.commands import (
    BondTerms,
    EquityTerms,
    FutureTerms,
    FxForwardTerms,
    FxSpotTerms,
    FxSwapTerms,
    LoanTerms,
    OptionTerms,
)
from domain.commands.trades import Side, Tenor

TENORS: tuple[Tenor, ...] = ("0D", "1D", "2D", "1W", "2W", "1M", "2M", "3M", "6M", "12M")
FORWARDS: tuple[Tenor, ...] = ("1W", "1M", "3M", "6M")
TICK = Decimal("0.0001")
FORWARD_SHARE, SWAP_SHARE = 0.2, 0.1


def equity(source: random.Random, world: Referential, names: Sequence[str], side: Side | None = None) -> EquityTerms:
    """A round lot of one of ``names`` within half a percent of its price, with a broker's fee."""
    name = source.choice(names)
    quantity = Decimal(source.randint(1, 100) * 10)
    price = near(source, world.prices[name])
    fee = (quantity * price / 10_000).quantize(Decimal("0.01"))
    return EquityTerms(
        side=side or _either(source), instrument=name, quantity=quantity, price=price, fees={"broker": fee}
    )


def bond(source: random.Random, world: Referential) -> BondTerms:
    """A round nominal at a clean price."""
    name = source.choice(world.bonds)
    return BondTerms(
        side=_either(source), instrument=name, quantity=Decimal(source.randint(1, 50) * 100_000),
        price=near(source, world.prices[name]),
    )


def future(source: random.Random, world: Referential) -> FutureTerms:
    """Some contracts a few ticks off the price, with a fee for each."""
    name = source.choice(world.futures)
    quantity = Decimal(source.randint(1, 40))
    return FutureTerms(
        side=_either(source), instrument=name, quantity=quantity, fees={"clearing": quantity * Decimal("0.35")},
        price=world.prices[name] + source.randint(-4, 4) * world.ticks[name],
    )


def option(source: random.Random, world: Referential, name: str, side: Side) -> OptionTerms:
    """Some contracts for a premium."""
    return OptionTerms(
        side=side, instrument=name, quantity=Decimal(source.randint(1, 20)), price=near(source, world.prices[name]),
        fees={"clearing": Decimal("1.50")},
    )


def fx(source: random.Random, world: Referential) -> FxSpotTerms | FxForwardTerms | FxSwapTerms:
    """Mostly spot; the others are forwards and swaps. Whoever books a swap names its far leg."""
    chance = source.random()
    if chance < SWAP_SHARE:
        return fx_swap(source, world)
    return fx_forward(source, world) if chance < SWAP_SHARE + FORWARD_SHARE else fx_spot(source, world)


def fx_spot(source: random.Random, world: Referential) -> FxSpotTerms:
    """A round amount of a pair near its rate."""
    (base, quote), rate = _pair(source, world)
    return FxSpotTerms(
        side=_either(source), base=base, quote=quote, quantity=_round_amount(source), rate=near(source, rate)
    )


def fx_forward(source: random.Random, world: Referential) -> FxForwardTerms:
    (base, quote), rate = _pair(source, world)
    return FxForwardTerms(
        side=_either(source), base=base, quote=quote, quantity=_round_amount(source), rate=near(source, rate),
        points=_points(source, rate), tenor=source.choice(FORWARDS),
    )


def fx_swap(source: random.Random, world: Referential) -> FxSwapTerms:
    (base, quote), rate = _pair(source, world)
    return FxSwapTerms(
        side=_either(source), base=base, quote=quote, quantity=_round_amount(source), rate=near(source, rate),
        far_points=_points(source, rate), far_trade_id="FAR", tenor=source.choice(FORWARDS),
    )


def loan(
    source: random.Random, day: date, tenor: Tenor | None = None, *, floats: bool | None = None
) -> LoanTerms:
    """Money lent or taken for one of ten tenors, fixed or floating."""
    floating = source.random() < 0.3 if floats is None else floats
    return LoanTerms(
        side=source.choice(("lend", "take")), currency=source.choice(("EUR", "USD", "GBP")),
        principal=Decimal(source.randint(1, 40) * 250_000), rate=Decimal(source.randint(150, 550)) / 100,
        rate_type="floating" if floating else "fixed", index="EURIBOR-3M" if floating else None,
        spread=Decimal(source.randint(0, 80)) / 100 if floating else Decimal(0), start_date=day,
        tenor=tenor or source.choice(TENORS),
    )


def near(source: random.Random, price: Decimal) -> Decimal:
    return max(TICK, (price * (1 + Decimal(source.randint(-50, 50)) / 10_000)).quantize(TICK))


def _either(source: random.Random) -> Side:
    return source.choice(("buy", "sell"))


def _pair(source: random.Random, world: Referential) -> tuple[tuple[str, str], Decimal]:
    return source.choice(list(world.rates.items()))


def _round_amount(source: random.Random) -> Decimal:
    return Decimal(source.randint(1, 50) * 10_000)


def _points(source: random.Random, rate: Decimal) -> Decimal:
    return (rate * source.randint(-40, 40) / 10_000).quantize(TICK)
