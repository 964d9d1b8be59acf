"""However workers are stopped, held up and mixed on a store without transactions, the documents come out the same."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cache
from random import Random

import pytest
from eventsourcing.persistence import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AffirmTrade, AmendTrade, CancelTrade, CorrectTrade, EquityTerms, SettleTrade
from domain.schema import Recorded
from projections.fold import DEAD_LETTERS, EARLIER, DeadLetter, Fold, Store
from projections.projection import Document, Projection
from projections.registry import PROJECTIONS
from tests.corporate_actions import EX, Told, amended, announced, bought, cancelled, mixed, of, roll, spin_off
from tests.counting import Counting, Doubling
from tests.documents import History
from tests.instruments import define
from tests.rules import DAY, MOMENT, booking
from tests.shelf import Hand, Shelf
from tests.trade_commands import about

MODELS: tuple[Projection, ...] = tuple(
    each for each in PROJECTIONS if each.name in {"movements", "positions", "journal", "activity", "alerts"}
)
POISONED: tuple[Projection, ...] = (Counting(), Doubling())
WORKERS = 3
LATER = EX + timedelta(days=1)
OFTEN = 0.3
ENOUGH = 2_000
Schedule = list[tuple[int, int, bool]]
schedules = st.lists(st.tuples(st.integers(0, WORKERS - 1), st.integers(1, 12), st.booleans()), max_size=25)
sizes = st.lists(st.integers(1, 15), min_size=WORKERS, max_size=WORKERS)


def terms(quantity: str, price: str) -> EquityTerms:
    return EquityTerms(side="buy", instrument="SAN", quantity=Decimal(quantity), price=Decimal(price))


@cache
def events() -> tuple[Recorded, ...]:
    """One position, with trades that come late, are changed, taken back, or are one way and back."""
    told = History()
    for number in range(5, 10):
        one, two = f"T{number}", f"T{number + 100}"
        told.when(booking(one, "10", f"{95 + number}"))
        told.when(booking(two, "10", f"{95 + number}", side="sell", trade_date=DAY - timedelta(days=number % 3)))
        told.when(AffirmTrade(command_id=f"a{one}", trade_id=one, book="EQ-1"))
        if number % 2:
            told.when(AmendTrade(command_id=f"c{one}", trade_id=one, book="EQ-1", terms=terms("12", "101")))
            told.when(SettleTrade(command_id=f"s{one}", trade_id=one, book="EQ-1"))
        else:
            told.when(CorrectTrade(
                command_id=f"c{one}", trade_id=one, book="EQ-1", terms=terms("8", "99"), reason="typo"
            ))
            told.when(CancelTrade(command_id=f"x{two}", trade_id=two, book="EQ-1"))
    return tuple(event for event in told.events if event.log == "ledger-0")


@cache
def exchanged() -> tuple[Recorded, ...]:
    """Three positions, each of which came of the one before, while trades and actions of the first still change."""
    told = Told(
        define("AXA", "ESVUFR", None), define("ETF", "CEOGES", None), roll(DAY), bought("T1", "10", "100"),
        announced(spin_off("1", "2", "20"), "A1"), of("AXA", mixed("1", "2", "3", "40", into="ETF"), "A2", LATER),
        roll(EX), bought("T2", "4", "90"), roll(LATER),
    )
    for number in range(3, 7):
        told.tell(bought(f"T{number}", f"{number}", "95"), about(SettleTrade, f"T{number}"))
        told.tell(bought(f"S{number}", "2", "41", instrument="ETF", side="sell", trade_date=LATER))
        told.tell(amended(spin_off("1", "2", f"2{number}"), "A1", pay=LATER + timedelta(days=number)))
        told.tell(bought(f"U{number}", "1", "30", instrument="AXA"), about(CancelTrade, f"U{number}"))
    told.tell(about(CancelTrade, "T1"), cancelled("A2"))
    return tuple(told.events)


STORIES = {"late": events, "exchanged": exchanged}


def run(
    projections: Sequence[Projection], schedule: Schedule, at_once: Sequence[int], seed: int, story: str = "late"
) -> dict[str, bytes]:
    """What is on the shelf when workers took their turns, some of them killed, and one of them finished."""
    shelf, random = Shelf(projections), Random(seed)

    def begun(number: int) -> Iterator[None]:
        hand = Hand(
            shelf, projections, STORIES[story](), at_once=at_once[number], random=random, meanwhile=meanwhile
        )
        return hand.steps()

    def turn(number: int, count: int) -> None:
        if number not in at_work:
            at_work.add(number)
            for _ in range(count):
                next(hands[number], None)
            at_work.remove(number)

    def meanwhile() -> None:
        if random.random() < OFTEN:
            turn(random.randrange(WORKERS), random.randrange(1, 15))

    at_work: set[int] = set()
    hands = [begun(number) for number in range(WORKERS)]
    for number, count, is_killed in schedule:
        turn(number, count)
        if is_killed:
            hands[number] = begun(number)
    for number in range(WORKERS):
        turn(number, ENOUGH)
    hands[0] = begun(0)
    turn(0, ENOUGH)
    return shelf.documents()


@pytest.mark.parametrize(
    ("projections", "story"), [(MODELS, "late"), (MODELS, "exchanged"), (POISONED, "late")],
    ids=["positions", "exchanges", "poisoned"],
)
@settings(deadline=None, max_examples=400)
@given(schedule=schedules, at_once=sizes, seed=st.integers(0, 1_000))
def test_any_schedule_of_workers_leaves_the_same_documents(
    projections: Sequence[Projection], story: str, schedule: Schedule, at_once: list[int], seed: int
) -> None:
    assert run(projections, schedule, at_once, seed, story) == undisturbed(tuple(projections), story)


@cache
def undisturbed(projections: tuple[Projection, ...], story: str = "late") -> dict[str, bytes]:
    return run(projections, [], [1_000] * WORKERS, 0, story)


def test_a_failure_of_the_store_is_not_a_poison_event() -> None:
    shelf = Shelf(MODELS)

    def fails(_model: str, _prefix: str) -> Sequence[Document]:
        raise OperationalError("the store is away")

    fold = Fold(MODELS, Store(shelf.find, fails))
    with pytest.raises(OperationalError, match="away"):
        fold.run(events())


def test_a_document_is_parked_from_its_first_dead_letter_though_a_later_one_was_found_first() -> None:
    shelf = Shelf(POISONED)
    shelf.put(DEAD_LETTERS, DeadLetter(
        id="counting/EQ-1/T7/ledger-0-000000000015", log="ledger-0", sequence=15, model="counting", key="EQ-1/T7",
        event="ledger-0:15", error="", recorded_at=MOMENT,
    ))
    for _ in Hand(shelf, POISONED, events(), at_once=1, random=Random(0)).steps():
        pass
    assert shelf.documents() == undisturbed(POISONED)


def test_a_document_that_another_worker_found_stale_is_parked_here_too() -> None:
    shelf = Shelf(POISONED)
    fold = Fold(POISONED, Store(shelf.find, shelf.scan))
    for _ in Hand(shelf, POISONED, events()[:14], at_once=20, random=Random(0)).steps():
        pass
    changes = fold.run(events()[14:15])
    letters = [letter for letter in changes[DEAD_LETTERS].values() if isinstance(letter, DeadLetter)]
    assert [(letter.model, letter.sequence, letter.error) for letter in letters] == [
        ("counting", 15, EARLIER), ("doubling", 15, EARLIER)
    ]
