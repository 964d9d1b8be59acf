"""What one commit holds is bounded by what its commands bring, not by how many they are."""

from concurrent.futures import Future
from decimal import Decimal
from typing import Any

from domain.batch import Unit
from domain.commands import AllocateBlock, AnyCommand, CompressTrades, NetSettlements, ReallocateBlock, SettleNet
from domain.commands.lifecycle import MOST_PARTS, Allocation
from domain.commands.lots import NamedLot
from domain.commands.settlement import MOST_NETTED
from domain.commands.transfers import ReturnTransfer
from domain.commands.weights import weight_of
from infra.kafka.records import Asked
from infra.kafka.shares import shares as shares_of_records
from infra.logs import submission_of
from infra.requests import Request, runs, shares
from tests.rules import booking
from tests.trade_commands import about, moving


def allocation(count: int, kind: type[Any] = AllocateBlock) -> AnyCommand:
    named = tuple(Allocation(trade_id=f"A{place}", book="EQ-1", share=Decimal(1)) for place in range(count))
    allocated: AnyCommand = about(kind, allocations=named)
    return allocated


def request(*commands: AnyCommand, atomic: bool = False) -> Request:
    return Request([submission_of(each) for each in commands], atomic, False, "ledger-0", Future())


def test_a_command_counts_for_the_trades_that_it_touches() -> None:
    assert weight_of(booking()) == 1
    assert weight_of(allocation(7)) == 8
    assert weight_of(allocation(7, ReallocateBlock)) == 8 + MOST_PARTS
    assert weight_of(about(CompressTrades, trade_ids=("T1", "T2"))) == 3


def test_a_command_counts_for_the_lots_and_the_netted_trades_that_it_brings() -> None:
    lots = tuple((f"T{number}", "1", "100") for number in range(100))
    closes = tuple(NamedLot(trade_id=trade_id, quantity=Decimal(1)) for trade_id, *_ in lots)
    assert [weight_of(moving(*lots)), weight_of(booking(closes=closes))] == [11, 11]
    net: dict[str, Any] = {"command_id": "n", "net_id": "N", "book": "EQ-1"}
    assert weight_of(NetSettlements(**net, trade_ids=("T1", "T2"))) == 3
    assert weight_of(SettleNet(**net)) == 1 + MOST_NETTED
    assert weight_of(ReturnTransfer(command_id="r", transfer_id="M", book="EQ-1", to_book="EQ-2", code="c")) == 101


def test_heavy_commands_of_one_request_or_of_several_come_in_several_shares() -> None:
    heavy = [allocation(4)] * 3
    assert [[len(unit.submissions) for unit in share] for share in shares([request(*heavy)], 10)] == [[2], [1]]
    assert [len(share) for share in shares([request(each) for each in heavy], 10)] == [2, 1]
    assert [len(share) for share in shares([request(*heavy, atomic=True)], 10)] == [1]
    assert [run["ledger-0"] for run in runs(request(booking(), *heavy).submissions, 1, 10)] == [[0, 1], [2, 3]]


def test_heavy_records_come_in_several_shares() -> None:
    asked = [Asked(offset, Unit((submission_of(allocation(4)),))) for offset in range(3)]
    assert [len(share) for share in shares_of_records(asked, 10)] == [2, 1]


def test_one_command_that_counts_for_more_than_a_commit_holds_has_one_to_itself() -> None:
    found = shares([request(booking(), allocation(50), booking("T2"))], 10)
    assert [[len(unit.submissions) for unit in share] for share in found] == [[1], [1], [1]]
