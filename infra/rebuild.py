"""Building read models anew from the log, beside the ones that are served, and proving that these are equal."""

from collections.abc import Callable, Mapping, Sequence

from domain.ports import LogRecorder
from infra.projection_worker import ProjectionWorker
from infra.sql.read_models import SqlReadModels
from projections.projection import Projection

Progress = Callable[[int], None]


def rebuild(
    recorders: Mapping[str, LogRecorder], read_models: SqlReadModels, projections: Sequence[Projection],
    on_progress: Progress | None = None,
) -> dict[str, str]:
    """Folds every log into a new generation and serves it; the digests of its models. Reads go on meanwhile."""
    beside = read_models.beside()
    worker = ProjectionWorker(recorders, beside, projections)
    worker.catch_up(on_progress)
    beside.serve()
    return {projection.name: read_models.digest(projection.name) for projection in projections}


def compare(
    recorders: Mapping[str, LogRecorder], read_models: SqlReadModels, projections: Sequence[Projection],
    on_progress: Progress | None = None,
) -> dict[str, tuple[str, str]]:
    """The digests of what is served and of a generation folded from the log for the purpose, by model.

    The served models should have caught up, and no command come in between, or the two may differ by the newest events.
    """
    beside = read_models.beside()
    try:
        ProjectionWorker(recorders, beside, projections).catch_up(on_progress)
        return {
            projection.name: (read_models.digest(projection.name), beside.digest(projection.name))
            for projection in projections
        }
    finally:
        beside.drop()
