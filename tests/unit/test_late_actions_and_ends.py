"""A trade that ended early, and what its issuer did meanwhile becomes known after that: nothing of it is held."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AnyCommand, DecreaseTrade, IncreaseTrade, TerminateTrade
from domain.commands.corporate_actions import ActionTerms, CashMerger, StockDividend
from domain.corporate_actions import opening_of
from domain.trades import TradeDecider
from projections.as_of import Instant, position_at
from projections.difference import difference
from projections.explanation import explain
from projections.stands import stands
from tests.corporate_actions import (
    EX,
    Told,
    amended,
    announced,
    bought,
    cancelled,
    dividend,
    figures,
    merger,
    mixed,
    of,
    roll,
    spin_off,
    split,
)
from tests.instruments import define
from tests.ledger import send
from tests.properties.instants import among
from tests.rules import DAY, MOMENT
from tests.trade_commands import about
from tests.world import world

NEW = define("AXA", "ESVUFR", None, issuer="AXA")
FIGURES = ("quantity", "settled", "cost", "realised")
END = EX + timedelta(days=1)
KNOWN = (roll(END + timedelta(days=1)),)
NOTHING = [0, 0, 0, 0]


def ended(trade_id: str = "T1", **fields: Any) -> AnyCommand:
    command: AnyCommand = about(
        TerminateTrade, trade_id, command_id=f"end-{trade_id}", trade_date=END, amount=Decimal(0),
        effective_at=opening_of(END) + timedelta(hours=10), **fields,
    )
    return command


def resized(kind: type[IncreaseTrade | DecreaseTrade], quantity: str, price: str, **fields: Any) -> AnyCommand:
    command: AnyCommand = about(kind, quantity=Decimal(quantity), price=Decimal(price), **fields)
    return command


def held(told: Told, instrument: str = "SAN") -> list[Decimal]:
    return figures(told.position(instrument=instrument), *FIGURES)


def units(told: Told, instrument: str) -> dict[str, Decimal]:
    """What every account holds of an instrument."""
    return {account: held for (account, asset), held in told.accounts().items() if asset == instrument}


@pytest.mark.parametrize("terms", [split("2"), split("1", "3"), split("1", "3", "40"), StockDividend(units=Decimal(1))])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_nothing_is_left_of_it_whatever_it_was_split_into(terms: ActionTerms, side: Any) -> None:
    told = Told(roll(DAY), bought("T1", "100", "10", side=side), roll(END), ended(), announced(terms))
    told.tell(*KNOWN)
    assert figures(told.position(), "quantity", "settled", "cost") == [0, 0, 0]
    assert told.limited() == 0
    assert units(told, "SAN") == {}
    # Only of what was paid out there is something left, a third of 40: it was held at the ex date.
    paid = Decimal("13.33") if getattr(terms, "cash_in_lieu", None) else 0
    assert told.cash().total == told.position().realised == (paid if side == "buy" else -paid)


def test_what_is_left_of_others_keeps_its_lots_and_a_fraction_of_all_is_paid_once() -> None:
    told = Told(roll(DAY), bought("T1", "100", "10"), bought("T2", "200", "20"), roll(END), ended("T2"))
    told.tell(announced(split("1", "3", "40")), *KNOWN)
    # 300 are 100 without a fraction; of 200 alone 66 would be whole.
    assert told.position().quantity == told.limited() == 34
    # By fifo those of T1 went first, as they do with what is dealt otherwise.
    assert {lot.trade_id for lot in told.position().lots} == {"T2"}


def test_before_its_end_it_was_held_as_what_it_had_become_and_its_income_stays() -> None:
    told = Told(roll(DAY), bought("T1", "100", "10", effective_at=MOMENT), roll(END), ended(), announced(split("2")))
    told.tell(announced(dividend("1"), "A2"), *KNOWN)
    assert figures(told.position(), "quantity", "income") == [0, 100]
    groups = told.groups()
    group, known = groups["EQ-1/SAN"], len(told.events)
    before = position_at(group, Instant(opening_of(END), known), among(groups))
    after = position_at(group, Instant(None, known), among(groups))
    assert before is not None
    assert after is not None
    assert [before.quantity, after.quantity] == [200, 0]
    explained: Any = explain(group, Instant(None, known), among(groups))
    assert [(each.kind, each.quantity) for each in explained.items if each.quantity] == [
        ("trade", 100), ("action", 100), ("trade", -200)
    ]


def test_an_action_that_is_amended_or_taken_back_leaves_nothing_either() -> None:
    told = Told(roll(DAY), bought("T1", "100", "10"), roll(END), ended(), announced(split("2")), *KNOWN)
    for command in (amended(split("3")), amended(split("3"), ex=END + timedelta(days=1)), cancelled()):
        told.tell(command)
        told.logs.carry_all()
        assert held(told) == NOTHING
        assert told.limited() == 0


def test_what_was_more_and_less_of_it_is_dealt_back_as_it_is_by_then() -> None:
    told = Told(
        roll(DAY), bought("T1", "10", "100"), roll(END), resized(IncreaseTrade, "5", "60", trade_date=EX),
        resized(DecreaseTrade, "3", "55", trade_date=END, command_id="less"), ended(), announced(split("2")), *KNOWN,
    )
    # 10 were split, 5 and 3 were dealt in new units.
    assert held(told) == NOTHING
    assert told.limited() == 0


def test_what_is_to_be_dealt_only_later_is_dealt_back_when_it_is() -> None:
    later = END + timedelta(days=1)
    told = Told(
        roll(DAY), bought("T1", "10", "100"), resized(IncreaseTrade, "5", "60", trade_date=later),
        about(TerminateTrade, trade_date=DAY, amount=Decimal(0)), announced(split("2")), *KNOWN,
    )
    assert held(told) == NOTHING
    assert told.limited() == 0


@pytest.mark.parametrize("terms", [
    merger("3", "2"), spin_off("1", "2", "20"), spin_off("1", "3", "20", cash_in_lieu="80"),
])
def test_nothing_is_left_of_it_in_the_instrument_that_came_of_it(terms: ActionTerms) -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), roll(END), ended(), announced(terms), *KNOWN)
    assert held(told)[:3] == held(told, "AXA")[:3] == NOTHING[:3]
    assert [told.limited(), told.limited(instrument="AXA")] == [0, 0]
    assert units(told, "SAN") == units(told, "AXA") == {}
    in_lieu = told.cash().total
    assert told.position().realised == 0
    assert told.position(instrument="AXA").realised == in_lieu
    accounts = told.accounts()
    assert not [account for account, _ in accounts if account.startswith(("Equity:Exchanged", "Equity:Trading"))]


def test_cash_that_came_of_it_stays_and_is_profit() -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), roll(END), ended(), announced(mixed("1", "1", "30", "90")))
    told.tell(*KNOWN)
    assert [held(told)[0], held(told, "AXA")[0]] == [0, 0]
    assert told.cash().total == 300
    assert told.position().realised + told.position(instrument="AXA").realised == 300
    told = Told(roll(DAY), bought("T1", "10", "100"), roll(END), ended(), announced(CashMerger(amount=Decimal(120))))
    told.tell(*KNOWN)
    assert held(told) == [0, 0, 0, 1200]
    assert told.limited() == 0


def test_what_came_of_what_came_of_it_goes_too_and_is_explained() -> None:
    other = define("ETF", "CEOGES", None, issuer="ETF")
    told = Told(NEW, other, roll(DAY), bought("T1", "10", "100", effective_at=MOMENT), roll(END), ended())
    known = len(told.events)
    told.tell(of("AXA", merger("2", "1", into="ETF"), "A2", EX), announced(merger("3", "2"), ex=EX - timedelta(days=1)))
    told.tell(*KNOWN)
    assert [held(told, name) for name in ("SAN", "AXA", "ETF")] == [NOTHING] * 3
    assert told.limited(instrument="ETF") == 0
    groups, last = told.groups(), len(told.events)
    group = groups["EQ-1/ETF"]
    explained: Any = explain(group, Instant(None, last), among(groups))
    assert [(each.kind, each.source, each.quantity, each.cost) for each in explained.items if each.quantity] == [
        ("succession", "AXA", 30, 1000), ("trade", "SAN", -30, -1000)
    ]
    assert difference(group, None, known, last, among(groups)) is not None
    then = position_at(group, Instant(opening_of(END), last), among(groups))
    assert then is not None
    assert figures(then, "quantity", "cost") == [30, 1000]


def test_what_a_company_brings_that_was_another_holds_no_end_of_before() -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), roll(END), ended(), announced(spin_off("1", "2", "20")))
    told.tell(of("AXA", spin_off("1", "1", "30", into="SAN"), "A2", END + timedelta(days=1)), *KNOWN)
    assert held(told) == held(told, "AXA") == NOTHING
    assert [told.limited(), told.limited(instrument="AXA")] == [0, 0]


def test_units_that_are_as_many_again_are_ended_and_stay_so_when_one_action_is_taken_back() -> None:
    told = Told(
        roll(DAY), bought("T1", "10", "100"), announced(split("2")), announced(split("1", "2"), "A2"), roll(END),
    )
    told.tell(ended(), cancelled("A2"))
    told.logs.carry_all()
    assert held(told) == NOTHING
    assert told.limited() == 0


def test_the_room_of_a_limit_is_what_the_books_hold_without_what_was_paid_out() -> None:
    told = Told(roll(DAY), bought("T1", "100", "10"), announced(split("1", "3", "40")), roll(EX))
    assert told.limited() == told.position().quantity == 33
    # One and two thirds of the next are two with the fraction of before: it was of the whole.
    told.tell(bought("T2", "5", "10", trade_date=DAY), bought("T3", "7", "30", trade_date=EX))
    assert told.limited() == told.position().quantity == 42
    told.tell(bought("T4", "200", "10", side="sell", trade_date=DAY))
    assert told.limited() == told.position().quantity == -24


def test_a_snapshot_remembers_what_ended() -> None:
    told = Told(roll(DAY), bought("T1", "100", "10"), roll(END), ended())
    decider: Any = told.logs.by_log["ledger-0"].decider
    decider.undo.keep()
    again = TradeDecider("ledger-0", decider.reference, decider.market)
    again.resume(decider.kept())
    assert again.kept() == decider.kept()
    (outcome,) = send(told.logs, announced(split("2")))
    assert outcome.status == "accepted"
    applied: Any = next(each.event for each in reversed(told.events) if each.type == "corporate-action.applied.v1")
    assert dict(again.entitlements.today(again.entitlements.evolve(applied))) == {("EQ-1", "SAN"): 0}


def test_what_is_dealt_later_is_dealt_back_behind_it_and_takes_no_lot_of_another_trade() -> None:
    later = END + timedelta(days=1)
    told = Told(
        roll(DAY), bought("T0", "5", "20", book="LIFO-1"), bought("T1", "10", "100", book="LIFO-1"),
        resized(IncreaseTrade, "5", "60", trade_date=later, book="LIFO-1"),
        about(TerminateTrade, book="LIFO-1", trade_date=DAY, amount=Decimal(0)), roll(later), logs=world(),
    )
    position = told.position("LIFO-1")
    assert figures(position, "quantity", "cost", "realised") == [5, 100, 0]
    assert [lot.trade_id for lot in position.lots] == ["T0"]


def test_a_late_trade_stands_before_the_end_that_came_over_as_in_the_position_itself() -> None:
    told = Told(
        NEW, roll(DAY), bought("T1", "10", "100", book="EQ-2"), bought("T2", "10", "50", book="EQ-2"), roll(END),
        ended(book="EQ-2"), announced(spin_off("1", "1", "20")), *KNOWN,
    )
    before = len(told.events)
    told.tell(bought("T3", "4", "7", book="EQ-2", instrument="AXA", trade_date=EX))
    movements = told.groups()
    *_, stand = stands(movements["EQ-2/AXA"], None, before, len(told.events), among(movements))
    assert figures(stand.position, *FIGURES) == figures(told.position("EQ-2", "AXA"), *FIGURES)


def test_what_ends_without_a_share_in_the_exchange_is_nothing_to_what_came_of_it() -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20")), *KNOWN)
    told.tell(bought("T2", "5", "90", trade_date=EX + timedelta(days=1)))
    told.tell(about(TerminateTrade, "T2", command_id="e2", trade_date=END + timedelta(days=1), amount=Decimal(0)))
    assert _sequences(told, "AXA") == 6


def test_a_position_rests_on_another_still_when_the_action_was_taken_back() -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20")), *KNOWN)
    told.tell(cancelled())
    told.tell(bought("T2", "5", "90", trade_date=DAY))
    _sequences(told, "AXA")


def _sequences(told: Told, instrument: str) -> int:
    """What a position says live, as in the end."""
    movements = told.groups()
    then = position_at(movements[f"EQ-1/{instrument}"], Instant(None, len(told.events)), among(movements))
    live = told.position(instrument=instrument).sequence
    assert then is not None
    assert then.sequence == live
    return int(live)
