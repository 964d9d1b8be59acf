"""A block is allocated: its trades sum to it, and it counts no more."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AllocateBlock,
    AmendTrade,
    CancelTrade,
    CorrectTrade,
    DecreaseTrade,
    DefineBook,
    EngageKillSwitch,
    ReallocateBlock,
    SetLimit,
    SettleTrade,
)
from domain.commands.lifecycle import Allocation
from domain.outcomes import Principal
from domain.routing import ledger_of
from tests.ledger import send
from tests.rules import DAY, booking, refusal, rules_after
from tests.trade_commands import about, euros, money, shares
from tests.world import WORLD, world


def to(trade_id: str, book: str = "EQ-1", **fields: Any) -> Allocation:
    named: dict[str, Any] = {
        name: Decimal(value) if name in {"quantity", "share"} else value for name, value in fields.items()
    }
    return Allocation(trade_id=trade_id, book=book, **named)


def allocation(*allocations: Allocation, kind: Any = AllocateBlock, **fields: Any) -> Any:
    return about(kind, allocations=allocations, **fields)


def test_a_block_becomes_a_trade_of_each_book_and_counts_no_more() -> None:
    rules = rules_after(booking(quantity="10"))
    first, second, block = rules.when(allocation(to("A", quantity="7"), to("B", "EQ-2", quantity="3", account="K-9")))
    assert type(first).__name__ == "TradeBooked"
    assert type(second).__name__ == "TradeBooked"
    assert type(block).__name__ == "TradeAllocated"
    assert [(each.trade_id, each.terms.book, each.terms.quantity, each.parents) for each in (first, second)] == [
        ("A", "EQ-1", 7, ("T1",)), ("B", "EQ-2", 3, ("T1",)),
    ]
    assert (second.terms.lot_method, second.account, second.terms.amount) == ("average", "K-9", -300)
    assert (block.children, block.residual) == (("A", "B"), 0)
    trade = rules.trades.trades["T1"]
    assert (trade.status, trade.version, trade.is_open, trade.children) == ("allocated", 2, False, ("A", "B"))
    assert rules.trades.positions == {("EQ-1", "SAN"): 7, ("EQ-2", "SAN"): 3}
    assert rules.trades.used == {"EQ-1": 700, "EQ-2": 300}


def test_shares_are_rounded_so_that_the_largest_remainders_get_what_is_left() -> None:
    rules = rules_after(booking(quantity="100", side="sell"))
    events = rules.when(allocation(*(to(name, share="1") for name in "ABC")))
    assert [event.terms.quantity for event in events[:3]] == [-34, -33, -33]
    one = rules_after(booking(quantity="1"))
    assert refusal(one, allocation(to("A", share="2"), to("B", share="1"))).field == "$.allocations[1].share"
    money_block = rules_after(booking(terms=euros()))
    events = money_block.when(allocation(*(to(name, share="1") for name in "ABC")))
    assert [str(event.terms.quantity) for event in events[:3]] == ["33.34", "33.33", "33.33"]


def test_cash_is_shared_in_cents_and_what_is_less_than_one_is_declared() -> None:
    rules = rules_after(booking(quantity="100", price="33.33333", fees={"broker": Decimal(10)}))
    *children, block = rules.when(allocation(*(to(name, share="1") for name in "ABC")))
    cash = [event.terms.amount - event.terms.total_fees for event in children]
    # 3333.333 and 10 of fees are 3343.333: what is less than a cent is nobody's.
    assert cash == [Decimal("-1136.73"), Decimal("-1103.30"), Decimal("-1103.30")]
    assert sum(cash, Decimal(0)) == Decimal("-3343.33")
    assert type(block).__name__ == "TradeAllocated"
    assert block.residual == Decimal("-0.003")
    assert [event.terms.fees["broker"] for event in children] == [
        Decimal("3.40"), Decimal("3.30"), Decimal("3.30"),
    ]


def test_a_loan_is_shared_with_its_interest() -> None:
    rules = rules_after(booking(terms=money()))
    *children, _ = rules.when(allocation(*(to(name, share="1") for name in "ABC")))
    assert [event.terms.loan.interest for event in children] == [
        Decimal("66.66"), Decimal("66.67"), Decimal("66.67"),
    ]


def test_what_is_rounded_of_a_loan_is_an_expense_also_where_fees_are_in_the_cost_of_lots() -> None:
    costly = DefineBook(command_id="d", book="EQ-3", name="Third", desk="EQ", fees_in_cost=True)
    rules = rules_after(costly, booking(terms=money(principal="100.001")))
    child, block = rules.when(allocation(to("A", "EQ-3", share="1")))
    assert (child.terms.fees_in_cost, child.terms.fees, block.residual) == (
        False, {"rounding": Decimal("-0.001")}, Decimal("-0.001"),
    )
    shares_of = rules_after(costly, booking(price="1.0001"))
    assert shares_of.when(allocation(to("A", "EQ-3", share="1")))[0].terms.fees_in_cost


@pytest.mark.parametrize(("code", "field", "asked"), [
    ("allocation-mismatch", "$.allocations", [to("A", quantity="7"), to("B", quantity="2")]),
    ("quantity-or-share", "$.allocations", [to("A", quantity="7"), to("B", share="1")]),
    ("quantity-or-share", "$.allocations", [to("A")]),
    ("not-positive", "$.allocations[1].quantity", [to("A", quantity="11"), to("B", quantity="-1")]),
    ("not-positive", "$.allocations[0].share", [to("A", share="0"), to("B", share="1")]),
    ("trade-exists", "$.allocations[0].trade_id", [to("T2", quantity="10")]),
    ("trade-exists", "$.allocations", [to("A", quantity="7"), to("A", quantity="3")]),
    ("trade-exists", "$.allocations", [to("T1", quantity="10")]),
    ("unknown-book", "$.allocations[0].book", [to("A", "EQ-9", quantity="10")]),
    ("not-permitted", "$.allocations[0].book", [to("A", "EQ-2", quantity="10")]),
])
def test_an_allocation_that_breaks_a_rule_is_refused_by_its_place(
    code: str, field: str, asked: list[Allocation]
) -> None:
    rules = rules_after(booking(), booking("T2"))
    of_one_book = Principal(key_id="k", name="K", roles=("operations",), books=("EQ-1",))
    found = refusal(rules, allocation(*asked), of_one_book)
    assert (found.code, found.field) == (code, field)
    assert rules.trades.trades["T1"].status == "booked"


def test_a_key_that_is_not_for_a_book_takes_nothing_out_of_it_by_reallocating() -> None:
    rules = rules_after(booking(), allocation(to("A", quantity="4"), to("B", "EQ-2", quantity="6")))
    of_one_book = Principal(key_id="k", name="K", roles=("operations",), books=("EQ-1",))
    anew = allocation(to("C", quantity="10"), kind=ReallocateBlock)
    assert refusal(rules, anew, of_one_book).code == "not-permitted"
    assert rules.trades.trades["B"].status == "booked"


def test_what_makes_whole_cents_of_a_share_stays_when_the_trade_is_revised() -> None:
    rules = rules_after(booking(quantity="3", price="33.335"), allocation(to("A", quantity="1"), to("B", quantity="2")))
    before = rules.trades.trades["A"].terms
    assert before.fees["rounding"]
    (amended,) = rules.when(about(AmendTrade, "A", terms=shares("1", "33.335", fees={"broker": Decimal(1)})))
    assert amended.terms.fees == {"broker": 1, "rounding": before.fees["rounding"]}
    assert (amended.terms.amount - amended.terms.total_fees) % Decimal("0.01") == 0


def test_a_book_of_another_log_is_refused_by_the_name_of_the_command_that_moves_there() -> None:
    logs = world(2)
    # EQ-1 and US-1 are kept in different logs of two.
    assert ledger_of("EQ-1", 2) != ledger_of("US-1", 2)
    send(logs, booking())
    (outcome,) = send(logs, allocation(to("A", "US-1", quantity="10")))
    assert (outcome.code, outcome.field) == ("another-log", "$.allocations[0].book")
    assert "TransferPosition" in outcome.detail


def test_a_block_that_has_settled_in_part_is_not_allocated() -> None:
    rules = rules_after(booking(), about(SettleTrade, quantity=Decimal(1)))
    assert refusal(rules, allocation(to("A", quantity="10"))).code == "already-settled"


@pytest.mark.parametrize(("kind", "code"), [
    (CancelTrade, "allocated"), (AmendTrade, "allocated"), (CorrectTrade, "allocated"), (AllocateBlock, "allocated"),
    (SettleTrade, "nothing-open"), (AffirmTrade, "wrong-state"),
])
def test_an_allocated_block_is_reallocated_and_nothing_else(kind: Any, code: str) -> None:
    rules = rules_after(booking(), allocation(to("A", quantity="10")))
    fields: dict[str, Any] = {"terms": shares("12"), "reason": "typo"} if kind in {AmendTrade, CorrectTrade} else {}
    command = allocation(to("B", quantity="10")) if kind is AllocateBlock else about(kind, **fields)
    assert refusal(rules, command).code == code
    assert rules.trades.trades["T1"].status == "allocated"


def test_what_came_of_a_block_keeps_its_economics_but_not_its_dates() -> None:
    rules = rules_after(booking(), allocation(to("A", quantity="10")))
    assert refusal(rules, about(CancelTrade, "A")).code == "derived"
    assert refusal(rules, about(AmendTrade, "A", terms=shares("9"))).code == "derived"
    later = DAY + timedelta(5)
    rules.when(about(AmendTrade, "A", terms=shares("10", settlement_date=later)))
    terms = rules.trades.trades["A"].terms
    assert (terms.settlement_date, len(terms.parts), terms.quantity) == (later, 1, 10)


def test_a_block_is_reallocated_while_all_of_it_is_untouched() -> None:
    rules = rules_after(booking(), allocation(to("A", quantity="4"), to("B", quantity="6")))
    *changed, block = rules.when(allocation(to("C", "EQ-2", quantity="10"), kind=ReallocateBlock))
    assert [type(event).__name__ for event in changed] == ["AllocationWithdrawn", "AllocationWithdrawn", "TradeBooked"]
    assert type(block).__name__ == "TradeReallocated"
    assert (block.children, block.withdrawn) == (("C",), ("A", "B"))
    assert {name: rules.trades.trades[name].status for name in ("T1", "A", "B", "C")} == {
        "T1": "allocated", "A": "withdrawn", "B": "withdrawn", "C": "booked",
    }
    assert {place: held for place, held in rules.trades.positions.items() if held} == {("EQ-2", "SAN"): 10}
    assert refusal(rules, about(AmendTrade, "A", terms=shares("4"))).code == "wrong-state"
    rules.when(about(DecreaseTrade, "C", quantity=Decimal(1), price=Decimal(100), book="EQ-2"))
    assert refusal(rules, allocation(to("D", quantity="10"), kind=ReallocateBlock)).code == "wrong-state"


def test_only_what_is_allocated_is_reallocated_and_nothing_that_has_settled() -> None:
    rules = rules_after(booking())
    assert refusal(rules, allocation(to("A", quantity="10"), kind=ReallocateBlock)).code == "not-allocated"
    rules.when(allocation(to("A", quantity="10")))
    rules.when(about(SettleTrade, "A", quantity=Decimal(1)))
    assert refusal(rules, allocation(to("B", quantity="10"), kind=ReallocateBlock)).code == "wrong-state"


def test_each_book_must_have_the_room_that_its_trades_take_together() -> None:
    limit = SetLimit(command_id="l", book="EQ-2", kind="gross-notional", amount=Decimal(500))
    rules = rules_after(booking(), limit)
    asked = allocation(to("A", "EQ-2", quantity="4"), to("B", "EQ-2", quantity="6"))
    found = refusal(rules, asked)
    assert (found.code, found.field, found.limit) == ("limit-gross-notional", "$.allocations[1]", "gross-notional")
    assert rules.trades.used == {"EQ-1": 1000}
    rules.when(allocation(to("A", "EQ-2", quantity="5"), to("B", quantity="5")))
    assert rules.trades.used == {"EQ-1": 500, "EQ-2": 500}


def test_a_block_that_held_a_short_book_within_its_limit_stays() -> None:
    limit = SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(20))
    rules = rules_after(limit, booking(quantity="15"), booking("T2", "30", side="sell"))
    assert refusal(rules, allocation(to("A", "EQ-2", quantity="15"))).code == "limit-position-quantity"
    assert rules.when(allocation(to("A", "EQ-2", quantity="5"), to("B", quantity="10")))


def test_a_book_that_is_stopped_gets_nothing() -> None:
    rules = rules_after(booking(), EngageKillSwitch(command_id="k", book="EQ-2"))
    found = refusal(rules, allocation(to("A", quantity="5"), to("B", "EQ-2", quantity="5")))
    assert (found.code, found.field) == ("kill-switch", "$.allocations[1]")


def test_a_book_of_another_currency_reserves_in_its_own() -> None:
    rules = rules_after(*WORLD[:4], booking())
    first, _ = rules.when(allocation(to("A", "US-1", quantity="10")))
    assert type(first).__name__ == "TradeBooked"
    assert (first.terms.base_currency, first.terms.notional, first.terms.entity) == ("USD", 1250, "BANK-US")
