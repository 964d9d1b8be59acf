"""A process whose every call to a server may be its last, fail, lose its reply, or find it held up meanwhile."""

from collections.abc import Callable
from random import Random
from typing import Any, Literal, NamedTuple, TypeVar

T = TypeVar("T")
How = Literal["killed before", "killed after", "refused", "reply lost", "held before", "held after"]
HOWS: tuple[How, ...] = ("killed before", "killed after", "refused", "reply lost", "held before", "held after")


class Killed(BaseException):
    """The process is no more: it makes no further call."""


class Plan(NamedTuple):
    """What becomes of the call that comes so many calls, or calls that write, from now."""

    calls: int
    how: How
    is_write: bool


class Process:
    """``meanwhile`` is what others do while this one is held up."""

    def __init__(self, name: str, random: Random, meanwhile: Callable[[], None]) -> None:
        self.name = name
        self.random = random
        self.alive = True
        self.held = False
        self.plan: Plan | None = None
        self._meanwhile = meanwhile
        self._on_death: list[Callable[[], None]] = []

    def on_death(self, action: Callable[[], None]) -> None:
        self._on_death.append(action)

    def die(self) -> None:
        """``kill -9``: what was not sent is lost, what was sent may arrive."""
        if self.alive:
            self.alive = False
            for action in self._on_death:
                action()

    def call(
        self, what: Callable[..., T], *args: Any, error: Callable[[], Exception], is_write: bool = False
    ) -> T:
        """A call to a server."""
        how = self._what_becomes_of_it(is_write)
        if how == "refused":
            raise error()
        if how == "killed before":
            self.die()
        if how == "held before":
            self._hold()
        self._require_alive()
        answer = what(*args)
        if how == "killed after":
            self.die()
        if how == "held after":
            self._hold()
        self._require_alive()
        if how == "reply lost":
            raise error()
        return answer

    def _what_becomes_of_it(self, is_write: bool) -> How | None:
        self._require_alive()
        if self.plan is None or self.plan.is_write > is_write:
            return None
        if self.plan.calls > 0:
            self.plan = self.plan._replace(calls=self.plan.calls - 1)
            return None
        how, self.plan = self.plan.how, None
        return how

    def _hold(self) -> None:
        self.held = True
        try:
            self._meanwhile()
        finally:
            self.held = False

    def _require_alive(self) -> None:
        if not self.alive:
            raise Killed(self.name)
