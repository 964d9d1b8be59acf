"""Terms of generated trades, near the market."""

import random
from datetime import date
from decimal import Decimal

from api.generator.referential import Referential
from domain.commands import EquityTerms, FxSpotTerms, LoanTerms
from domain.commands.trades import Tenor

TENORS: tuple[Tenor, ...] = ("0D", "1D", "2D", "1W", "2W", "1M", "2M", "3M", "6M", "12M")
TICK = Decimal("0.0001")


def equity(source: random.Random, world: Referential, without: str) -> EquityTerms:
    """A round lot of a stock within half a percent of its price, with a broker's fee."""
    name = source.choice([each for each in world.prices if each != without])
    quantity = Decimal(source.randint(1, 100) * 10)
    price = _near(source, world.prices[name])
    fee = (quantity * price / 10_000).quantize(Decimal("0.01"))
    return EquityTerms(
        side=source.choice(("buy", "sell")), instrument=name, quantity=quantity, price=price, fees={"broker": fee}
    )


def fx_spot(source: random.Random, world: Referential) -> FxSpotTerms:
    """A round amount of a pair near its rate."""
    (base, quote), rate = source.choice(list(world.rates.items()))
    return FxSpotTerms(
        side=source.choice(("buy", "sell")), base=base, quote=quote, quantity=Decimal(source.randint(1, 50) * 10_000),
        rate=_near(source, rate),
    )


def loan(source: random.Random, day: date) -> LoanTerms:
    """Money lent or taken for one of ten tenors, fixed or floating."""
    floats = source.random() < 0.3
    return LoanTerms(
        side=source.choice(("lend", "take")), currency=source.choice(("EUR", "USD", "GBP")),
        principal=Decimal(source.randint(1, 40) * 250_000), rate=Decimal(source.randint(150, 550)) / 100,
        rate_type="floating" if floats else "fixed", index="EURIBOR-3M" if floats else None,
        spread=Decimal(source.randint(0, 80)) / 100 if floats else Decimal(0), start_date=day,
        tenor=source.choice(TENORS),
    )


def _near(source: random.Random, price: Decimal) -> Decimal:
    return max(TICK, (price * (1 + Decimal(source.randint(-50, 50)) / 10_000)).quantize(TICK))
