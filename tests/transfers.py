"""Transfers as whoever sends them asks for them: the lots are those that the read models say."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from domain.commands import TransferPosition
from domain.money import exact
from domain.ports import LogRecorder
from domain.routing import ledger_of
from domain.schema import Recorded, recorded
from infra.logs import CommandedLogs
from projections.transfers import in_transit, moved_lots
from tests.documents import read_models


def events_in(log: str, recorder: LogRecorder) -> list[Recorded]:
    return [recorded(log, each.id, each) for each in recorder.select_notifications(1, 100_000)]


def with_lots(command: TransferPosition, logs: CommandedLogs) -> TransferPosition:
    """The command with the lots that are open now; without any when there are not so many."""
    log = ledger_of(command.book, logs.ledgers)
    positions = read_models(events_in(log, logs.recorders[log]), at_once=True)["positions"]
    position = positions.get(f"{command.book}/{command.instrument}")
    with exact():
        if position is None or not 0 < command.quantity <= abs(position.quantity):
            return command
        return msgspec.structs.replace(command, lots=moved_lots(position, command.quantity))


def in_transit_of(models: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Decimal]:
    """By instrument, the quantity that has left a book and is not in another, whatever its log."""
    documents = {key: each for found in models for key, each in found["transfers"].items()}
    waiting: dict[str, Decimal] = {}
    for each in in_transit(documents.values(), lambda _, ids: {key: documents[key] for key in ids if key in documents}):
        waiting[each.instrument] = waiting.get(each.instrument, Decimal(0)) + each.quantity
    return waiting
