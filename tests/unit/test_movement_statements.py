"""A bank's movements held against ours: what fits, what fits but for its day or its fees, and what is left over."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.commands import (
    AnyCommand,
    BookPenalty,
    CancelTrade,
    ClassifyInstrument,
    FailSettlement,
    InstructSettlement,
    NetSettlements,
    SetPenaltyRate,
    SettleNet,
    SettleTrade,
    SettleVariationMargin,
)
from projections.reconciliation.movements import reconcile_movements
from projections.reconciliation.statement import Entry, Reconciliation
from tests.documents import History
from tests.instruments import INSTRUMENTS, futures, outright, trade
from tests.rules import DAY, booking
from tests.trade_commands import about

CUT = DAY + timedelta(2)
SETTLED = about(SettleTrade, settled_on=CUT)


def entry(amount: str, reference: str = "", day: date = CUT, line: int = 2, asset: str = "EUR") -> Entry:
    return Entry(line=line, account="EQ-1", value_date=day, asset=asset, amount=Decimal(amount), reference=reference)


def reconciled(entries: list[Entry], *commands: AnyCommand) -> Reconciliation:
    history = History()
    history.trades.dates["business-date"] = CUT
    for command in commands:
        history.when(command)
    settlements, journal = history.documents("settlements").values(), history.documents("journal").values()
    return reconcile_movements(entries, {"EQ-1": ("EQ-1",)}, settlements, journal)


def causes(found: Reconciliation) -> list[tuple[str, Any, str]]:
    return [(each.reasons[0].cause, each.difference, each.reasons[0].trade_id) for each in found.breaks]


def test_a_movement_fits_by_its_reference_or_by_amount_and_day() -> None:
    instructed = about(InstructSettlement, instruction="SI-1")
    for reference in ("", "T1", "SI-1"):
        found = reconciled([entry("-1000", reference)], booking(), instructed, SETTLED)
        assert (found.matched, found.breaks) == (1, ())


def test_two_like_movements_fit_two_like_trades_and_no_third() -> None:
    trades = (booking("T1"), booking("T2"), SETTLED, about(SettleTrade, "T2", settled_on=CUT))
    found = reconciled([entry("-1000"), entry("-1000", line=3), entry("-1000", line=4)], *trades)
    assert (found.lines, found.matched, causes(found)) == (3, 2, [("unexplained", -1000, "")])


def test_another_day_other_fees_and_another_amount_are_told_apart() -> None:
    fee = {"broker": Decimal("0.5")}
    yesterday = CUT - timedelta(1)
    for reference in ("", "T1"):
        late = reconciled([entry("-1000", reference, yesterday)], booking(), SETTLED)
        assert causes(late) == [("settled-on-another-day", 0, "T1")]
        gross = reconciled([entry("-1000", reference)], booking(fees=fee), SETTLED)
        assert causes(gross) == [("fees", Decimal("0.5"), "T1")]
    assert causes(reconciled([entry("-990", "T1")], booking(), SETTLED)) == [("amount-differs", 10, "T1")]


def test_a_movement_of_what_has_not_settled_here_says_why() -> None:
    assert causes(reconciled([entry("-1000")], booking())) == [("unsettled", -1000, "T1")]
    assert causes(reconciled([entry("-1000")], booking(), about(FailSettlement))) == [("failing", -1000, "T1")]
    assert causes(reconciled([entry("-1000")], booking(), about(CancelTrade))) == [("cancelled", -1000, "T1")]
    part = about(SettleTrade, quantity=Decimal(4), settled_on=CUT)
    found = reconciled([entry("-400"), entry("-600", line=3)], booking(), part)
    assert (found.matched, causes(found)) == (1, [("partially-settled", -600, "T1")])


def test_of_trades_that_would_do_the_one_that_the_reference_names_is_told() -> None:
    (only,) = reconciled([entry("-1000", "T2")], booking("T1"), booking("T2")).breaks
    assert (only.reasons[0].trade_id, only.reasons[0].others) == ("T2", 0)
    (either,) = reconciled([entry("-1000")], booking("T1"), booking("T2")).breaks
    assert either.reasons[0].others == 1


def test_what_moved_here_and_not_on_the_statement_is_a_break_within_its_days() -> None:
    trades = (booking("T1"), booking("T2", "3"), SETTLED, about(SettleTrade, "T2", settled_on=CUT))
    found = reconciled([entry("-1000")], *trades)
    assert causes(found) == [("not-on-statement", 300, "T2")]
    assert found.breaks[0].lines == ()
    later = reconciled([entry("-1000", day=CUT + timedelta(1), line=2)], *trades)
    assert ("not-on-statement", 300, "T2") not in causes(later)


def test_what_settles_with_a_net_is_one_movement() -> None:
    net: dict[str, Any] = {"net_id": "N1", "book": "EQ-1"}
    trades = (
        booking("T1"), booking("T2", "4", side="sell"),
        NetSettlements(command_id="n", **net, trade_ids=("T1", "T2")), SettleNet(command_id="s", **net),
    )
    for reference in ("", "N1", "T2"):
        assert reconciled([entry("-600", reference)], *trades).matched == 1
    (only,) = reconciled([entry("-601", "N1")], *trades).breaks
    assert (only.reasons[0].cause, only.reasons[0].trade_id, len(only.reasons[0].events)) == (
        "amount-differs", "T1 T2", 2
    )


def test_penalties_are_movements_of_the_bank_too() -> None:
    ago = date(2022, 2, 1)
    failed = (
        SetPenaltyRate(command_id="r", kind="liquid-shares", rate=Decimal(10), effective_from=ago),
        ClassifyInstrument(command_id="l", instrument="SAN", liquidity="liquid-shares", effective_from=ago),
        booking(), about(FailSettlement), about(BookPenalty),
    )
    assert reconciled([entry("1.00")], *failed).matched == 1
    assert causes(reconciled([entry("-7")], *failed)) == [("unexplained", -7, ""), ("not-on-statement", -1, "T1")]


def test_both_currencies_of_a_forward_are_movements_of_the_bank() -> None:
    forward = trade(outright(tenor=None, settlement_date=CUT))
    dollars = entry("-110.12", "T1", asset="USD")
    found = reconciled([entry("100", "T1"), dollars], forward, about(SettleTrade))
    assert (found.matched, found.breaks) == (2, ())
    assert causes(reconciled([entry("100")], forward)) == [("unsettled", 100, "T1")]


def test_what_a_future_pays_each_day_is_a_movement_of_the_bank() -> None:
    contracts = trade(futures())
    paid = SettleVariationMargin(
        command_id="v", book="EQ-1", instrument="CRUDE", on=CUT, price=Decimal("61.25")
    )
    assert reconciled([entry("12500")], *INSTRUMENTS, contracts, paid).breaks == ()
    (only,) = reconciled([entry("12500")], *INSTRUMENTS, contracts).breaks
    assert only.reasons[0].cause == "unexplained"
    missing = reconciled([entry("-7")], *INSTRUMENTS, contracts, paid)
    assert causes(missing) == [("unexplained", -7, ""), ("not-on-statement", -12500, "")]
    assert missing.breaks[1].reasons[0].events == ("ledger-0:2",)
