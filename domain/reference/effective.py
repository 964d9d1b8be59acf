"""Facts that hold from a day on, each until the next."""

from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    @property
    def effective_from(self) -> date: ...


Fact = TypeVar("Fact", bound=Dated)
DAYS_WITHOUT_A_CYCLE = 2


def with_fact(facts: tuple[Fact, ...], new: Fact) -> tuple[Fact, ...]:
    """In the order of their days; what was said later of the same day replaces what was said before."""
    others = [fact for fact in facts if fact.effective_from != new.effective_from]
    return tuple(sorted([*others, new], key=lambda fact: fact.effective_from))


def in_force(facts: tuple[Fact, ...], day: date) -> Fact | None:
    """The one that holds on ``day``."""
    for fact in reversed(facts):
        if fact.effective_from <= day:
            return fact
    return None
