"""Replay is incremental: however a run of events is cut into folds, the documents are the same to the byte."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand
from domain.schema import Recorded, recorded
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.rebuild import compare
from infra.sql.read_models import SqlReadModels
from projections.fold import DEAD_LETTERS, Fold, Found, Store
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.action_histories import with_actions
from tests.ledger import send
from tests.strategies import histories
from tests.world import world

KINDS = {projection.name: projection.document_type for projection in PROJECTIONS}
ENCODER = msgspec.json.Encoder(order="sorted")
Kept = dict[str, dict[str, bytes]]


class Shelf:
    """Documents as the bytes they are stored in."""

    def __init__(self) -> None:
        self.kept: Kept = {name: {} for name in (*KINDS, DEAD_LETTERS)}
        self.store = Store(self._find, self._scan)

    def put(self, changes: Mapping[str, Mapping[str, Document]]) -> None:
        for model, documents in changes.items():
            self.kept[model].update({key: ENCODER.encode(document) for key, document in documents.items()})

    def _find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        return {
            model: {key: self._decoded(model, key) for key in ids if key in self.kept[model]}
            for model, ids in wanted.items()
        }

    def _scan(self, model: str, prefix: str) -> list[Document]:
        return [self._decoded(model, key) for key in sorted(self.kept[model]) if key.startswith(prefix)]

    def _decoded(self, model: str, key: str) -> Document:
        return msgspec.json.decode(self.kept[model][key], type=KINDS[model])


def events_of(logs: CommandedLogs) -> dict[str, list[Recorded]]:
    return {
        log: [recorded(log, each.id, each) for each in recorder.select_notifications(1, 10_000)]
        for log, recorder in logs.recorders.items()
    }


def folded(logs: Mapping[str, Sequence[Recorded]], cuts: Sequence[int], *, forgets: bool, most: int = 200_000) -> Kept:
    """The documents of runs of the lengths ``cuts`` (again and again); a worker that ``forgets`` starts each afresh."""
    shelf = Shelf()
    for events in logs.values():
        fold, at, turn = Fold(PROJECTIONS, shelf.store, most_documents=most), 0, 0
        while at < len(events):
            if forgets:
                fold = Fold(PROJECTIONS, shelf.store)
            length = cuts[turn % len(cuts)]
            shelf.put(fold.run(events[at : at + length]))
            at, turn = at + length, turn + 1
    return shelf.kept


CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def ledger_after(history: Sequence[AnyCommand], ledgers: int = 1) -> CommandedLogs:
    logs = world(ledgers)
    for command in history:
        send(logs, command)
    return logs


@settings(max_examples=50, deadline=None)
@given(with_actions(histories()), CUTS, st.booleans())
def test_any_cut_of_the_run_gives_the_documents_of_one_fold(
    history: list[AnyCommand], cuts: list[int], forgets: bool
) -> None:
    events = events_of(ledger_after(history))
    whole = folded(events, [10_000], forgets=False)
    assert whole[DEAD_LETTERS] == {}
    assert folded(events, cuts, forgets=forgets) == whole
    # A worker with room for one document of each model loads the others again.
    assert folded(events, cuts, forgets=False, most=len(PROJECTIONS)) == whole


@settings(max_examples=50, deadline=None)
@given(with_actions(histories()))
def test_what_an_event_begins_was_never_before(history: list[AnyCommand]) -> None:
    for events in events_of(ledger_after(history)).values():
        for projection in PROJECTIONS:
            before: set[str] = set()
            for event in events:
                keys = projection.keys(event)
                assert not (projection.is_new(event) and before.intersection(keys)), (projection.name, event.id)
                before.update(keys)


@contextmanager
def sql_read_models(ledger_id: str) -> Iterator[SqlReadModels]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqlReadModels.open(f"sqlite:///{Path(folder) / 'read-models.db'}", PROJECTIONS, ledger_id)
        try:
            yield store
        finally:
            store.engine.dispose()


@settings(max_examples=12, deadline=None)
@given(with_actions(histories()), st.integers(1, 9), st.data())
def test_a_worker_that_follows_while_commands_come_has_what_a_rebuild_has(
    history: list[AnyCommand], at_once: int, data: st.DataObject
) -> None:
    logs = world(2)
    with sql_read_models(logs.ledger_id) as store:
        workers = [ProjectionWorker(logs.recorders, store, PROJECTIONS, at_once)]
        for command in history:
            send(logs, command)
            step = data.draw(st.sampled_from(["wait", "step", "restart"]))
            if step == "restart":
                # What the old worker is still writing may come between.
                workers.append(ProjectionWorker(logs.recorders, store, PROJECTIONS, at_once))
            if step != "wait":
                workers[-1].step()
        workers[-1].catch_up()
        for worker in workers:
            worker.stop()
        assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())
        whole = folded(events_of(logs), [10_000], forgets=False)
        for model in KINDS:
            assert {each.id: ENCODER.encode(each) for each in store.scan(model, "")} == whole[model]
