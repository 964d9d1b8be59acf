"""For how long each revision of a trade held, and for how long we thought so."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.commands import AmendTrade, CancelTrade, CorrectTrade, SettleTrade
from projections.movements import TRADING
from tests.documents import History
from tests.rules import DAY, MOMENT, booking
from tests.trade_commands import about, money, shares

NOON, EVENING, NEXT_DAY = (MOMENT + timedelta(hours=hours) for hours in (3, 9, 24))
BOOKED = booking(effective_at=MOMENT)


def movements(*commands: Any) -> dict[str, Any]:
    """By what follows the book and instrument in their ids."""
    return {key.split("/", 2)[2]: each for key, each in History(*commands).documents("movements").items()}


def held(*commands: Any, at: datetime) -> list[Decimal | int]:
    """The quantities that, as far as we know now, held ``at`` a moment."""
    return [
        each.quantity for each in movements(*commands).values()
        if each.known_to is None and each.valid_from <= at and (each.valid_to is None or at < each.valid_to)
    ]


def test_a_booking_holds_from_its_execution_on() -> None:
    (only,) = movements(booking(effective_at=MOMENT, fees={"tax": Decimal(3)})).values()
    assert (only.quantity, only.price, only.amount, only.fees) == (10, 100, -1000, 3)
    assert (only.valid_from, only.valid_to, only.known_to, only.known_to_sequence) == (MOMENT, None, None, None)
    assert (only.known_from_sequence, only.is_live, only.place) == (1, True, (DAY, TRADING, MOMENT, "T1"))


def test_an_amendment_ends_the_earlier_terms_where_it_begins() -> None:
    history = History(BOOKED, about(AmendTrade, terms=shares("12"), effective_at=NOON))
    found = {key.rsplit("/", 1)[1]: each for key, each in history.documents("movements").items()}
    old, until, new = found["0001"], found["0001-until"], found["0002"]
    amended_at = history.events[-1].event.recorded_at
    assert (old.valid_to, old.known_to, old.known_to_sequence) == (None, amended_at, 2)
    assert (until.quantity, until.valid_from, until.valid_to) == (10, MOMENT, NOON)
    assert (until.known_from, until.known_to, until.revision, until.is_live) == (amended_at, None, 1, False)
    assert (new.quantity, new.valid_from, new.valid_to, new.is_live) == (12, NOON, None, True)


def test_terms_amended_from_the_beginning_never_held() -> None:
    found = movements(BOOKED, about(AmendTrade, terms=shares("12"), effective_at=MOMENT - timedelta(hours=1)))
    assert set(found) == {"T1/0001", "T1/0002"}
    assert found["T1/0002"].valid_from == MOMENT


def test_corrected_terms_never_held_and_the_right_ones_did_in_their_place() -> None:
    corrected = [BOOKED, about(CorrectTrade, terms=shares("11"), reason="typo", effective_at=EVENING)]
    assert held(*corrected, at=MOMENT) == [11]
    assert movements(*corrected)["T1/0001"].known_to is not None


def test_a_correction_of_an_amendment_leaves_what_held_before_it() -> None:
    steps = [
        BOOKED, about(AmendTrade, terms=shares("12"), effective_at=NOON),
        about(CorrectTrade, terms=shares("13"), reason="typo", effective_at=EVENING),
    ]
    assert (held(*steps, at=MOMENT), held(*steps, at=NOON), held(*steps, at=NEXT_DAY)) == ([10], [13], [13])


def test_an_amendment_from_before_the_terms_it_replaces_takes_their_place() -> None:
    steps = [
        BOOKED, about(AmendTrade, terms=shares("12"), effective_at=EVENING),
        about(AmendTrade, terms=shares("13"), effective_at=NOON),
    ]
    assert (held(*steps, at=NOON), held(*steps, at=EVENING)) == ([10], [13])


def test_a_cancelled_trade_never_held_at_any_time() -> None:
    steps = [
        BOOKED, about(AmendTrade, terms=shares("12"), effective_at=NOON),
        about(AmendTrade, terms=shares("13"), effective_at=EVENING), about(CancelTrade, effective_at=NEXT_DAY),
    ]
    assert len(movements(*steps)) == 5
    assert [held(*steps, at=moment) for moment in (MOMENT, NOON, EVENING, NEXT_DAY)] == [[], [], [], []]


def test_a_correction_of_the_instrument_is_a_movement_there() -> None:
    other = about(CorrectTrade, terms=shares("3", instrument="IBM"), reason="typo")
    found = History(BOOKED, other).documents("movements")
    assert {key: each.is_live for key, each in found.items()} == {
        "EQ-1/SAN/T1/0001": False, "EQ-1/IBM/T1/0002": True,
    }


def test_what_settles_is_a_movement_of_its_own_that_ends_with_no_revision() -> None:
    steps = [
        BOOKED, about(SettleTrade, quantity=Decimal(4), effective_at=NOON),
        about(AmendTrade, terms=shares("12"), effective_at=EVENING),
    ]
    (settled,) = [each for each in movements(*steps).values() if each.kind == "settlement"]
    assert (settled.quantity, settled.amount, settled.valid_from, settled.is_fill) == (4, -400, NOON, False)
    assert (settled.known_to, settled.valid_to, settled.fees, settled.revision) == (None, None, 0, 1)


def test_who_took_a_movement_back_and_why_is_kept_with_it() -> None:
    found = movements(BOOKED, about(CancelTrade, reason="never agreed"))["T1/0001"]
    assert (found.actor, found.reason, found.ended_by, found.ended_because) == (
        "everbook", None, "everbook", "never agreed"
    )
    right = movements(BOOKED, about(CorrectTrade, terms=shares("11"), reason="typo"))["T1/0002"]
    assert (right.reason, right.supersedes, right.ended_by) == ("typo", "ledger-0:1", None)


def test_what_is_repaid_of_a_loan_is_a_movement_too() -> None:
    steps = [
        booking(terms=money()), about(SettleTrade), about(SettleTrade, quantity=Decimal(9000), effective_at=NOON),
        about(SettleTrade, effective_at=EVENING),
    ]
    found = sorted(movements(*steps).values(), key=lambda each: each.known_from_sequence)
    lent, paid_out, first, rest = found
    assert [each.kind for each in found] == ["trade", "settlement", "repayment", "repayment"]
    assert [each.quantity for each in found] == [36000, 36000, -9000, -27000]
    assert (paid_out.amount, first.amount, first.valid_from, rest.amount) == (-36000, 9050, NOON, 27150)
    assert (first.income, rest.income, paid_out.income) == (50, 150, 0)
    assert all(each.is_live for each in (lent, first, rest))


def test_a_cancelled_trade_never_held_in_an_earlier_instrument_either() -> None:
    steps = [
        BOOKED, about(AmendTrade, terms=shares("12", instrument="IBM"), effective_at=NOON),
        about(CorrectTrade, terms=shares("13"), reason="typo"), about(CancelTrade),
    ]
    assert [each.id for each in History(*steps).documents("movements").values() if each.known_to is None] == []
    again = [BOOKED, steps[1], about(CancelTrade)]
    assert [each.id for each in History(*again).documents("movements").values() if each.known_to is None] == []
