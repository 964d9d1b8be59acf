"""A rate is a fact of the day from which it is fixed: when it was told, and after which others, does not show."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from domain.commands import AmendTrade, AnyCommand, ClosePeriod, InstructSettlement, RepayEarly, SettleTrade
from domain.money import exact
from projections.accruals import accrued_on
from projections.as_of import Instant, position_at
from projections.profit import Marks, States, effects
from projections.quotes import QuotesAt
from projections.settlements_at import settlements_at
from tests.documents import History
from tests.instruments import day, followed, trade
from tests.properties.instants import among
from tests.rules import DAY, MOMENT
from tests.trade_commands import about
from tests.unit.test_loan_life import fixing, floating

BEGUN = (day(0), trade(floating()), about(SettleTrade))
"""36,000 at 5 % earn five euros a day, at 3 % three and at 7 % seven."""
LAST = 10**6


def told(*commands: AnyCommand) -> History:
    return followed(History(), *BEGUN, *commands)


def opening(days: int) -> datetime:
    return datetime.combine(DAY + timedelta(days), time.min, UTC)


def position(history: History, valid_at: datetime | None, known_at: int = LAST) -> Any:
    movements = list(history.documents("movements").values())
    return position_at(movements, Instant(valid_at, known_at), among({}))


def accrued(history: History, days: int, known_at: int = LAST) -> Decimal | None:
    """By the opening of a day, as of then."""
    return accrued_on(position(history, opening(days), known_at), DAY + timedelta(days))


def fixed_events(history: History) -> list[Any]:
    return [each for each in history.events if each.type == "loan.rate-fixed.v1"]


@pytest.mark.parametrize("days", [0, 10, 30])
def test_a_fixing_holds_from_the_opening_of_its_day_if_it_does_not_say_otherwise(days: int) -> None:
    history = told(day(20), fixing("2", days))
    (fixed,) = fixed_events(history)
    assert fixed.event.effective_at == opening(days)
    assert fixed.event.business_date == DAY + timedelta(20)
    moment = MOMENT + timedelta(days=12)
    (said,) = fixed_events(told(day(20), fixing("2", days, effective_at=moment)))
    assert said.event.effective_at == moment


def test_what_is_told_late_is_earned_as_of_every_day_since_and_was_not_known_before() -> None:
    history = told(day(20), fixing("2", 10))
    assert [accrued(history, days) for days in (10, 15, 20)] == [50, 65, 80]
    before = fixed_events(history)[0].sequence - 1
    assert [accrued(history, days, before) for days in (10, 15, 20)] == [50, 75, 100]


def test_a_late_fixing_of_a_closed_day_says_which_and_is_recorded_on_an_open_one() -> None:
    closed = ClosePeriod(command_id="close", through=DAY + timedelta(15))
    history = told(day(16), closed)
    history.carry(closed)
    followed(history, fixing("2", 10), fixing("3", 16), fixing("4", 12, effective_at=opening(16)))
    late, in_time, from_now_on = (each.event for each in fixed_events(history))
    assert (late.restates, late.business_date) == (DAY + timedelta(10), DAY + timedelta(16))
    assert (in_time.restates, from_now_on.restates) == (None, None)
    assert accrued(history, 12) == 50 + 6


def said_of(history: History) -> list[Any]:
    found: list[Any] = [position(history, None).loans, history.documents("positions")["EQ-1/LOAN-EUR"].loans]
    return [*found, *(position(history, opening(days)).loans for days in range(5, 40, 5))]


def test_fixings_of_several_days_come_to_the_same_in_any_order_of_telling() -> None:
    fixings = [fixing("2", 10), fixing("6", 20), fixing("0", 30)]
    expected = said_of(told(*fixings))
    assert [[each.rate for each in loans[0].schedule.fixings] for loans in expected[:2]] == [[2, 6, 0]] * 2
    assert expected[0] == expected[1]
    assert [len(loans[0].schedule.fixings) for loans in expected[2:]] == [0, 1, 1, 2, 2, 3, 3]
    for order in permutations(fixings):
        assert said_of(told(day(30), *order)) == expected


def test_what_is_told_of_an_earlier_day_does_not_bring_what_holds_only_later() -> None:
    """The later one was told before, and holds from a time of its own."""
    history = told(fixing("6", 5, effective_at=opening(25)), fixing("2", 10))
    assert [accrued(history, days) for days in (10, 20, 25)] == [50, 80, 25 + 5 * 7 + 15 * 3]


def test_another_rate_of_the_same_day_takes_the_place_of_what_was_told_before() -> None:
    history = told(fixing("2", 10), fixing("6", 10))
    assert accrued(history, 20) == 50 + 70
    assert accrued(history, 20, fixed_events(history)[0].sequence) == 50 + 30
    corrected = told(fixing("2", 10), fixing("6", 10, effective_at=opening(15)))
    assert [accrued(corrected, days) for days in (14, 20)] == [50 + 12, 50 + 70]


def test_what_is_repaid_early_runs_at_the_rates_that_held() -> None:
    """Ten days at 5 %, of two thirds five more at 3 %; a rate that holds only later is not seen in them."""
    part = about(RepayEarly, quantity=Decimal(12_000))
    history = told(fixing("2", 10), fixing("6", 5, effective_at=opening(30)), day(11), part)
    (repaid,) = (each for each in history.events if each.type == "loan.partly-repaid-early.v1")
    then = position(history, opening(15), repaid.sequence)
    assert accrued_on(then, DAY + timedelta(15)) == Decimal("43.33")
    live = history.documents("positions")["EQ-1/LOAN-EUR"].loans
    assert position(history, None).loans == live


def due(history: History, days: int) -> Decimal:
    """At maturity, as of the opening of a day."""
    of_trade = [each for each in history.events if each.stream == "trade:T1"]
    return settlements_at(of_trade, Instant(opening(days), LAST))["EQ-1/T1/maturity"].amount


def test_what_is_due_at_maturity_follows_from_the_rates_that_held() -> None:
    """Whatever else was told of the loan once they were known."""
    fixings = [fixing("2", 10), fixing("6", 20)]
    later = [about(InstructSettlement, instruction="SI-1", effective_at=opening(5))]
    for order in permutations([*fixings, *later]):
        history = told(*order)
        assert [due(history, days) for days in (5, 10, 20)] == [36_200, 36_140, 36_220]
        assert history.documents("settlements")["EQ-1/T1/maturity"].amount == 36_220


def test_a_rate_that_was_fixed_for_later_terms_says_nothing_of_those_before() -> None:
    amended = about(AmendTrade, terms=floating("take"), effective_at=opening(12))
    history = followed(History(), day(0), trade(floating()), amended, fixing("2", 10))
    assert [due(history, days) for days in (10, 12)] == [36_200, -36_140]


def carry(history: History, first: Sequence[int], last: Sequence[int]) -> list[Decimal]:
    """Earned between two days, each as known at a sequence, and what became known of before the first."""
    before, restated, after = (
        position(history, opening(days), known) for days, known in ((first[0], first[1]), (first[0], last[1]), last)
    )
    early, late = (QuotesAt(lambda *_: (), opening(each[0]), LAST) for each in (first, last))
    with exact():
        found = effects(States(before, restated, after), Marks(early, early, late))
    return [found.carry, found.amendments]


def test_profit_has_what_a_late_fixing_changed_of_earlier_days_apart_from_what_was_earned_since() -> None:
    history = told(day(20), fixing("2", 10))
    late = fixed_events(history)[0].sequence
    assert carry(history, (15, late - 1), (20, late)) == [15, -10]
    assert carry(history, (15, late), (20, late)) == [15, 0]
    assert carry(history, (15, late - 1), (20, late - 1)) == [25, 0]
