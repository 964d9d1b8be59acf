"""What changed between two known times: given commands, what cash, accounts and profit say otherwise, and by which."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, AnyCommand, CancelTrade, CorrectTrade, SettleTrade
from domain.money import exact
from projections.as_of import Instant, position_at
from projections.changes import Changed, Changes, Figures, Key, in_accounts, in_cash
from projections.profit_changes import ProfitChanges
from projections.quotes import Quote, QuotesAt
from projections.stands import Stand, stands
from tests.corporate_actions import EX, Told, announced, bought, dividend, roll, spin_off
from tests.instruments import define
from tests.properties.instants import among
from tests.rules import DAY, MOMENT
from tests.trade_commands import about, shares

CHILD = define("AXA", "ESVUFR", None, issuer="AXA")


def changed(
    told: Told, known: int, figures: Callable[[Stand], Mapping[Key, Figures]] = in_cash
) -> dict[Key, Changed]:
    groups, changes, last = told.groups(), Changes(), len(told.events)
    with exact():
        for group in groups.values():
            changes.take(stands(group, None, known, last, among(groups)), figures)
        return {each.key: each for each in changes.found()}


def by_event(change: Changed, known: int) -> dict[int, dict[str, Any]]:
    """What each cause changed, by how many events after the first known time it came."""
    return {int(each.event.rpartition(":")[2]) - known: each.change for each in change.causes}


def after(*commands: AnyCommand, first: tuple[AnyCommand, ...] = ()) -> tuple[Told, int]:
    told = Told(roll(DAY), *(first or (bought("T1", "10", "100"),)))
    known = len(told.events)
    return told.tell(*commands), known


def test_cash_changes_by_the_terms_that_went_and_those_that_came() -> None:
    told, known = after(about(CorrectTrade, terms=shares("12", "100"), reason="typo"), bought("T2", "1", "50"))
    (cash,) = changed(told, known).values()
    assert (cash.key, cash.before["payable"], cash.after["payable"]) == (("EQ-1", "EUR"), 1000, 1250)
    assert cash.change == {"payable": 250, "total": -250}
    assert by_event(cash, known) == {1: {"payable": 200, "total": -200}, 2: {"payable": 50, "total": -50}}
    assert [each.reason for each in cash.causes] == ["typo", None]


def test_what_came_and_went_in_between_changed_nothing() -> None:
    told, known = after(bought("T2", "1", "50"), about(CancelTrade, "T2"))
    assert changed(told, known) == changed(told, known, in_accounts) == {}
    told.tell(bought("T3", "1", "50"))
    assert [by_event(each, known).keys() for each in changed(told, known).values()] == [{3}]


def test_an_event_that_changes_nothing_of_a_line_is_no_cause_of_it() -> None:
    told, known = after(
        about(SettleTrade, quantity=Decimal(4)), about(AmendTrade, terms=shares("10", "100")), bought("T2", "1", "50")
    )
    (cash,) = changed(told, known).values()
    assert by_event(cash, known) == {
        1: {"settled": -400, "payable": -400}, 3: {"payable": 50, "total": -50},
    }
    accounts = changed(told, known, in_accounts)
    assert by_event(accounts["Assets:Custody", "SAN"], known) == {1: {"debit": 4, "balance": 4}}


def test_a_late_purchase_is_a_cause_of_what_a_sale_realised_otherwise_and_one_of_later_lots_is_none() -> None:
    first = (bought("T1", "10", "100"), bought("T2", "4", "130", side="sell", effective_at=MOMENT))
    late = bought("T0", "2", "90", trade_date=DAY.replace(day=DAY.day - 1))
    told, known = after(bought("T3", "1", "50"), late, first=first)
    realised = changed(told, known, in_accounts)["Income:RealisedPnL", "EUR"]
    assert by_event(realised, known) == {2: {"credit": 20, "balance": -20}}
    groups = told.groups()
    with exact():
        *_, last = stands(groups["EQ-1/SAN"], None, known, len(told.events), among(groups))
        found: Any = position_at(groups["EQ-1/SAN"], Instant(None, len(told.events)), among(groups))
    assert (last.position.lots, last.position.realised) == (found.lots, found.realised)


def test_a_late_trade_is_a_cause_of_what_a_dividend_brings_and_one_of_after_the_ex_date_is_none() -> None:
    first = (bought("T1", "10", "100"), announced(dividend("2")), roll(EX))
    told, known = after(bought("T2", "3", "0.5"), bought("T3", "5", "0.1", trade_date=EX), first=first)
    receivable = changed(told, known, in_accounts)["Income:Dividend", "EUR"]
    assert by_event(receivable, known) == {1: {"credit": 6, "balance": -6}}


def test_a_late_trade_of_the_parent_is_a_cause_in_the_accounts_of_the_child() -> None:
    first = (CHILD, bought("T1", "10", "100"), announced(spin_off("1", "2", "20")), roll(EX))
    told, known = after(bought("T2", "4", "50"), about(SettleTrade, "T1", settled_on=EX), first=first)
    cost = changed(told, known, in_accounts)["Equity:Trading:AXA", "EUR"]
    assert (cost.before["balance"], cost.after["balance"]) == (200, 240)
    assert by_event(cost, known) == {1: {"debit": 40, "balance": 40}}


def quote(name: str, value: str, sequence: int, kind: Any = "prices") -> Quote:
    return Quote(
        id=f"{kind}/{name}/{1000 - sequence}", kind=kind, name=name, currency="EUR", value=Decimal(value),
        effective_at=MOMENT, recorded_at=MOMENT, event=f"market:{sequence}", actor="feed", sequence=sequence,
    )


def totals(changes: ProfitChanges) -> list[tuple[str, Any]]:
    """What each cause did to the only line."""
    (line,) = changes.found()
    return [(each.event, each.change["total"]) for each in line.causes]


def earned(told: Told, known: int, quotes: list[Quote], market: tuple[int, int]) -> ProfitChanges:
    def select(prefix: str, after: str, limit: int) -> list[Quote]:
        found = (each for each in quotes if each.id.startswith(prefix) and each.id > after)
        return sorted(found, key=lambda each: each.id)[:limit]

    groups = told.groups()
    changes = ProfitChanges("book", *(QuotesAt(select, None, sequence) for sequence in market))
    with exact():
        for group in groups.values():
            changes.take(stands(group, None, known, len(told.events), among(groups)))
    return changes


def test_profit_changes_by_trades_at_the_earlier_marks_and_by_the_marks_at_what_is_held() -> None:
    told, known = after(bought("T2", "5", "104"))
    changes = earned(told, known, [quote("SAN", "110", 1), quote("SAN", "112", 2), quote("SAN", "111", 3)], (1, 3))
    (line,) = changes.found()
    assert (line.key, line.before["total"], line.after["total"]) == (("EQ-1", "EUR"), 100, 145)
    assert line.before["rates"] == line.after["rates"] == {"EUR": 1}
    assert totals(changes) == [(f"ledger-0:{known + 1}", 30), ("market:3", 15)]
    assert [(each.actor, sorted(each.change)) for each in line.causes] == [
        ("everbook", ["total", "unrealised"]), ("feed", ["total", "unrealised"])
    ]
    assert changes.unmarked == []


def test_each_price_and_rate_changed_what_it_did_after_those_before_it() -> None:
    told, known = after(first=(bought("T1", "10", "100", instrument="IBM"),))
    quotes = [
        quote("IBM", "110", 1), quote("USDEUR", "0.5", 2, "rates"), quote("USDEUR", "0.8", 3, "rates"),
        quote("IBM", "120", 4),
    ]
    changes = earned(told, known, quotes, (2, 4))
    (line,) = changes.found()
    assert totals(changes) == [("market:3", 30), ("market:4", 80)]
    assert (line.before["rates"], line.after["rates"]) == ({"USD": Decimal("0.5")}, {"USD": Decimal("0.8")})


def test_what_had_no_mark_is_worth_what_the_first_one_says_and_is_named() -> None:
    told, known = after(bought("T2", "5", "104"))
    changes = earned(told, known, [quote("SAN", "110", 4)], (3, 4))
    assert totals(changes) == [(f"ledger-0:{known + 1}", 30), ("market:4", 100)]
    assert changes.unmarked == ["EQ-1/SAN"]
    assert earned(told, known, [], (3, 4)).found() == []


@pytest.mark.parametrize("figures", [in_cash, in_accounts])
def test_nothing_changed_since_the_time_itself(figures: Any) -> None:
    told, _ = after(bought("T2", "5", "104"))
    assert changed(told, len(told.events), figures) == {}
