"""Read models with nothing underneath: the events that the rules make, folded by the real fold."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.commands import AnyCommand
from domain.events import CommandRefused, Event
from domain.schema import Recorded, event_type
from projections.fold import Fold, Found, Store
from projections.projection import Document, Projection
from projections.registry import PROJECTIONS
from tests.rules import DAY, MOMENT, Rules

KINDS = {projection.name: projection.document_type for projection in PROJECTIONS}


class History(Rules):
    """The rules, and everything that followed from them in its place in the logs."""

    def __init__(self, *commands: AnyCommand) -> None:
        self.events: list[Recorded] = []
        super().__init__()
        for command in commands:
            self.when(command)

    def _happened(self, recorded: Recorded) -> None:
        self.events.append(recorded)

    def refuse(self, code: str, **fields: Any) -> Recorded:
        """A refusal in the ledger log, as the batch records it."""
        self._sequences["ledger-0"] += 1
        fact = CommandRefused(**{
            "effective_at": MOMENT, "recorded_at": MOMENT, "business_date": DAY, "actor": "anna", "source": "api",
            "command_id": "c", "command": "BookTrade", "code": code, "detail": "too much", "field": "$.terms.quantity",
            "subject": "trade:T9", "book": "EQ-1", "trader": "anna", **fields,
        })
        refused = msgspec.structs.replace(
            _recorded(fact), log="ledger-0", sequence=self._sequences["ledger-0"], stream="refusals:EQ-1"
        )
        self.events.append(refused)
        return refused

    def documents(self, model: str) -> dict[str, Any]:
        """The documents of a read model by id, read back from the bytes in which they are kept."""
        found: dict[str, Any] = read_models(self.events)[model]
        return found


def read_models(
    events: Sequence[Recorded], projections: Sequence[Projection] = PROJECTIONS, *, at_once: bool = False
) -> Any:
    """The documents of every model by id, each log folded by itself as a worker does it: every event by a worker that
    starts afresh, or all of a log ``at_once``.
    """
    kept: dict[str, dict[str, bytes]] = {projection.name: {} for projection in projections}
    store = Store(lambda wanted: _found(kept, wanted), lambda model, prefix: _scanned(kept, model, prefix))
    for log in dict.fromkeys(event.log for event in events):
        of_log = [event for event in events if event.log == log]
        for run in [of_log] if at_once else [[event] for event in of_log]:
            for model, documents in Fold(projections, store).run(run).items():
                kept[model].update({key: msgspec.json.encode(each) for key, each in documents.items()})
    return {model: {key: _decoded(model, each) for key, each in found.items()} for model, found in kept.items()}


def _found(kept: Mapping[str, Mapping[str, bytes]], wanted: Mapping[str, Sequence[str]]) -> Found:
    return {
        model: {key: _decoded(model, kept[model][key]) for key in ids if key in kept[model]}
        for model, ids in wanted.items()
    }


def _scanned(kept: Mapping[str, Mapping[str, bytes]], model: str, prefix: str) -> list[Document]:
    return [_decoded(model, stored) for key, stored in sorted(kept[model].items()) if key.startswith(prefix)]


def _decoded(model: str, stored: bytes) -> Document:
    return msgspec.json.decode(stored, type=KINDS[model])


def _recorded(event: Event) -> Recorded:
    return Recorded("", 0, "", 1, event_type(event), event)
