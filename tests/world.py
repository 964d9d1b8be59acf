"""A small ledger for random histories: books of two entities, by every lot method."""

from decimal import Decimal

from domain.commands import (
    AnyCommand,
    ClassifyInstrument,
    DefineBook,
    DefineCounterparty,
    DefineDesk,
    DefineLegalEntity,
    DefineTrader,
    RecordFxRate,
    SetPenaltyRate,
)
from domain.identifiers import lei_of
from infra.logs import CommandedLogs
from tests.instruments import INSTRUMENTS
from tests.ledger import founded, logs_in_memory, send
from tests.rules import DAY

WORLD: tuple[AnyCommand, ...] = (
    DefineLegalEntity(
        command_id="w1", entity="BANK-US", name="Bank", lei=lei_of("EVERBOOK0000000003"), base_currency="USD"
    ),
    DefineDesk(command_id="w2", desk="US", name="America", entity="BANK-US"),
    DefineBook(command_id="w3", book="US-1", name="Third", desk="US"),
    DefineTrader(command_id="w4", trader="ben", name="Ben", desk="US"),
    DefineCounterparty(command_id="w5", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000004")),
    RecordFxRate(command_id="w6", base="USD", quote="JPY", rate=Decimal("150.5")),
    SetPenaltyRate(command_id="w7", kind="liquid-shares", rate=Decimal("1.5"), effective_from=DAY),
    SetPenaltyRate(command_id="w8", kind="lack-of-cash", rate=Decimal("3.5"), currency="EUR", effective_from=DAY),
    ClassifyInstrument(command_id="w9", instrument="SAN", liquidity="liquid-shares", effective_from=DAY),
    DefineBook(command_id="w10", book="LIFO-1", name="Latest", desk="EQ", lot_method="lifo", fees_in_cost=True),
    DefineBook(command_id="w11", book="HIFO-1", name="Dearest", desk="EQ", lot_method="hifo", fees_in_cost=True),
    DefineBook(command_id="w12", book="SPEC-1", name="Chosen", desk="EQ", lot_method="specific"),
    DefineBook(command_id="w13", book="POOL-1", name="Pool", desk="EQ", lot_method="average", fees_in_cost=True),
    *INSTRUMENTS,
)


def world(ledgers: int = 1, logs: CommandedLogs | None = None) -> CommandedLogs:
    """A ledger, in memory if none is given, with books of two entities, by every lot method."""
    logs = logs_in_memory(ledgers) if logs is None else founded(logs)
    for command in WORLD:
        send(logs, command)
    return logs
