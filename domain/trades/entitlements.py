"""Which corporate actions hold in a ledger log, for which positions, and what they make of a traded quantity."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from domain.commands.corporate_actions import CorporateAction
from domain.corporate_actions import ONE, ratio, scaled
from domain.events import CorporateActionApplied, CorporateActionPaid, CorporateActionReversed
from domain.events.corporate_actions import AppliedAction
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ZERO
from domain.undo import UndoLog

ENTITLING = frozenset({"equity", "bond"})
"""The products whose holders issuers do something to."""
AppliedEvents = CorporateActionApplied | CorporateActionPaid | CorporateActionReversed


class KeptEntitlements(msgspec.Struct, frozen=True):
    """``dated`` are book, instrument, trade date and quantity."""

    live: dict[str, AppliedAction]
    handled: dict[str, int]
    dated: list[tuple[str, str, date, Decimal]]


class Entitlements:
    """``live`` are the actions that were applied and hold, ``handled`` the last revision of each that changed anything.
    ``dated`` is what was traded of a position by trade date, before any action, and ``since`` the first of these dates:
    a position has an action exactly when it was traded before its ex date.
    """

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self.live: dict[str, AppliedAction] = {}
        self.handled: dict[str, int] = {}
        self.dated: dict[tuple[str, str, date], Decimal] = {}
        self.since: dict[tuple[str, str], date] = {}
        self._of: dict[str, tuple[str, ...]] = {}

    def kept(self) -> KeptEntitlements:
        dated = self._undo.kept(self.dated)
        return KeptEntitlements(
            self._undo.kept(self.live), self._undo.kept(self.handled),
            [(*place, quantity) for place, quantity in dated.items()],
        )

    def resume(self, state: KeptEntitlements) -> None:
        self.handled.update(state.handled)
        for action_id, applied in state.live.items():
            self._live(action_id, applied)
        for book, instrument, day, quantity in state.dated:
            self._trade(book, instrument, day, quantity)
        self._undo.keep()

    def hold(self, terms: Economics | Moved, sign: int) -> Decimal:
        """Takes in (or out, with ``sign`` -1) what was traded or transferred; what it is today, after the actions that
        came since.
        """
        if terms.product not in ENTITLING:
            return sign * terms.quantity
        today = ZERO
        for day, quantity in _dealt(terms):
            dealt = sign * quantity
            self._trade(terms.book, terms.instrument, day, dealt)
            today += self._today(terms.instrument, day, dealt) if terms.instrument in self._of else dealt
        return today

    def now(self, terms: Economics) -> Decimal:
        """What a trade's quantity is today."""
        return sum((self._today(terms.instrument, day, quantity) for day, quantity in _dealt(terms)), ZERO)

    def missing(self, terms: Economics | Moved) -> tuple[AppliedAction, ...]:
        """The actions that something traded or transferred brings to a position that does not have them; mostly none.
        """
        if terms.product not in ENTITLING or terms.instrument not in self._of:
            return ()
        day = min(day for day, _ in _dealt(terms))
        since = self.since.get((terms.book, terms.instrument))
        return tuple(
            applied for applied in self._applied_to(terms.instrument)
            if day < applied.action.ex_date and (since is None or applied.action.ex_date <= since)
        )

    def holders(self, action: CorporateAction) -> list[str]:
        """The books that traded the instrument before the ex date."""
        return sorted(
            book for (book, instrument), since in self.since.items()
            if instrument == action.instrument and since < action.ex_date
        )

    def evolve(self, event: AppliedEvents) -> bool:
        """Takes an event into the state; whether it may have changed what is held."""
        action_id, before = event.action_id, self.live.get(event.action_id)
        if isinstance(event, CorporateActionPaid):
            self._live(action_id, AppliedAction(action=event.action, paid=True))
            return False
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
        changed = [event.action] if before is None else [event.action, before.action]
        return any(len(set(ratio(each.terms))) > 1 for each in changed)

    def today(self, instrument: str) -> Iterator[tuple[tuple[str, str], Decimal]]:
        """What every position in an instrument comes to."""
        found: dict[tuple[str, str], Decimal] = {}
        for (book, name, day), quantity in self.dated.items():
            if name == instrument:
                held = found.get((book, name), ZERO)
                found[book, name] = held + self._today(name, day, quantity)
        yield from found.items()

    def _trade(self, book: str, instrument: str, day: date, quantity: Decimal) -> None:
        place = (book, instrument, day)
        self._undo.put(self.dated, place, self.dated.get(place, ZERO) + quantity)
        since = self.since.get(place[:2])
        if since is None or day < since:
            self._undo.put(self.since, place[:2], day)

    def _today(self, instrument: str, day: date, quantity: Decimal) -> Decimal:
        new = old = ONE
        for applied in self._applied_to(instrument):
            if day < applied.action.ex_date:
                more, fewer = ratio(applied.action.terms)
                new, old = new * more, old * fewer
        return quantity if new == old else scaled(quantity, new, old)

    def _applied_to(self, instrument: str) -> Iterator[AppliedAction]:
        return (self.live[action_id] for action_id in self._of.get(instrument, ()))

    def _live(self, action_id: str, applied: AppliedAction) -> None:
        self._undo.put(self.live, action_id, applied)
        instrument = applied.action.instrument
        others = self._of.get(instrument, ())
        if action_id not in others:
            self._undo.put(self._of, instrument, (*others, action_id))


def _dealt(terms: Economics | Moved) -> list[tuple[date, Decimal]]:
    """From which day on how much is held; each part of a trade was dealt on a day of its own."""
    if isinstance(terms, Moved):
        return [(terms.transfer_date, terms.quantity)]
    return [(part.trade_date, part.quantity) for part in terms.parts] or [(terms.trade_date, terms.quantity)]
