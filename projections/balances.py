"""Cash and accounts as of any instant, from what the movements post that held then."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from projections.as_of import Instant, held_at, position_at
from projections.cash import CASH_ACCOUNTS, Cash, add_posting
from projections.movements import Posted
from projections.postings import Posting, realised_postings
from projections.steps import ACTING
from projections.successions import Elsewhere

P = TypeVar("P", bound=Posted)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What the trial balance sums."""

    postings: tuple[Posting, ...]


def entries_at(movements: Sequence[P], at: Instant, elsewhere: Elsewhere[P]) -> Iterator[Entry]:
    """What the movements of one position post, what it has realised, and what corporate actions did to it. The cost of
    what is open stays in its trading account, so nothing is ever realised by what came after.
    """
    for movement in held_at(movements, at):
        yield Entry(movement.postings)
    position = position_at(movements, at, elsewhere)
    if position is not None and position.realised:
        yield Entry(realised_postings(position.instrument, position.currency, position.realised))
    if position is not None and position.by_actions:
        yield Entry(position.by_actions)


def add_cash(balances: dict[str, Cash], movements: Sequence[P], at: Instant, elsewhere: Elsewhere[P]) -> None:
    """Adds to the cash of each book and currency what the movements of one position post to its accounts, and what
    corporate actions did to it.
    """
    acted: Posted | None = None
    for movement in movements:
        if at.holds(movement):
            _add(balances, movement, movement.postings)
            if movement.kind in ACTING:
                acted = movement
    if acted is not None:
        position = position_at(movements, at, elsewhere)
        assert position is not None
        _add(balances, acted, position.by_actions)


def _add(balances: dict[str, Cash], movement: Posted, postings: Iterable[Posting]) -> None:
    for posting in postings:
        if posting.account.startswith(CASH_ACCOUNTS):
            add_posting(_cash_of(balances, movement, posting.asset), posting)


def _cash_of(balances: dict[str, Cash], movement: Posted, currency: str) -> Cash:
    key = f"{movement.book}/{currency}"
    if key not in balances:
        balances[key] = Cash(
            id=key, log=movement.log, book=movement.book, desk=movement.desk, entity=movement.entity, currency=currency
        )
    cash = balances[key]
    cash.sequence = max(cash.sequence, movement.known_from_sequence)
    return cash

