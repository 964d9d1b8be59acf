"""What a known time means: per log, the last sequence recorded by then."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from domain.ports import LogRecorder
from domain.schema import recorded


class Known(NamedTuple):
    """``final`` says that nothing more can be recorded that belongs to it."""

    vector: Mapping[str, int]
    final: bool

    @property
    def token(self) -> str:
        """As ``Everbook-Sequence`` is written."""
        return ",".join(f"{log}:{sequence}" for log, sequence in self.vector.items())


def known_by(moment: datetime, recorders: Mapping[str, LogRecorder]) -> Known:
    """What these logs had recorded at or before ``moment``. Their times only grow, so it is final once each of them has
    recorded something later: what is in flight, or an owner whose clock steps back, comes after that.
    """
    vector, final = {}, True
    for log, recorder in recorders.items():
        last = recorder.max_notification_id() or 0
        vector[log] = last_recorded_by(moment, log, recorder, last)
        final = final and vector[log] < last
    return Known(vector, final)


def last_recorded_by(moment: datetime, log: str, recorder: LogRecorder, last: int) -> int:
    """The last sequence up to ``last`` that was recorded at or before ``moment``; 0 when there is none."""
    below, above = 0, last + 1
    # Most ask for a time near the end of the log.
    step = 1
    while below == 0 and above > 1:
        tried = max(above - step, 1)
        below, above = (tried, above) if _recorded_at(log, recorder, tried) <= moment else (below, tried)
        step *= 2
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if _recorded_at(log, recorder, middle) <= moment else (below, middle)
    return below


def _recorded_at(log: str, recorder: LogRecorder, sequence: int) -> datetime:
    (stored,) = recorder.select_notifications(sequence, 1)
    return recorded(log, sequence, stored).event.recorded_at
