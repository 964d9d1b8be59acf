"""How far the read models are behind the logs."""

from collections.abc import Iterator
from datetime import UTC, datetime

from api.services import Services
from projections.lag import Lag, lag_of
from projections.projection import families
from projections.registry import PROJECTIONS

HEADS = tuple(family[0].name for family in families(PROJECTIONS))
"""One model of each family; those of a family stand at the same event."""


def lags(having: Services) -> Iterator[Lag]:
    """The lag of each log."""
    for log in having.logs.names():
        reflected = [having.reads.reflected(model, log) for model in HEADS]
        yield lag_of(log, having.logs.recorder(log), reflected, datetime.now(UTC))
