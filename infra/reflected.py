"""Where read models stand: whether it is still their log that they reflect, and whether it is far enough."""

import time
from collections.abc import Mapping, Sequence

from domain.ports import LogRecorder
from projections.ports import ReadModels

LOOK_AGAIN_SECONDS = 0.005


class ReadModelsAhead(Exception):
    """The read models reflect events that the log does not have: it was restored or cut. Build them anew."""


def require_same_history(recorders: Mapping[str, LogRecorder], read_models: ReadModels) -> None:
    """The last event that a read model reflects is still that event of its log.

    Raises:
        ReadModelsAhead: when the log ends before it, or has another event there: then it was restored, and went on.
    """
    for log, sequence, leaf in sorted(read_models.heads(recorders)):
        if recorders[log].select_leaves(sequence, 1) != [(sequence, leaf)]:
            raise ReadModelsAhead(
                f"the read models reflect {log}:{sequence}, which is not, or no longer, in the log: build them anew"
            )


def wait_until_reflected(
    read_models: ReadModels, models: Sequence[str], vector: Mapping[str, int], timeout_seconds: float
) -> bool:
    """Whether ``models`` reflect every ``log: sequence`` within the time."""
    deadline = time.monotonic() + timeout_seconds
    missing = [(model, log, sequence) for model in models for log, sequence in vector.items()]
    while True:
        missing = [each for each in missing if read_models.reflected(each[0], each[1]) < each[2]]
        if not missing:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
