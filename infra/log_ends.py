"""Where logs end, and folding so far and no further: while commands come in there is no end that stands still."""

from collections.abc import Callable, Mapping, Sequence

from domain.ports import LogRecorder
from infra.event_source import PolledLogs
from infra.projection_worker import ProjectionWorker
from projections.ports import ReadModels
from projections.projection import Projection


def ends(recorders: Mapping[str, LogRecorder]) -> dict[str, int]:
    """The last event of each log."""
    return {log: recorder.max_notification_id() or 0 for log, recorder in recorders.items()}


def fold_to(
    until: Mapping[str, int], recorders: Mapping[str, LogRecorder], read_models: ReadModels,
    projections: Sequence[Projection], on_progress: Callable[[int], None] | None = None,
) -> None:
    """Lets read models reflect each log as far as ``until`` says, if they do not yet."""
    worker = ProjectionWorker(recorders, read_models, projections, source=PolledLogs(recorders, until))
    try:
        worker.catch_up(on_progress)
    finally:
        worker.stop()
