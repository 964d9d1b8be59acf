"""Cash and accounts as of any instant, from what the movements post that held then."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from projections.as_of import Instant, held_at, position_at
from projections.cash import Cash
from projections.journal import Posting, realised_postings
from projections.movements import Posted


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What the trial balance sums."""

    postings: tuple[Posting, ...]


def entries_at(movements: Sequence[Posted], at: Instant) -> Iterator[Entry]:
    """What the movements of one position post, and what it has realised. The cost of what is open stays in its trading
    account, so nothing is ever realised by what came after.
    """
    for movement in held_at(movements, at):
        yield Entry(movement.postings)
    position = position_at(movements, at)
    if position is not None and position.realised:
        yield Entry(realised_postings(position.instrument, position.currency, position.realised))


def add_cash(balances: dict[str, Cash], movements: Iterable[Posted], at: Instant) -> None:
    """Adds to the cash of each book and currency what these movements post to its accounts."""
    for movement in movements:
        if at.holds(movement):
            for posting in movement.postings:
                if posting.account.startswith(CASH_ACCOUNTS):
                    _move(_cash_of(balances, movement, posting.asset), posting)


CASH_ACCOUNTS = (
    "Assets:Nostro", "Assets:CashReceivable:", "Liabilities:CashPayable:", "Expense:Fees:", "Expense:Penalties",
    "Income:Penalties",
)


def _cash_of(balances: dict[str, Cash], movement: Posted, currency: str) -> Cash:
    key = f"{movement.book}/{currency}"
    if key not in balances:
        balances[key] = Cash(
            id=key, log=movement.log, book=movement.book, desk=movement.desk, entity=movement.entity, currency=currency
        )
    cash = balances[key]
    cash.sequence = max(cash.sequence, movement.known_from_sequence)
    return cash


def _move(cash: Cash, posting: Posting) -> None:
    nostro, receivable, payable, fees, *_ = CASH_ACCOUNTS
    if posting.account == nostro:
        cash.settled += posting.quantity
    elif posting.account.startswith(receivable):
        cash.receivable += posting.quantity
    elif posting.account.startswith(payable):
        cash.payable -= posting.quantity
    elif posting.account.startswith(fees):
        cash.fees += posting.quantity
    else:
        cash.penalties -= posting.quantity
