"""What loans earn through random lives, with rates that are fixed late and in any order: as the second model says."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.commands import (
    AmendTrade,
    AnyCommand,
    BookTrade,
    ClosePeriod,
    CorrectTrade,
    FixRate,
    LoanTerms,
    RepayEarly,
    RollBusinessDate,
    RollOverLoan,
    SettleTrade,
)
from domain.corporate_actions import opening_of
from domain.money import exact
from projections.accruals import accrued_on
from projections.as_of import Instant, position_at
from projections.lending import earned
from projections.profit import Marks, States, effects
from tests.documents import read_models
from tests.naive.facts import Fact
from tests.naive.interest import accrued, lendings
from tests.naive.positions import NOTHING, positions
from tests.properties.instants import Groups, among, grouped
from tests.properties.test_second_model import after, stored
from tests.rules import DAY, MOMENT
from tests.strategies import (
    FLOATING,
    MOMENTS,
    about,
    becomings,
    book_of,
    bookings,
    changes,
    days,
    decimals,
    numbered,
    offspring,
)
from tests.strategies import lendings as loan_changes

NAMES = ("T7", "T14", "T21")
"""Of one book, so that they may be of one position."""
COUNTS: Any = ["ACT/360", "ACT/365F", "30/360", "30E/360", "ACT/ACT"]
TURNS = st.sampled_from([date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31), date(2027, 3, 1)])
KINDS = st.sampled_from([("lend", "EUR"), ("lend", "JPY"), ("take", "EUR")])
"""A loan is revised into one of the same position: what settles of later terms may be told to hold before these."""


def terms_of(side: str, currency: str) -> st.SearchStrategy[LoanTerms]:
    return st.builds(
        replace, FLOATING, side=st.just(side), currency=st.just(currency), day_count=st.sampled_from(COUNTS),
        maturity_date=days(2, 99) | days(40, 500) | TURNS,
    )


TERMS = KINDS.flatmap(lambda kind: terms_of(*kind))
FIXED = decimals("2", "0", "7.25", "-1.1")
EXCHANGED = Decimal("1.25")
MOMENTS_SAID = st.none() | MOMENTS | days(-2, 70).map(lambda day: datetime.combine(day, time(12), MOMENT.tzinfo))


def some(kind: st.SearchStrategy[AnyCommand], most: int) -> st.SearchStrategy[list[AnyCommand]]:
    return st.lists(kind, max_size=most)


def of_one(name: str, terms: st.SearchStrategy[LoanTerms]) -> st.SearchStrategy[list[AnyCommand]]:
    """A loan as it may go: rates are fixed before and after its terms are agreed anew, it is paid out and repaid."""
    own, at = st.just(name), {"effective_at": MOMENTS_SAID}
    fixings = some(about(FixRate, own, fixed_from=days(0, 70) | TURNS, rate=FIXED, **at), 3)
    revised = st.one_of(
        about(AmendTrade, own, terms=terms, **at),
        about(CorrectTrade, own, terms=terms, reason=st.just("typo"), trade_date=st.none() | days(-4, 0), **at),
    )
    told = st.tuples(
        bookings(own, terms, MOMENTS_SAID).map(lambda one: [one]), fixings, some(revised, 1), fixings,
        some(about(SettleTrade, own, **at), 1), fixings, some(loan_changes(own, **at), 3), fixings,
    )
    return told.map(lambda found: [each for several in found for each in several])


@st.composite
def lives(draw: st.DrawFn) -> list[AnyCommand]:
    """Loans side by side, and what else may come."""
    terms = terms_of(*draw(KINDS))
    known = st.sampled_from([*NAMES * 2, *(name for each in NAMES for name in offspring(each))])
    others = some(st.sampled_from([
        loan_changes(known, effective_at=MOMENTS_SAID), changes(known, terms, effective_at=MOMENTS_SAID),
        becomings(st.sampled_from(NAMES), effective_at=MOMENTS_SAID),
        st.builds(RollBusinessDate, command_id=st.just("x"), business_date=days(0, 31)),
        st.builds(ClosePeriod, command_id=st.just("x"), through=days(-1, 12)),
    ]).flatmap(lambda kind: kind), 6)
    runs = [draw(of_one(name, terms)) for name in NAMES[: draw(st.integers(1, 3))]] + [draw(others)]
    order = draw(st.permutations([place for place, run in enumerate(runs) for _ in run]))
    waiting = [iter(run) for run in runs]
    return numbered([next(waiting[place]) for place in order])


VALID = days(-2, 75).flatmap(lambda day: st.integers(0, 23).map(
    lambda hour: datetime.combine(day, time(hour), MOMENT.tzinfo)
))


class Told(NamedTuple):
    """What a log has, for either model."""

    movements: Groups
    facts: list[Fact]
    live: dict[str, Any]


def told(history: Sequence[AnyCommand]) -> Told:
    events, facts = stored("ledger-0", after(history).recorders["ledger-0"])
    models = read_models(events, at_once=True)
    return Told(grouped(models["movements"].values()), facts, models["positions"])


def said(held: dict[str, Any], day: date) -> dict[tuple[str, str], Any]:
    """What is open and was earned, loan by loan."""
    return {
        (each.trade_id, key): (each.quantity, earned([each], position.currency, day))
        for key, position in held.items() for each in position.loans
    }


def expected(facts: list[Fact], at: datetime | None, day: date) -> dict[tuple[str, str], Any]:
    return {(each.trade_id, each.key): (each.quantity, each.earned(day)) for each in lendings(facts, at)}


def positions_at(movements: Groups, at: Instant) -> dict[str, Any]:
    with exact():
        return {
            key: found for key, group in movements.items() if (found := position_at(group, at, among(movements)))
        }


ANY_DAY = days(-1, 99) | TURNS | st.just(date(2028, 3, 1))


@settings(max_examples=100, deadline=None)
@given(lives(), st.lists(ANY_DAY, min_size=1, max_size=9))
def test_every_loan_has_earned_by_any_day_what_the_second_model_finds(
    history: list[AnyCommand], until: list[date]
) -> None:
    movements, facts, live = told(history)
    for day in until:
        assert said(live, day) == expected(facts, None, day)
    assert {key: each.loans for key, each in live.items()} == {
        key: each.loans for key, each in positions_at(movements, Instant(None, len(facts))).items()
    }


@settings(max_examples=100, deadline=None)
@given(lives(), st.lists(st.tuples(VALID, st.floats(0, 1), ANY_DAY), min_size=1, max_size=9))
def test_as_of_any_instant_too(history: list[AnyCommand], instants: list[tuple[datetime, float, date]]) -> None:
    movements, facts, _ = told(history)
    for valid_at, share, day in instants:
        known = 1 + int(share * (len(facts) - 1))
        found = positions_at(movements, Instant(valid_at, known))
        assert said(found, day) == expected(facts[:known], valid_at, day)
        then = accrued(facts[:known], valid_at, day)
        assert {key: accrued_on(each, day) for key, each in found.items()} == {key: then.get(key, 0) for key in found}


class Par:
    """Money is worth what it is, in a base currency of which it buys less."""

    def __init__(self, day: date) -> None:
        self._day = day

    def price(self, _held: Any, /) -> Decimal | None:
        return Decimal(1)

    def rate(self, _base: str, _quote: str, /) -> Decimal | None:
        return EXCHANGED

    def accrued(self, held: Any, /) -> Decimal | None:
        return accrued_on(held, self._day)


def worth(facts: list[Fact], at: datetime, key: str) -> tuple[Fraction, Fraction]:
    """What a position of money has brought, and all that it is worth over what it cost."""
    held = positions(facts, at).get(key, NOTHING)
    brought = held.income + accrued(facts, at, at.date()).get(key, Fraction(0))
    return brought, brought + held.realised - held.fees - held.cost + held.quantity


@settings(max_examples=100, deadline=None)
@given(lives(), st.tuples(VALID, VALID).map(sorted), st.data())
def test_carry_of_profit_and_its_amendments_are_what_the_second_model_finds(
    history: list[AnyCommand], valid: list[datetime], data: st.DataObject
) -> None:
    movements, facts, _ = told(history)
    known = sorted(data.draw(st.tuples(*[st.integers(1, len(facts))] * 2)))
    at = ((valid[0], known[0]), (valid[0], known[1]), (valid[1], known[1]))
    states = [positions_at(movements, Instant(*each)) for each in at]
    marks = Marks(*(Par(moment.date()) for moment, _ in at))
    for key in {key for state in states for key in state}:
        before, restated, later = (worth(facts[:sequence], moment, key) for moment, sequence in at)
        with exact():
            found = effects(States(*(state.get(key) for state in states)), marks)
        assert found.carry == (later[0] - restated[0]) * Fraction(EXCHANGED)
        assert found.amendments == (restated[1] - before[1]) * Fraction(EXCHANGED)


RATES = st.dictionaries(days(0, 30), FIXED, min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    bookings(st.just("T7"), TERMS, st.none()), RATES, st.data(), st.none() | VALID, days(-1, 60)
)
def test_rates_of_several_days_come_to_the_same_in_any_order_of_telling(
    booked: BookTrade, rates: dict[date, Decimal], data: st.DataObject, valid_at: datetime | None, day: date
) -> None:
    paid = SettleTrade(command_id="paid", trade_id="T7", book=book_of("T7"))
    rolled = RollBusinessDate(command_id="rolled", business_date=DAY + timedelta(20))
    fixings = [
        FixRate(command_id=f"{each}", trade_id="T7", book=paid.book, rate=rate, fixed_from=each)
        for each, rate in rates.items()
    ]
    in_turn = sorted(fixings, key=lambda each: each.fixed_from)
    shuffled: list[AnyCommand] = data.draw(st.permutations([paid, rolled, *fixings]))
    one, other = told([booked, paid, rolled, *in_turn]), told([booked, *shuffled])
    assert said(one.live, day) == said(other.live, day)
    last = Instant(valid_at, len(one.facts))
    held = [{key: each.loans for key, each in positions_at(of.movements, last).items()} for of in (one, other)]
    assert held[0] == held[1]
    if valid_at is not None:
        # A rate is known from the opening of its day on.
        known = sorted(each for each in rates if opening_of(each) <= valid_at)
        for loan in (loan for loans in held[0].values() for loan in loans):
            life = [each for each in known if loan.schedule.start_date <= each < loan.schedule.maturity_date]
            assert [each.fixed_from for each in loan.schedule.fixings] == life


@pytest.mark.parametrize("kind", [FixRate, RollOverLoan, RepayEarly])
def test_the_histories_of_all_laws_have_what_becomes_of_loans(kind: type[AnyCommand]) -> None:
    drawn = settings(phases=[Phase.generate], database=None, max_examples=2000)
    assert find(changes(), lambda command: isinstance(command, kind), settings=drawn)
