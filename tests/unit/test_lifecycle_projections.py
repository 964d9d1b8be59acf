"""Read models of what becomes of trades: what each says before, between and after."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.commands import (
    AllocateBlock,
    AmendTrade,
    CancelTrade,
    IncreaseTrade,
    InstructSettlement,
    NetSettlements,
    NovateTrade,
    ReallocateBlock,
    SettleTrade,
    TerminateTrade,
)
from domain.commands.lifecycle import Allocation
from tests.documents import History, read_models
from tests.properties.test_second_model import posted
from tests.rules import MOMENT, booking, refusal, rules_after
from tests.trade_commands import about, shares
from tests.unit.test_novation_and_compression import BETA, compression

THEN = MOMENT + timedelta(days=1)


def models(*commands: Any) -> Any:
    return read_models(History(BETA, *commands).events)


def allocated(*books: str, kind: Any = AllocateBlock, first: str = "A", **fields: Any) -> Any:
    return about(kind, effective_at=THEN, **fields, allocations=tuple(
        Allocation(trade_id=f"{first}{place}", book=book, share=Decimal(1)) for place, book in enumerate(books)
    ))


def resized(**fields: Any) -> Any:
    return about(IncreaseTrade, **{"quantity": Decimal(4), "price": Decimal(110), "effective_at": THEN, **fields})


def rows(found: Any) -> list[tuple[Any, ...]]:
    return [
        (each.id, each.quantity, each.valid_from, each.valid_to, each.known_to is None)
        for _, each in sorted(found["movements"].items())
    ]


def test_a_block_holds_until_it_is_allocated_and_its_trades_from_then_on() -> None:
    found = models(booking(effective_at=MOMENT), allocated("EQ-1", "EQ-2"))
    assert rows(found) == [
        ("EQ-1/SAN/A0/0001.000", 5, THEN, None, True), ("EQ-1/SAN/T1/0001", 10, MOMENT, None, False),
        ("EQ-1/SAN/T1/0001-until", 10, MOMENT, THEN, True), ("EQ-2/SAN/A1/0001.000", 5, THEN, None, True),
    ]
    assert {key: (each.quantity, each.cost, each.trades) for key, each in found["positions"].items()} == {
        "EQ-1/SAN": (5, 500, 1), "EQ-2/SAN": (5, 500, 1),
    }
    assert {key: (each.status, each.state.parents) for key, each in found["trades"].items()} == {
        "EQ-1/T1": ("allocated", ()), "EQ-1/A0": ("booked", ("T1",)), "EQ-2/A1": ("booked", ("T1",)),
    }
    assert {key: (each.gross, each.reserved) for key, each in found["exposure"].items()} == {
        "EQ-1/ACME/SAN": (500, 500), "EQ-2/ACME/SAN": (500, 500),
    }
    assert {key: (each.payable, each.total) for key, each in found["cash"].items()} == {
        "EQ-1/EUR": (500, -500), "EQ-2/EUR": (500, -500),
    }


def test_what_is_allocated_before_it_was_dealt_never_was_the_blocks() -> None:
    found = models(booking(effective_at=THEN), about(
        AllocateBlock, effective_at=MOMENT, allocations=(Allocation(trade_id="A", book="EQ-2", share=Decimal(1)),),
    ))
    assert rows(found) == [
        ("EQ-1/SAN/T1/0001", 10, THEN, None, False), ("EQ-2/SAN/A/0001.000", 10, THEN, None, True),
    ]


def test_a_reallocation_takes_the_place_of_the_first_from_its_own_day_on() -> None:
    later = THEN + timedelta(days=1)
    again = allocated("EQ-2", kind=ReallocateBlock, first="B")
    early, late = (models(booking(effective_at=MOMENT), allocated("EQ-1"), about(
        ReallocateBlock, effective_at=moment, allocations=again.allocations,
    )) for moment in (MOMENT, later))
    assert [row[2:] for row in rows(late) if "/B0/" in row[0]] == [(later, None, True)]
    assert [row[2:] for row in rows(late) if "/A0/" in row[0]] == [(THEN, None, False), (THEN, later, True)]
    # Before the first allocation the block was held: no other can have begun then.
    assert [row[2:] for row in rows(early) if "/B0/" in row[0]] == [(THEN, None, True)]
    assert (early["positions"]["EQ-1/SAN"].quantity, early["positions"]["EQ-2/SAN"].quantity) == (0, 10)


def test_the_counterparties_of_a_novated_trade_each_have_their_own() -> None:
    found = models(booking(fees={"broker": Decimal(2)}), about(NovateTrade, new_trade_id="N", counterparty="BETA"))
    assert {key: (each.trades, each.cancelled, each.fees) for key, each in found["counterparties"].items()} == {
        "EQ-1/ACME": (1, 0, {}), "EQ-1/BETA": (1, 0, {"EUR": 2}),
    }
    assert {key: each.quantity for key, each in found["exposure"].items()} == {
        "EQ-1/ACME/SAN": 0, "EQ-1/BETA/SAN": 10,
    }
    balances = {account: each for (_, account, _), each in posted(found["journal"].values()).items()}
    assert balances["Assets:SecuritiesReceivable:BETA"] == 10
    assert "Assets:SecuritiesReceivable:ACME" not in balances


def test_a_compressed_trade_keeps_the_lots_of_those_it_took_the_place_of() -> None:
    found = models(booking("T1", "10", "100"), booking("T2", "4", "110", side="sell"), compression("T1", "T2"))
    position = found["positions"]["EQ-1/SAN"]
    assert (position.quantity, position.cost, position.realised, position.trades) == (6, 600, 40, 1)
    assert [(lot.trade_id, lot.quantity, lot.price) for lot in position.lots] == [("T1", 6, 100)]
    balances = {account: each for (_, account, asset), each in posted(found["journal"].values()).items()
                if asset == "EUR"}
    assert balances == {
        "Equity:Trading:SAN": 600, "Income:RealisedPnL": -40, "Liabilities:CashPayable:ACME": -560,
    }


def test_each_part_of_a_compressed_trade_keeps_its_time_among_the_fills_of_others() -> None:
    moments = [MOMENT + timedelta(hours=hours) for hours in range(3)]
    dealt = [
        booking("T2", "10", "100", effective_at=moments[0]), booking("T1", "10", "110", effective_at=moments[2]),
        booking("T3", "5", "120", side="sell", effective_at=moments[1]),
    ]
    before, after = models(*dealt), models(*dealt, compression("T1", "T2", effective_at=THEN))
    position, was = after["positions"]["EQ-1/SAN"], before["positions"]["EQ-1/SAN"]
    assert (position.realised, position.lots) == (was.realised, was.lots)
    assert (was.realised, len(was.lots)) == (100, 2)


def test_an_increase_is_a_fill_of_its_own_and_what_is_unwound_is_no_profit_of_the_position() -> None:
    found = models(booking(effective_at=MOMENT), resized())
    assert [(lot.quantity, lot.price) for lot in found["positions"]["EQ-1/SAN"].lots] == [(10, 100), (4, 110)]
    assert [row[:1] + row[2:] for row in rows(found) if row[4]] == [
        ("EQ-1/SAN/T1/0001-until", MOMENT, THEN, True), ("EQ-1/SAN/T1/0002.000", THEN, None, True),
        ("EQ-1/SAN/T1/0002.001", THEN, None, True),
    ]
    ended = models(booking(), resized(), about(TerminateTrade, amount=Decimal(25), effective_at=THEN))
    position, cash = ended["positions"]["EQ-1/SAN"], ended["cash"]["EQ-1/EUR"]
    assert (position.quantity, position.cost, position.realised, position.fees, position.lots) == (0, 0, 0, -25, ())
    assert (cash.receivable, cash.payable, cash.total) == (25, 0, 25)
    settled = models(booking(), about(TerminateTrade, amount=Decimal(25)), about(SettleTrade))
    assert (settled["cash"]["EQ-1/EUR"].settled, settled["trades"]["EQ-1/T1"].status) == (25, "terminated")


def test_a_cancelled_trade_never_held_in_any_of_its_parts() -> None:
    found = models(
        booking(effective_at=MOMENT), resized(), resized(command_id="i2", effective_at=THEN + timedelta(1)),
        about(AmendTrade, terms=shares("3"), effective_at=THEN + timedelta(2)), about(CancelTrade),
    )
    assert len(found["movements"]) > 8
    assert [each.id for each in found["movements"].values() if each.known_to is None] == []
    assert found["positions"]["EQ-1/SAN"].quantity == 0


def test_what_came_of_other_trades_raises_no_alert_but_a_change_off_the_market_does() -> None:
    block = booking(price="110", contra_book="EQ-2")
    found = models(block, allocated("EQ-1", "EQ-2"))
    assert sorted(found["alerts"]) == ["EQ-1/off-market/T1", "EQ-1/wash-same-owner/T1"]
    assert {fill.trade_id for each in found["activity"].values() for fill in each.fills} == {"T1"}
    alert = models(booking(), resized())["alerts"]["EQ-1/off-market/T1/0002"]
    assert (alert.evidence["price"], alert.severity) == ("110", "medium")


def test_every_trade_that_changes_is_audited_under_its_own_stream() -> None:
    found = models(booking(), allocated("EQ-1", reason="as agreed"))
    told = [(each.stream, each.version, each.type, each.trade_id, each.reason) for each in found["audit"].values()]
    assert told[-2:] == [
        ("trade:A0", 1, "trade.booked.v1", "A0", "as agreed"), ("trade:T1", 2, "trade.allocated.v1", "T1", "as agreed"),
    ]


def test_what_a_trade_obliged_to_goes_over_to_those_that_took_its_place() -> None:
    found = models(booking(), about(InstructSettlement, instruction="SI-1"), allocated("EQ-1", "EQ-2"))["settlements"]
    assert {key: (each.status, each.quantity, each.open_quantity) for key, each in found.items()} == {
        "EQ-1/T1/start": ("cancelled", 10, 0), "EQ-1/A0/start": ("issued", 5, 5), "EQ-2/A1/start": ("issued", 5, 5),
    }
    changed = models(booking(), about(InstructSettlement, instruction="SI-1"), resized())["settlements"]
    assert [(each.status, each.quantity, each.instruction) for each in changed.values()] == [("issued", 14, "")]
    ended = models(booking(), about(TerminateTrade, amount=Decimal(25)))["settlements"]
    assert [(each.status, each.open_quantity, each.open_amount) for each in ended.values()] == [("issued", 0, 25)]
    unpaid = models(booking(), about(TerminateTrade))["settlements"]
    assert [each.status for each in unpaid.values()] == ["cancelled"]


def test_what_settles_with_others_becomes_nothing_else() -> None:
    rules = rules_after(
        BETA, booking(), booking("T2"),
        NetSettlements(command_id="n", net_id="N1", book="EQ-1", trade_ids=("T1", "T2")),
    )
    for command in (
        about(NovateTrade, new_trade_id="N", counterparty="BETA"), allocated("EQ-1"), resized(),
        about(TerminateTrade), compression("T1", "T2"),
    ):
        assert refusal(rules, command).code == "netted"
