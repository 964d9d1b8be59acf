"""What is held is not looked at with every collection; what became garbage is collected all the same."""

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.cli.garbage import Survivors


class Held:
    """Something that may hold itself."""

    itself: Any = None


@pytest.fixture
def begun() -> Iterator[Callable[[int], Survivors]]:
    started: list[Survivors] = []

    def begin(until_all: int) -> Survivors:
        started.append(Survivors(until_all))
        started[0].set_aside()
        return started[0]

    gc.collect()
    gc.disable()
    yield begin
    gc.enable()
    for each in started:
        each.stop()


def ring() -> Held:
    held = Held()
    held.itself = held
    return held


def test_what_outlives_a_full_collection_is_not_looked_at_again(begun: Callable[[int], Survivors]) -> None:
    begun(100)
    held = [Held() for _ in range(1_000)]
    gc.collect(1)
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gc.get_freeze_count() >= len(held)
    assert len(gc.get_objects()) < len(held)


def test_garbage_is_collected_while_it_is_young(begun: Callable[[int], Survivors]) -> None:
    begun(100)
    gc.collect()
    young = weakref.ref(ring())
    gc.collect()
    assert young() is None


def test_what_became_garbage_later_is_collected_once_everything_is_looked_at(begun: Callable[[int], Survivors]) -> None:
    begun(3)
    held = ring()
    gone = weakref.ref(held)
    gc.collect()
    del held
    gc.collect()
    assert gone() is not None
    gc.collect()
    assert gone() is None
    assert gc.get_freeze_count() > 0


def test_what_holds_nothing_of_itself_goes_at_once(begun: Callable[[int], Survivors]) -> None:
    begun(100)
    held = Held()
    gone = weakref.ref(held)
    gc.collect()
    del held
    assert gone() is None
