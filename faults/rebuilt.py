"""Read models against their rebuild: where a digest differs, which documents do, and whether they still do."""

from collections.abc import Iterator, Mapping, Sequence

from domain.ports import LogRecorder
from faults.checker import Finding
from infra.rebuild import folded_beside
from projections.ports import ReadModels, ReadModelStore
from projections.projection import Projection

SHOWN = 3
LENGTH = 300


def differing(
    recorders: Mapping[str, LogRecorder], read_models: ReadModelStore, projections: Sequence[Projection]
) -> Iterator[Finding]:
    """The models that are not what their log folds to, document by document; all of them must have caught up."""
    with folded_beside(recorders, read_models, projections) as beside:
        for projection in projections:
            name = projection.name
            live, rebuilt = read_models.digest(name), beside.digest(name)
            if live != rebuilt:
                what = "; ".join(list(_differences(name, read_models, beside))[:SHOWN])
                after = read_models.digest(name), beside.digest(name)
                yield Finding("skipped", (
                    f"read model {name} differs from its rebuild: {what or 'no document does by now'} "
                    f"(live {live[:8]}, later {after[0][:8]}; rebuilt {rebuilt[:8]}, later {after[1][:8]})"
                ))


def _differences(model: str, live: ReadModels, rebuilt: ReadModels) -> Iterator[str]:
    there, wanted = ({each.id: each for each in models.scan(model, "")} for models in (live, rebuilt))
    for key in sorted(there.keys() | wanted.keys()):
        if there.get(key) != wanted.get(key):
            yield f"{key} is {str(there.get(key))[:LENGTH]}, and should be {str(wanted.get(key))[:LENGTH]}"
