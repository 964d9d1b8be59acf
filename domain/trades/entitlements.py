"""Which corporate actions hold in a ledger log, for which positions, and what they make of a traded quantity."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from domain.commands.corporate_actions import CorporateAction, Exchange
from domain.corporate_actions import ratio, scaled
from domain.events import CorporateActionApplied, CorporateActionPaid, CorporateActionReversed
from domain.events.corporate_actions import AppliedAction
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ONE, ZERO
from domain.trades.quantities import Ended, Quantities
from domain.trades.ways import Ways
from domain.undo import UndoLog

ENTITLING = frozenset({"equity", "bond"})
"""The products whose holders issuers do something to."""
NONE: frozenset[str] = frozenset()
AppliedEvents = CorporateActionApplied | CorporateActionPaid | CorporateActionReversed


class KeptEntitlements(msgspec.Struct, frozen=True):
    """``dated`` are book, instrument, trade date and quantity; ``ways`` the old instrument, the new one and the day;
    ``ended`` the book, and what of a trade was dealt back.
    """

    live: dict[str, AppliedAction]
    handled: dict[str, int]
    dated: list[tuple[str, str, date, Decimal]]
    ways: list[tuple[str, str, date]] = []
    ended: list[tuple[str, Ended]] = []


class Entitlements:
    """``live`` are the actions that were applied and hold, ``handled`` the last revision of each that changed anything.
    ``dated`` is what was traded of a position by trade date, before any action; beside it is kept which trades were
    dealt back as what they had become. A position has an action exactly when its book could hold the instrument before
    the ex date.
    """

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self.live: dict[str, AppliedAction] = {}
        self.handled: dict[str, int] = {}
        self.dated: dict[tuple[str, str, date], Decimal] = {}
        self.ways = Ways(undo)
        self._of: dict[str, tuple[str, ...]] = {}
        self._days: dict[tuple[str, str], tuple[date, ...]] = {}
        self._ended: dict[tuple[str, str], tuple[Ended, ...]] = {}

    def kept(self) -> KeptEntitlements:
        dated = self._undo.kept(self.dated)
        return KeptEntitlements(
            self._undo.kept(self.live), self._undo.kept(self.handled),
            [(*place, quantity) for place, quantity in dated.items()], self.ways.kept(),
            [(book, each) for (book, _), ended in self._undo.kept(self._ended).items() for each in ended],
        )

    def resume(self, state: KeptEntitlements) -> None:
        self.handled.update(state.handled)
        for action_id, applied in state.live.items():
            self._live(action_id, applied)
        self.ways.resume(state.ways)
        for book, instrument, day, quantity in state.dated:
            self._trade(book, instrument, day, quantity)
        for book, ended in state.ended:
            place = (book, ended.instrument)
            self._undo.put(self._ended, place, (*self._ended.get(place, ()), ended))
        self._undo.keep()

    def hold(self, terms: Economics | Moved, sign: int) -> frozenset[str]:
        """Takes in (or out, with ``sign`` -1) what was traded or transferred; the instruments of which the book may now
        hold something else than so much more, or less, than before: mostly none.
        """
        if terms.product not in ENTITLING:
            return NONE
        if type(terms) is Economics and not terms.parts:
            # Most of what is traded is such: it is not to pay for the rest.
            first = terms.trade_date
            self._trade(terms.book, terms.instrument, first, terms.quantity if sign > 0 else -terms.quantity)
        else:
            first = first_day(terms)
            for day, quantity in _dealt(terms):
                self._trade(terms.book, terms.instrument, day, sign * quantity)
            self._end(terms, sign)
        if terms.instrument not in self._of:
            return NONE
        if all(applied.action.ex_date <= first for applied in self._applied_to(terms.instrument)):
            return NONE
        return frozenset({terms.instrument, *self.ways.onward(terms.instrument, first)})

    def now(self, terms: Economics) -> Decimal:
        """What a trade's quantity is today, in its own instrument, before fractions are paid out."""
        if terms.instrument not in self._of:
            return terms.quantity
        total = ZERO
        for day, quantity in _dealt(terms):
            new, old = ONE, ONE
            for applied in self._applied_to(terms.instrument):
                if day < applied.action.ex_date:
                    more, fewer = ratio(applied.action.terms)
                    new, old = new * more, old * fewer
            total += quantity if new == old else scaled(quantity, new, old)
        return total

    def is_exchanged(self, terms: Economics) -> bool:
        """Whether what a trade cost, or a part of it, has gone to another instrument since."""
        day = first_day(terms)
        return any(
            isinstance(applied.action.terms, Exchange) and day < applied.action.ex_date
            for applied in self._applied_to(terms.instrument)
        )

    def missing(self, book: str, instrument: str, day: date) -> tuple[AppliedAction, ...]:
        """The actions that something of ``day`` brings to positions of a book that do not have them; mostly none."""
        found: dict[str, AppliedAction] = {}
        for name, since, before in self.ways.lacking(book, instrument, day) if self.live else ():
            found.update({
                each.action.action: each for each in self._applied_to(name)
                if since < each.action.ex_date and (before is None or each.action.ex_date <= before)
            })
        return tuple(found.values())

    def holders(self, action: CorporateAction) -> list[str]:
        """The books that could hold the instrument before the ex date."""
        return self.ways.books(action)

    def evolve(self, event: AppliedEvents) -> frozenset[str]:
        """Takes an event into the state; the instruments of which another quantity may be held."""
        action_id, before = event.action_id, self.live.get(event.action_id)
        if isinstance(event, CorporateActionPaid):
            self._live(action_id, AppliedAction(action=event.action, paid=True))
            return frozenset()
        if isinstance(event, CorporateActionReversed):
            self._undo.put(self.handled, action_id, event.because)
            self._undo.remove(self.live, action_id)
            left = tuple(each for each in self._of.get(event.instrument, ()) if each != action_id)
            if left:
                self._undo.put(self._of, event.instrument, left)
            else:
                self._undo.remove(self._of, event.instrument)
        else:
            self._undo.put(self.handled, action_id, event.action.revision)
            self._live(action_id, AppliedAction(action=event.action))
            self.ways.open(event.action)
        changed = [event.action] if before is None else [event.action, before.action]
        if any(len(set(ratio(each.terms))) > 1 or each.into for each in changed):
            first = min(each.ex_date for each in changed)
            return frozenset({event.instrument, *self.ways.onward(event.instrument, first)})
        return frozenset()

    def today(self, instruments: frozenset[str]) -> Iterator[tuple[tuple[str, str], Decimal]]:
        """What every position in some instruments comes to."""
        books: dict[str, list[str]] = {}
        for book, instrument in self.ways.since:
            if instrument in instruments:
                books.setdefault(book, []).append(instrument)
        for book, held in books.items():
            yield from self.of_book(book, held)

    def of_book(self, book: str, instruments: Iterable[str]) -> Iterator[tuple[tuple[str, str], Decimal]]:
        """What a book's positions in some instruments come to."""
        quantities = Quantities(
            lambda name: [(day, self.dated[book, name, day]) for day in self._days.get((book, name), ())],
            lambda name: self._ended_in(book, name), self._actions_on, self._actions_into,
        )
        for instrument in instruments:
            yield (book, instrument), quantities.held(instrument)

    def _trade(self, book: str, instrument: str, day: date, quantity: Decimal) -> None:
        place = (book, instrument, day)
        before = self.dated.get(place)
        if before is None:
            position = (book, instrument)
            self._undo.put(self._days, position, (*self._days.get(position, ()), day))
            self.ways.could_hold(book, instrument, day)
        self._undo.put(self.dated, place, quantity if before is None else before + quantity)

    def _end(self, terms: Economics | Moved, sign: int) -> None:
        """Remembers, or no more, what a trade was that is dealt back."""
        back = [part for part in terms.parts if part.unwinds] if isinstance(terms, Economics) else []
        if not back:
            return
        day = back[0].trade_date
        dealt = tuple((each, quantity) for each, quantity in _dealt(terms) if each < day)
        place, ended = (terms.book, terms.instrument), Ended(terms.instrument, day, dealt)
        before = self._ended.get(place, ())
        at = before.index(ended) if sign < 0 else len(before)
        self._undo.put(self._ended, place, (*before[:at], *((ended,) if sign > 0 else ()), *before[at + 1 :]))

    def _ended_in(self, book: str, instrument: str) -> list[Ended]:
        """Of the trades that were dealt back those of which something may have come to be held of an instrument."""
        return [
            each for name in (instrument, *self.ways.before(instrument)) for each in self._ended.get((book, name), ())
        ]

    def _actions_on(self, instrument: str) -> list[CorporateAction]:
        return [applied.action for applied in self._applied_to(instrument)]

    def _actions_into(self, instrument: str) -> list[CorporateAction]:
        return [each for name in self.ways.from_which(instrument) for each in self._actions_on(name)
                if each.into == instrument]

    def _applied_to(self, instrument: str) -> Iterator[AppliedAction]:
        return (self.live[action_id] for action_id in self._of.get(instrument, ()))

    def _live(self, action_id: str, applied: AppliedAction) -> None:
        self._undo.put(self.live, action_id, applied)
        instrument = applied.action.instrument
        others = self._of.get(instrument, ())
        if action_id not in others:
            self._undo.put(self._of, instrument, (*others, action_id))


def first_day(terms: Economics | Moved) -> date:
    """The first of the days on which terms were dealt."""
    return min(day for day, _ in _dealt(terms))


def _dealt(terms: Economics | Moved) -> list[tuple[date, Decimal]]:
    """From which day on how much is held; each part of a trade was dealt on a day of its own."""
    if isinstance(terms, Moved):
        return [(terms.transfer_date, terms.quantity)]
    return [(part.trade_date, part.quantity) for part in terms.parts] or [(terms.trade_date, terms.quantity)]
