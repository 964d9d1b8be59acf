"""What becomes of trades beside what issuers do: given trades and a split, when a trade is handed over, then."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AllocateBlock,
    AnyCommand,
    CompressTrades,
    DecreaseTrade,
    DefineCounterparty,
    IncreaseTrade,
    NovateTrade,
    TerminateTrade,
)
from domain.commands.lifecycle import Allocation
from domain.identifiers import lei_of
from tests.corporate_actions import EX, Told, announced, bought, cancelled, figures, roll, split
from tests.ledger import send
from tests.rules import DAY
from tests.trade_commands import about

LATER = EX + timedelta(days=1)


def resized(kind: type[IncreaseTrade | DecreaseTrade], quantity: str, **fields: Any) -> AnyCommand:
    command: AnyCommand = about(kind, quantity=Decimal(quantity), price=Decimal(100), **fields)
    return command


SPLIT_SINCE = (roll(DAY), bought("T1", "10", "100"), announced(split("2")), roll(EX))


@pytest.mark.parametrize("command", [
    resized(IncreaseTrade, "1"), resized(DecreaseTrade, "1"), about(TerminateTrade, amount=Decimal(0)),
    about(CompressTrades, "N1", trade_ids=("T1", "T2")),
])
def test_what_is_agreed_in_other_units_than_the_trade_is_refused(command: AnyCommand) -> None:
    told = Told(*SPLIT_SINCE, bought("T2", "3", "50", trade_date=EX))
    (outcome,) = send(told.logs, command)
    assert (outcome.status, outcome.code) == ("refused", "units-changed")
    # Were there never a split, it would be agreed.
    told.tell(cancelled())
    again = command.__class__(**{name: getattr(command, name) for name in command.__struct_fields__} | {
        "command_id": "again"
    })
    assert send(told.logs, again)[0].status == "accepted"


def test_what_another_trade_takes_over_is_split_as_it_was() -> None:
    beta = DefineCounterparty(
        command_id="beta", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000004")
    )
    told = Told(beta, *SPLIT_SINCE, about(NovateTrade, new_trade_id="N1", counterparty="BETA", quantity=Decimal(4)))
    assert figures(told.position(), "quantity", "cost", "units") == [20, 1000, 2]
    assert told.limited() == 20
    assert sorted((lot.trade_id, lot.quantity) for lot in told.position().lots) == [("T1", 8), ("T1", 12)]


def test_each_part_of_a_trade_is_split_when_it_was_dealt_before_the_ex_date() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), roll(LATER), resized(IncreaseTrade, "5"))
    assert told.limited() == 15
    told.tell(announced(split("2")), roll(LATER + timedelta(days=1)))
    assert [told.position().quantity, told.limited()] == [25, 25]


def test_of_several_trades_of_one_command_the_first_brings_an_action_to_its_position() -> None:
    told = Told(*SPLIT_SINCE, about(AllocateBlock, allocations=tuple(
        Allocation(trade_id=name, book="EQ-2", quantity=Decimal(size)) for name, size in (("A", "7"), ("B", "3"))
    )))
    booked: list[Any] = [each.event for each in told.events if each.type == "trade.booked.v1"]
    assert [(each.trade_id, len(each.actions)) for each in booked] == [("T1", 0), ("A", 1), ("B", 0)]
    assert figures(told.position("EQ-2"), "quantity", "cost", "units") == [20, 1000, 2]
    assert [told.limited(), told.limited("EQ-2")] == [0, 20]
