"""Building read models anew from the log, beside the ones that are served, and proving that these are equal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from domain.ports import LogRecorder
from infra.log_ends import ends, fold_to
from projections.ports import ReadModels, ReadModelStore
from projections.projection import Projection

Progress = Callable[[int], None]
Digests = dict[str, tuple[str, str]]


def rebuild(
    recorders: Mapping[str, LogRecorder], read_models: ReadModelStore, projections: Sequence[Projection],
    on_progress: Progress | None = None,
) -> Digests:
    """Folds every log into a new generation of ``projections`` (whole families) and serves it; reads go on meanwhile.

    By model, the digests of what was served and of what is served now, both at the same events; the first is empty when
    the served one did not stand still at these for as long as it took to read it.
    """
    beside = read_models.beside(projections)
    try:
        fold_to(ends(recorders), recorders, beside, projections, on_progress)
        digests = {each.name: _digests(each.name, list(recorders), read_models, beside) for each in projections}
        # What was recorded meanwhile: nobody is to find the new generation far behind the one it replaces.
        fold_to(ends(recorders), recorders, beside, projections, on_progress)
        beside.serve()
    except BaseException:
        beside.drop()
        raise
    return digests


def compare(
    recorders: Mapping[str, LogRecorder], read_models: ReadModelStore, projections: Sequence[Projection],
    on_progress: Progress | None = None,
) -> Digests:
    """The digests of what is served and of a generation folded from the log for the purpose, by model.

    The served models should have caught up, and no command come in between, or the two may differ by the newest events
    (``hold_against_rebuild`` asks for neither).
    """
    with folded_beside(recorders, read_models, projections, on_progress) as beside:
        return {each.name: (read_models.digest(each.name), beside.digest(each.name)) for each in projections}


@contextmanager
def folded_beside(
    recorders: Mapping[str, LogRecorder], read_models: ReadModelStore, projections: Sequence[Projection],
    on_progress: Progress | None = None, *, until: Mapping[str, int] | None = None,
) -> Iterator[ReadModels]:
    """A generation folded from the log to look at, as far as it goes or ``until`` says; it is dropped afterwards."""
    beside = read_models.beside(projections)
    try:
        fold_to(ends(recorders) if until is None else until, recorders, beside, projections, on_progress)
        yield beside
    finally:
        beside.drop()


def _digests(model: str, logs: Sequence[str], served: ReadModels, built: ReadModels) -> tuple[str, str]:
    rebuilt, target = built.digest(model), _vector(model, logs, built)
    if _vector(model, logs, served) != target:
        return "", rebuilt
    digest = served.digest(model)
    return (digest if _vector(model, logs, served) == target else ""), rebuilt


def _vector(model: str, logs: Sequence[str], read_models: ReadModels) -> list[int]:
    return [read_models.reflected(model, log) for log in logs]
