"""Trades that are followed step by step, beside all the others."""

from collections.abc import Iterator, Sequence
from datetime import date

from api.generator.dealing import Dealer
from api.generator.lives import Begin, Steps
from domain.commands import AnyCommand, BookTrade


class Following:
    """Lives of all ``kinds``, as often one as another: each goes on until it waits for a day, or is at its end."""

    def __init__(self, dealer: Dealer, kinds: Sequence[Begin]) -> None:
        self._dealer = dealer
        self._kinds = kinds
        self._next: list[Begin] = []
        self._live: list[Steps] = []
        self._waiting: dict[date, list[Steps]] = {}

    def begin(self) -> Sequence[BookTrade]:
        """The trades of another life."""
        if not self._next:
            self._next = self._dealer.random.sample(self._kinds, len(self._kinds))
        life = self._next.pop()(self._dealer)
        self._live.append(life.steps)
        return life.bookings

    def step(self) -> Iterator[AnyCommand]:
        """Perhaps one of them goes on."""
        if self._live and self._dealer.happens(self._dealer.shape.stepping):
            yield from self._go_on(self._dealer.random.randrange(len(self._live)))

    def rest(self) -> Iterator[AnyCommand]:
        """All go on for as long as they can today."""
        while self._live:
            yield from self._go_on(0)

    def wake(self, day: date) -> Iterator[AnyCommand]:
        """Those that waited for the day."""
        self._live += self._waiting.pop(day, [])
        yield from self.rest()

    def _go_on(self, place: int) -> Iterator[AnyCommand]:
        steps = self._live[place]
        step = next(steps, None)
        if step is None or isinstance(step, date):
            self._live[place] = self._live[-1]
            self._live.pop()
            if step is not None:
                self._waiting.setdefault(step, []).append(steps)
        else:
            yield step
