"""A statement is derived from a random history and bent: every break is found with its cause, and none else."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import (
    AmendTrade,
    AnyCommand,
    CancelTrade,
    FailSettlement,
    RollBusinessDate,
    SettleTrade,
)
from projections.reconciliation.holdings import reconcile_balances, settled_of
from projections.reconciliation.statement import Balance, Kind, Reconciliation
from tests.documents import read_models
from tests.ledger import logs_in_memory, send
from tests.properties.test_replay import events_of
from tests.rules import DAY, booking
from tests.trade_commands import about, shares

CUT, NEXT = DAY + timedelta(2), DAY + timedelta(3)
FEE = Decimal("0.07")


class Fate(NamedTuple):
    """What happens to a trade on its day, on the day of the statement, and afterwards; how often its size the custodian
    has by then, and why that is another than ours (None: it is the same). A trade is of twice its size.
    """

    cause: str | None
    theirs: int
    on_time: tuple[AnyCommand, ...] = ()
    afterwards: tuple[AnyCommand, ...] = ()
    fee: Decimal = Decimal(0)
    is_late: bool = False


def fates(trade_id: str, size: Decimal) -> dict[str, Fate]:
    """Whatever may become of a trade, those without a cause first."""
    settled, part = about(SettleTrade, trade_id), about(SettleTrade, trade_id, quantity=size)
    return {
        "settled": Fate(None, 2, (settled,)), "open": Fate(None, 0), "in part": Fate(None, 1, (part,)),
        "settled later": Fate(None, 0, (), (settled,)),
        "cancelled in time": Fate(None, 0, (about(CancelTrade, trade_id),)),
        "unsettled": Fate("unsettled", 2), "failing": Fate("failing", 2, (about(FailSettlement, trade_id),)),
        "rest settled": Fate("partially-settled", 2, (part,)),
        "settled before us": Fate("settled-on-another-day", 2, (), (settled,)),
        "settled after us": Fate("settled-on-another-day", 0, (settled,)),
        "booked late": Fate("booked-after-the-cut", 2, is_late=True),
        "amended": Fate("amended", 2, (), (about(AmendTrade, trade_id, terms=shares(str(size))),)),
        "amended after a part": Fate(
            "amended", 2, (part,), (about(AmendTrade, trade_id, terms=shares(str(3 * size))),)
        ),
        "cancelled": Fate("cancelled", 2, (), (about(CancelTrade, trade_id),)),
        "without fees": Fate("fees", 2, (settled,), fee=FEE),
    }


NAMES = tuple(fates("T1", Decimal(1)))
HEALTHY = tuple(name for name, fate in fates("T1", Decimal(1)).items() if fate.cause is None)
BROKEN = tuple(name for name in NAMES if name not in HEALTHY)


def size_of(place: int) -> Decimal:
    """In base five every sum of one or two sizes a trade, whichever its sign, is made in one way."""
    return Decimal(5**place)


def day(number: int) -> RollBusinessDate:
    return RollBusinessDate(command_id=f"day-{number}", business_date=DAY + timedelta(number))


def history(chosen: Sequence[str]) -> tuple[list[AnyCommand], list[Fate]]:
    found = [fates(f"T{place}", size_of(place))[name] for place, name in enumerate(chosen)]
    booked: list[tuple[AnyCommand, Fate]] = [
        (booking(f"T{place}", str(2 * size_of(place)), fees={"broker": fate.fee} if fate.fee else {}), fate)
        for place, fate in enumerate(found)
    ]
    on_time = [command for fate in found for command in fate.on_time]
    afterwards = [command for fate in found for command in fate.afterwards]
    return [
        day(0), *(command for command, fate in booked if not fate.is_late), day(2), *on_time, day(3),
        *(command for command, fate in booked if fate.is_late), *afterwards,
    ], found


def reconciled(chosen: Sequence[str], kind: Kind) -> Reconciliation:
    commands, found = history(chosen)
    logs = logs_in_memory()
    for command in commands:
        (outcome,) = send(logs, command)
        assert outcome.status == "accepted", outcome
    models: Any = read_models(events_of(logs)["ledger-0"], at_once=True)
    theirs = sum((fate.theirs * size_of(place) for place, fate in enumerate(found)), Decimal(0))
    name, held = ("SAN", theirs) if kind == "custody" else ("EUR", -100 * theirs)
    statement = [Balance(line=2, account="DEPOT", as_of=CUT, name=name, asset=name, quantity=held)]
    return reconcile_balances(
        kind, statement, {"DEPOT": ("EQ-1",)}, settled=settled_of(models["journal"].values(), kind),
        settlements=models["settlements"].values(),
    )


SOME = st.tuples(
    st.lists(st.sampled_from(HEALTHY), max_size=4), st.lists(st.sampled_from(BROKEN), max_size=2), st.randoms()
)


@settings(max_examples=120, deadline=None)
@given(SOME, st.sampled_from(["custody", "nostro"]))
def test_each_break_is_found_with_its_cause_and_none_else(drawn: Any, kind: Kind) -> None:
    healthy, broken, shuffler = drawn
    chosen = [*healthy, *broken]
    shuffler.shuffle(chosen)
    found = reconciled(chosen, kind)
    of_money = kind == "nostro"
    expected = {
        (f"T{place}", fates("T1", Decimal(1))[name].cause) for place, name in enumerate(chosen)
        if name in BROKEN and (of_money or name != "without fees")
    }
    reasons = [reason for each in found.breaks for reason in each.reasons]
    assert {(reason.trade_id, reason.cause) for reason in reasons} == expected
    assert len(reasons) == len(expected)
    assert (found.matched == 1) == (not expected)
    for each in found.breaks:
        assert each.difference == each.statement - each.settled == sum(reason.quantity for reason in each.reasons)
        assert all(reason.events for reason in each.reasons)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(HEALTHY), min_size=1, max_size=6))
def test_what_was_traded_is_what_is_on_the_statement_and_what_is_in_flight(chosen: list[str]) -> None:
    found = reconciled([*chosen, "unsettled"], "custody")
    (only,) = found.breaks
    standing = [place for place, name in enumerate([*chosen, "unsettled"]) if name != "cancelled in time"]
    assert only.settled + only.in_flight == sum(2 * size_of(place) for place in standing)


def test_every_kind_of_break_is_named_by_its_events() -> None:
    for name in BROKEN:
        kind: Kind = "nostro" if name == "without fees" else "custody"
        (found,) = reconciled([name], kind).breaks
        (reason,) = found.reasons
        assert (reason.cause, reason.others) == (fates("T1", Decimal(1))[name].cause, 0)
        assert all(event.startswith("ledger-0:") for event in reason.events)


def test_more_than_can_be_explained_is_said_to_be_unexplained() -> None:
    found = reconciled(["settled"], "custody")
    assert found.breaks == ()
    models: Any = read_models([], at_once=True)
    strange = Balance(line=7, account="DEPOT", as_of=date(2026, 11, 26), name="SAN", asset="SAN", quantity=Decimal(3))
    alone = reconcile_balances("custody", [strange], {"DEPOT": ("EQ-1",)}, settled={},
                               settlements=models["settlements"].values())
    ((reason,),) = [each.reasons for each in alone.breaks]
    assert (str(reason.cause), alone.breaks[0].lines) == ("unexplained", (7,))
    assert reason.quantity == 3
