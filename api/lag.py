"""How far the read models are behind the logs."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from api.services import Services
from projections.lag import Lag, Unreflected, lag_of
from projections.projection import families
from projections.registry import PROJECTIONS

HEADS = tuple(family[0].name for family in families(PROJECTIONS))
"""One model of each family; those of a family stand at the same event."""


def lags(having: Services) -> Iterator[Lag]:
    """The lag of each log."""
    for log in having.logs.names():
        reflected = [having.reads.reflected(model, log) for model in HEADS]
        yield lag_of(log, having.logs.recorder(log), reflected, datetime.now(UTC))


def unreflected(having: Services, lag: Lag) -> Mapping[str, Decimal]:
    """What is behind a lag in money, by currency."""
    known = having.unreflected.setdefault(lag.log, Unreflected(having.logs.recorder(lag.log)))
    return known.notional(lag)
