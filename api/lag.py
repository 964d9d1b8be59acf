"""How far the read models are behind the logs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from api.services import Services
from projections.lag import Lag, Unreflected, lag_of
from projections.projection import families
from projections.registry import PROJECTIONS

HEADS = tuple(family[0].name for family in families(PROJECTIONS))
"""One model of each family; those of a family stand at the same event."""


def places(having: Services) -> Mapping[str, Sequence[int]]:
    """By log, the last event that each family of read models reflects; read before the lags are taken."""
    return {log: [having.reads.reflected(model, log) for model in HEADS] for log in having.logs.names()}


def lags(having: Services, reflected: Mapping[str, Sequence[int]]) -> list[Lag]:
    """The lag of each log."""
    return [lag_of(log, having.logs.recorder(log), each, datetime.now(UTC)) for log, each in reflected.items()]


def unreflected(having: Services, lag: Lag) -> Mapping[str, Decimal]:
    """What is behind a lag in money, by currency."""
    known = having.unreflected.setdefault(lag.log, Unreflected(having.logs.recorder(lag.log)))
    return known.notional(lag)
