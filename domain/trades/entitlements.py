"""Which corporate actions hold in a ledger log, for which positions, and what they make of a traded quantity."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from domain.commands.corporate_actions import CorporateAction, Exchange
from domain.corporate_actions import precedence, ratio, scaled
from domain.events import CorporateActionApplied, CorporateActionPaid, CorporateActionReversed
from domain.events.corporate_actions import AppliedAction
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ONE, ZERO
from domain.trades.ways import Ways
from domain.undo import UndoLog

ENTITLING = frozenset({"equity", "bond"})
"""The products whose holders issuers do something to."""
AppliedEvents = CorporateActionApplied | CorporateActionPaid | CorporateActionReversed


class KeptEntitlements(msgspec.Struct, frozen=True):
    """``dated`` are book, instrument, trade date and quantity; ``ways`` the old instrument, the new one and the day."""

    live: dict[str, AppliedAction]
    handled: dict[str, int]
    dated: list[tuple[str, str, date, Decimal]]
    ways: list[tuple[str, str, date]] = []


class Entitlements:
    """``live`` are the actions that were applied and hold, ``handled`` the last revision of each that changed anything.
    ``dated`` is what was traded of a position by trade date, before any action. A position has an action exactly when
    its book could hold the instrument before the ex date.
    """

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self.live: dict[str, AppliedAction] = {}
        self.handled: dict[str, int] = {}
        self.dated: dict[tuple[str, str, date], Decimal] = {}
        self.ways = Ways(undo)
        self._of: dict[str, tuple[str, ...]] = {}

    def kept(self) -> KeptEntitlements:
        dated = self._undo.kept(self.dated)
        return KeptEntitlements(
            self._undo.kept(self.live), self._undo.kept(self.handled),
            [(*place, quantity) for place, quantity in dated.items()], self.ways.kept(),
        )

    def resume(self, state: KeptEntitlements) -> None:
        self.handled.update(state.handled)
        for action_id, applied in state.live.items():
            self._live(action_id, applied)
        self.ways.resume(state.ways)
        for book, instrument, day, quantity in state.dated:
            self._trade(book, instrument, day, quantity)
        self._undo.keep()

    def hold(self, terms: Economics | Moved, sign: int) -> Iterable[tuple[str, Decimal]]:
        """Takes in (or out, with ``sign`` -1) what was traded or transferred; what it is today, after the actions that
        came since, by instrument.
        """
        if terms.product not in ENTITLING:
            return ((terms.instrument, sign * terms.quantity),)
        if type(terms) is Economics and not terms.parts and terms.instrument not in self._of:
            # Most of what is traded is such: it is not to pay for the rest.
            quantity = terms.quantity if sign > 0 else -terms.quantity
            self._trade(terms.book, terms.instrument, terms.trade_date, quantity)
            return ((terms.instrument, quantity),)
        dealt = [(day, sign * quantity) for day, quantity in _dealt(terms)]
        for day, quantity in dealt:
            self._trade(terms.book, terms.instrument, day, quantity)
        if terms.instrument not in self._of:
            return [(terms.instrument, quantity) for _, quantity in dealt]
        return self._spread(terms.instrument, dealt).items()

    def now(self, terms: Economics) -> Decimal:
        """What a trade's quantity is today, in its own instrument."""
        if terms.instrument not in self._of:
            return terms.quantity
        return self._spread(terms.instrument, _dealt(terms)).get(terms.instrument, ZERO)

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
        found: dict[tuple[str, str], Decimal] = {place: ZERO for place in self.ways.since if place[1] in instruments}
        # A log has many thousands of days of positions, and few of them are of these.
        sources = instruments.union(*(self.ways.before(name) for name in instruments))
        for (book, name, day), quantity in self.dated.items():
            if name not in sources:
                continue
            for into, held in self._spread(name, [(day, quantity)]).items():
                if into in instruments:
                    found[book, into] += held
        yield from found.items()

    def _trade(self, book: str, instrument: str, day: date, quantity: Decimal) -> None:
        place = (book, instrument, day)
        self._undo.put(self.dated, place, self.dated.get(place, ZERO) + quantity)
        self.ways.could_hold(book, instrument, day)

    def _spread(self, instrument: str, dealt: Iterable[tuple[date, Decimal]]) -> dict[str, Decimal]:
        """What quantities of some days are today, by instrument."""
        found: dict[str, Decimal] = {}
        for day, quantity in dealt:
            waiting = [(instrument, day, ONE, ONE)]
            while waiting:
                name, since, new, old = waiting.pop()
                for applied in sorted(self._applied_to(name), key=_place):
                    action, terms = applied.action, applied.action.terms
                    if since >= action.ex_date:
                        continue
                    if isinstance(terms, Exchange):
                        waiting.append((terms.into, action.ex_date, new * terms.new, old * terms.old))
                    more, fewer = ratio(terms)
                    new, old = new * more, old * fewer
                today = quantity if new == old else scaled(quantity, new, old)
                found[name] = found.get(name, ZERO) + today
        return found

    def _applied_to(self, instrument: str) -> Iterator[AppliedAction]:
        return (self.live[action_id] for action_id in self._of.get(instrument, ()))

    def _live(self, action_id: str, applied: AppliedAction) -> None:
        self._undo.put(self.live, action_id, applied)
        instrument = applied.action.instrument
        others = self._of.get(instrument, ())
        if action_id not in others:
            self._undo.put(self._of, instrument, (*others, action_id))


def _place(applied: AppliedAction) -> tuple[date, int, str]:
    action = applied.action
    return action.ex_date, precedence(action.terms), action.action


def first_day(terms: Economics | Moved) -> date:
    """The first of the days on which terms were dealt."""
    return min(day for day, _ in _dealt(terms))


def _dealt(terms: Economics | Moved) -> list[tuple[date, Decimal]]:
    """From which day on how much is held; each part of a trade was dealt on a day of its own."""
    if isinstance(terms, Moved):
        return [(terms.transfer_date, terms.quantity)]
    return [(part.trade_date, part.quantity) for part in terms.parts] or [(terms.trade_date, terms.quantity)]
