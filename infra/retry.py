"""Parked documents derived again from their log, once the code that could not take an event is mended."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec

from domain.ports import LogRecorder
from domain.schema import recorded
from infra.scoped import ScopedFold, scopes_of
from projections.fold import DEAD_LETTERS, EARLIER, DeadLetter, NeedsStale, Parked
from projections.ports import ReadModels, ReadModelsMoved
from projections.projection import Projection, families

EVENTS_AT_ONCE = 5_000
ATTEMPTS = 200
WAIT_SECONDS = 0.02


class StillMoving(Exception):
    """The workers went on faster than the parked documents could be derived: try again."""


class Retried(msgspec.Struct, frozen=True):
    """What came of a parked document, for which ``events`` waited; ``error`` is why it stays parked, "" if mended."""

    log: str
    model: str
    key: str
    events: int
    error: str = ""

    @property
    def parked(self) -> Parked:
        return Parked(self.log, self.model, self.key)


def dead_letters(read_models: ReadModels, model: str = "", key: str = "") -> list[DeadLetter]:
    """The dead letters, or those of one model or document, in order."""
    found = [each for each in read_models.scan(DEAD_LETTERS, "") if isinstance(each, DeadLetter)]
    return [each for each in found if model in {"", each.model} and key in {"", each.key}]


def retry(
    recorders: Mapping[str, LogRecorder], read_models: ReadModels, projections: Sequence[Projection], *,
    model: str = "", key: str = "", on_progress: Callable[[int], None] = lambda _events: None,
) -> list[Retried]:
    """Derives the parked documents of everything, of a model or one alone, and with each those that are parked because
    they are made from it. Workers may go on meanwhile. What fails again stays parked, with the new error.

    Raises:
        StillMoving: of one log's models some may be parked still.
    """
    chosen = {each.parked for each in dead_letters(read_models, model, key)}
    done: list[Retried] = []
    for family in families(tuple(projections)):
        for log in recorders:
            of_family = {each for each in chosen if each.log == log and each.model in {one.name for one in family}}
            if of_family:
                members = [each for each in projections if each in family]
                done += _Again(log, recorders[log], read_models, members, on_progress).mend(of_family)
    return done


class _Again:
    """One log folded anew for one family, as far as the read models reflect it."""

    def __init__(
        self, log: str, recorder: LogRecorder, read_models: ReadModels, family: Sequence[Projection],
        on_progress: Callable[[int], None],
    ) -> None:
        self._log = log
        self._recorder = recorder
        self._read_models = read_models
        self._family = family
        self._on_progress = on_progress
        self._sequence = 0

    def mend(self, chosen: Set[Parked]) -> list[Retried]:
        """Until nothing of it is parked but what failed again: a worker may have been writing what it knew before."""
        names = [each.name for each in self._family]
        fold = ScopedFold(self._family, scopes_of(self._family, (each.key for each in chosen)))
        done: dict[Parked, Retried] = {}
        tried: dict[Parked, Retried] = {}
        for _ in range(ATTEMPTS):
            places = {self._read_models.reflected(name, self._log) for name in names}
            if len(places) > 1:
                time.sleep(WAIT_SECONDS)
                continue
            (at,) = places
            # Read after the place: if that still holds when they are written, so do these.
            letters = [each for each in dead_letters(self._read_models) if each.log == self._log]
            parked = {each.parked for each in letters if each.parked in chosen or _is_made_from_stale(each, fold)}
            self._fold_to(fold, at)
            still = [letter for each in parked for letter in fold.letters(each)]
            # What was tried is mended all the same, when only the end of it was refused.
            done.update({each: told for each, told in tried.items() if each not in parked})
            if parked == {each.parked for each in still} <= done.keys():
                return [done[each] for each in sorted(done)]
            tried = {each.parked: each for each in _retried(parked, letters, still)}
            try:
                self._read_models.mend({each: fold.document(each) for each in parked}, still, at=at, models=names)
            except ReadModelsMoved:
                time.sleep(WAIT_SECONDS)
                continue
            done.update(tried)
        raise StillMoving(
            f"the read models of {self._log} move too fast, or a worker without the mended code parks documents again: "
            "try again once every worker has it; until then some stay parked"
        )

    def _fold_to(self, fold: ScopedFold, at: int) -> None:
        while self._sequence < at:
            page = self._recorder.select_notifications(self._sequence + 1, EVENTS_AT_ONCE, stop=at)
            fold.run([recorded(self._log, each.id, each) for each in page])
            self._sequence = page[-1].id
            self._on_progress(len(page))


def _is_made_from_stale(letter: DeadLetter, fold: ScopedFold) -> bool:
    return letter.model in fold.names and fold.holds(letter.key) and letter.error.startswith(NeedsStale.__name__)


def _retried(
    parked: Iterable[Parked], before: Sequence[DeadLetter], still: Sequence[DeadLetter]
) -> list[Retried]:
    errors = {letter.parked: letter.error for letter in still if letter.error != EARLIER}
    return [
        Retried(*each, sum(letter.parked == each for letter in before), errors.get(each, "")) for each in sorted(parked)
    ]
