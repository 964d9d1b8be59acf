"""What changed in the profit of one valid time, between two known times, by what became known of trades and marks."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

from projections.causes import Cause
from projections.changes import Changed, Changes, Figures, Key
from projections.positions import Position
from projections.quotes import Quote, QuotesAt
from projections.stands import Stand
from projections.valuation import Marking, ProfitLine, profit

IN_PROFIT = ("realised", "unrealised", "income", "fees", "penalties", "total")
Rates = dict[Key, dict[str, Decimal]]


class QuotesUntil(QuotesAt):
    """Those known ``after`` as far as they were recorded up to ``sequence``; for the others those known ``before``."""

    def __init__(self, before: QuotesAt, after: QuotesAt, sequence: int) -> None:
        super().__init__(after.select, after.valid_at, sequence)
        self._before, self._after = before, after

    def in_force(self, prefix: str) -> Quote | None:
        quote = self._after.in_force(prefix)
        found = quote if quote is None or quote.sequence <= self.sequence else self._before.in_force(prefix)
        self.used[prefix] = found
        return found


class ProfitChanges:
    """Profit by a field of positions and base currency; ``unmarked`` are the positions left out for want of a mark or
    rate, at the one time or the other.
    """

    def __init__(self, by: str, before: QuotesAt, after: QuotesAt) -> None:
        self.unmarked: list[str] = []
        self._changes = Changes()
        self._by, self._before, self._after = by, before, after
        self._rates: tuple[Rates, Rates] = {}, {}

    def take(self, stands: Iterable[Stand]) -> None:
        """One position: what became known of it at the earlier marks, then these; the other way round where the earlier
        ones do not say what it is worth.
        """
        every = list(stands)
        if not every:
            return
        first, last = every[0].position, every[-1].position
        before = not every[0].is_known or self._convert(first, self._before, self._rates[0])
        after = self._convert(last, self._after, self._rates[1])
        if not (before and after):
            self.unmarked.append(last.id)
        self._changes.begin(self._worth(self._before)(every[0]))
        if all(_is_marked(each.position, self._before) for each in every):
            self._step(every, self._before)
            self._mark(every[-1])
        else:
            self._mark(every[0])
            self._step(every, self._after)

    def found(self) -> list[Changed]:
        """What is otherwise, with the rates at which each currency was converted."""
        found = self._changes.found()
        for each in found:
            each.before["rates"], each.after["rates"] = (rates.get(each.key, {}) for rates in self._rates)
        return found

    def _step(self, stands: Iterable[Stand], marks: QuotesAt) -> None:
        worth = self._worth(marks)
        for before, after in pairwise([(stand.cause, worth(stand)) for stand in stands]):
            assert after[0] is not None
            self._changes.add(after[0], before[1], after[1])

    def _mark(self, stand: Stand) -> None:
        """Price by price, and rate by rate, in the order in which they were recorded."""
        before = self._worth(self._before)(stand)
        for quote in self._recorded_between(stand.position):
            after = self._worth(QuotesUntil(self._before, self._after, quote.sequence))(stand)
            self._changes.add(Cause(quote.event, quote.actor, quote.recorded_at, None), before, after)
            before = after

    def _recorded_between(self, position: Position) -> Iterator[Quote]:
        """The quotes that a position is valued at now and was not before."""
        marks = QuotesUntil(self._before, self._after, self._after.sequence)
        profit([position], marks)
        used = (each for each in marks.used.values() if each is not None and each.sequence > self._before.sequence)
        yield from sorted(used, key=lambda each: each.sequence)

    def _worth(self, marks: Marking) -> Callable[[Stand], dict[Key, Figures]]:
        def figures(stand: Stand) -> dict[Key, Figures]:
            lines = profit([stand.position], marks, self._by)
            return {_key(line): {name: getattr(line, name) for name in IN_PROFIT} for line in lines}

        return figures

    def _convert(self, position: Position, marks: Marking, rates: Rates) -> bool:
        """Whether a position can be marked; takes the rate at which it is converted."""
        (line,) = profit([position], marks, self._by)
        rates.setdefault(_key(line), {}).update(line.rates)
        return not line.unmarked


def _key(line: ProfitLine) -> Key:
    return line.name, line.base_currency


def _is_marked(position: Position, marks: Marking) -> bool:
    return not profit([position], marks)[0].unmarked
