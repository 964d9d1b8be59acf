"""What became of trades and positions in a demo: by kind, and by what issuers did."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from domain.money import ZERO
from projections.corporate_actions import WITHHELD
from projections.positions import Position
from projections.postings import Posting
from projections.reference import ReferenceEntry

ACTIONS, DATES = "corporate-actions", "dates"
OWED = ("Receivable:", "Payable:", "Deliverable:")


class ActionLine(msgspec.Struct, kw_only=True):
    """What the ``actions`` on an instrument, and those that brought it, did to positions in it: ``units`` more or
    fewer, money that was ``paid`` or is ``owed`` (below zero by us), and the ``tax`` withheld of it.
    """

    instrument: str
    currency: str
    actions: tuple[str, ...]
    positions: int = 0
    units: Decimal = ZERO
    paid: Decimal = ZERO
    owed: Decimal = ZERO
    tax: Decimal = ZERO


class _Typed(Protocol):
    @property
    def type(self) -> str: ...


T = TypeVar("T", bound=_Typed)


def counted(entries: Iterable[T], kinds: Counter[str]) -> Iterator[T]:
    """The entries as they are, counted by what they post."""
    for entry in entries:
        kinds[entry.type.rpartition(".")[0]] += 1
        yield entry


def action_lines(entries: Iterable[ReferenceEntry], positions: Iterable[Position]) -> list[ActionLine]:
    """One line for each instrument that an issuer does something to, or that comes of another."""
    known = list(entries)
    today = next((each.content["business_date"] for each in known if each.kind == DATES), str(date.max))
    lines: dict[str, ActionLine] = {}
    for entry in known:
        if entry.kind == ACTIONS:
            action = entry.content["action"]
            told = f"{action['terms']['kind']} {_standing(action, today, in_force=entry.in_force)}"
            _tell(lines, action["instrument"], action["currency"], told)
            if into := action["terms"].get("into"):
                _tell(lines, into, action["currency"], f"{told}, of {action['instrument']}")
    for position in positions:
        if position.by_actions and position.instrument in lines:
            _add(lines[position.instrument], position)
    return [lines[name] for name in sorted(lines)]


def _standing(action: Mapping[str, Any], today: str, *, in_force: bool) -> str:
    if not in_force:
        return "cancelled"
    if action["pay_date"] <= today:
        return "paid"
    return "ex" if action["ex_date"] <= today else "announced"


def _tell(lines: dict[str, ActionLine], instrument: str, currency: str, told: str) -> None:
    line = lines.setdefault(instrument, ActionLine(instrument=instrument, currency=currency, actions=()))
    line.actions = (*line.actions, told)


def _add(line: ActionLine, position: Position) -> None:
    line.positions += 1
    for posting in position.by_actions:
        if posting.asset == position.asset:
            line.units += posting.quantity if _is_held(posting) else ZERO
        elif posting.account == WITHHELD:
            line.tax += posting.quantity
        elif posting.account == "Assets:Nostro":
            line.paid += posting.quantity
        elif any(each in posting.account for each in OWED):
            line.owed += posting.quantity


def _is_held(posting: Posting) -> bool:
    return posting.account == "Assets:Custody" or any(each in posting.account for each in OWED)
