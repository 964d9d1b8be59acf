"""Which documents a worker reads, and how many it holds: those of small models stay, while large ones make room."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from projections.fold import Fold, Found, Store, _level
from projections.registry import PROJECTIONS
from tests.counting import Counting
from tests.documents import History
from tests.rules import booking


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12), st.integers(12, 20_000))
def test_all_fit_into_the_room_and_the_small_ones_stay_whole(sizes: list[int], room: int) -> None:
    level = _level(sizes, room)
    assert sum(min(size, level) for size in sizes) <= room
    if sum(sizes) <= room:
        assert level >= max(sizes)
    assert level >= room // len(sizes)


def test_a_model_of_few_documents_is_not_read_again_because_another_grows() -> None:
    told, asked = History(), list[str]()
    for number in range(30):
        told.when(booking(f"T{number}"))
    few, many = Few(), Counting("many")

    def find(wanted: Mapping[str, Sequence[str]]) -> Found:
        asked.extend(wanted.get("few", ()))
        return {}

    fold = Fold((few, many), Store(find, lambda _model, _prefix: []), most_documents=12)
    for event in told.events:
        fold.run([event])
    assert sorted(asked) == ["EQ-1/0", "EQ-1/1", "EQ-1/2", "EQ-1/3"]


def test_what_a_booking_begins_is_not_looked_up_and_what_may_be_there_is() -> None:
    told, asked = History(booking()), dict[str, Sequence[str]]()

    def find(wanted: Mapping[str, Sequence[str]]) -> Found:
        asked.update(wanted)
        return {}

    Fold(PROJECTIONS, Store(find, lambda _model, _prefix: [])).run(told.events[-1:])
    assert {*asked} == {"positions", "cash", "exposure", "counterparties", "activity"}


def test_a_model_that_the_store_holds_ahead_is_told_of() -> None:
    told = History(booking())
    (event,) = [each for each in told.events if Counting().keys(each)]
    ahead = {key: Counting.document(key, event.sequence + 1) for key in Counting().keys(event)}
    fold = Fold([Counting()], Store(lambda _wanted: {"counting": ahead}, lambda _model, _prefix: []))
    assert fold.run([event]) == {"counting": {}}
    assert fold.run([told.events[0]]) == {}


class Few(Counting):
    """The same by trade, but four of them at most."""

    def __init__(self) -> None:
        super().__init__("few")

    def keys(self, event: object) -> Sequence[str]:
        return [f"EQ-1/{int(key.rpartition('T')[2]) % 4}" for key in super().keys(event)]  # type: ignore[arg-type]
