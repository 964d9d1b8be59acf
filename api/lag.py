"""How far the read models are behind the logs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from api.services import Services
from domain.schema import recorded
from projections.projection import families
from projections.registry import PROJECTIONS

HEADS = tuple(family[0].name for family in families(PROJECTIONS))
"""One model of each family; those of a family stand at the same event."""


class Lag(msgspec.Struct, frozen=True):
    """``events`` that some read model does not reflect, the oldest recorded ``seconds`` ago; below zero when the read
    models reflect events that the log does not have.
    """

    log: str
    reflected: int
    events: int
    seconds: float = 0.0


def lags(having: Services) -> Iterator[Lag]:
    """The lag of each log."""
    for log in having.logs.names():
        # What is reflected is read first: the log may grow in between, and is not to seem cut.
        reflected = [having.reads.reflected(model, log) for model in HEADS]
        recorder = having.logs.recorder(log)
        last = recorder.max_notification_id() or 0
        if last < max(reflected):
            yield Lag(log, max(reflected), last - max(reflected))
            continue
        first = min(reflected)
        seconds = 0.0
        if first < last:
            (oldest,) = recorder.select_notifications(first + 1, 1)
            seconds = (datetime.now(UTC) - recorded(log, oldest.id, oldest).event.recorded_at).total_seconds()
        yield Lag(log, first, last - first, max(seconds, 0.0))
