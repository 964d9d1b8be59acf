"""What comes of dealt quantities by corporate actions: of a position as a whole, for of that a fraction is paid out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from domain.commands.corporate_actions import CorporateAction, Exchange, SpinOff
from domain.corporate_actions import SUCCESSION, entitled, in_lieu, precedence, scaled
from domain.money import ZERO

Dealt = Sequence[tuple[date, Decimal]]
"""On which days how much was dealt, in no order."""
Actions = Callable[[str], Sequence[CorporateAction]]
Place = tuple[date, int, str]
TRADED = SUCCESSION + 1
"""After all that happens at the opening of a day."""


class Ended(msgspec.Struct, frozen=True, gc=False):
    """What was dealt of an instrument by one trade, and dealt back on a ``day`` as what it had become."""

    instrument: str
    day: date
    dealt: tuple[tuple[date, Decimal], ...]


class Quantities:
    """Those of one book, asked by instrument: ``ended`` are the trades of which something may have come to be held of
    one, ``of`` the actions on it, and ``into`` those that give it.
    """

    def __init__(
        self, dealt: Callable[[str], Dealt], ended: Callable[[str], Sequence[Ended]], of: Actions, into: Actions
    ) -> None:
        self._dealt, self._ended, self._of, self._into = dealt, ended, of, into

    def held(self, instrument: str, until: Place | None = None) -> Decimal:
        """What is held in the end, or before a place; as positions are folded."""
        held = ZERO
        for place, what in self._happenings(instrument):
            if until is not None and place >= until:
                break
            if isinstance(what, Decimal):
                held += what
            elif isinstance(what, Ended):
                held -= self._made_of(what, instrument)
            elif what.instrument != instrument:
                held += self._came(what)
            else:
                held = _after(what, held)
        return held

    def _happenings(self, instrument: str) -> Iterator[tuple[Place, Decimal | Ended | CorporateAction]]:
        found: list[tuple[Place, Decimal | Ended | CorporateAction]] = [
            *(((day, TRADED, ""), quantity) for day, quantity in self._dealt(instrument)),
            *(((each.day, TRADED, ""), each) for each in self._ended(instrument)),
            *((_place(each), each) for each in self._of(instrument)),
            *(((each.ex_date, SUCCESSION, each.action), each) for each in self._into(instrument)),
        ]
        return iter(sorted(found, key=lambda each: each[0]))

    def _came(self, action: CorporateAction) -> Decimal:
        terms = action.terms
        assert isinstance(terms, Exchange)
        came = scaled(self.held(action.instrument, _place(action)), terms.new, terms.old)
        return came - in_lieu(came, terms.cash_in_lieu, action.currency)[0]

    def _made_of(self, ended: Ended, instrument: str) -> Decimal:
        """What actions added to a trade by its end, as if nothing else were held."""
        own: Mapping[str, Dealt] = {ended.instrument: ended.dealt}
        alone = Quantities(lambda name: own.get(name, ()), lambda _: (), self._of, self._into)
        dealt = sum((quantity for _, quantity in own.get(instrument, ())), ZERO)
        return alone.held(instrument, (ended.day, TRADED, "")) - dealt


def _after(action: CorporateAction, held: Decimal) -> Decimal:
    """What is left in the instrument that an action is on."""
    if isinstance(action.terms, Exchange):
        return held if isinstance(action.terms, SpinOff) else ZERO
    found = entitled(action.terms, held, action.currency)
    return found.quantity - found.fraction


def _place(action: CorporateAction) -> Place:
    return action.ex_date, precedence(action.terms), action.action
