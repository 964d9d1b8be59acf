"""A statement of balances, of securities or of money, held against what has settled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from domain.money import ZERO, exact
from projections.journal import JournalEntry
from projections.reconciliation.flows import Flow, flows_of
from projections.reconciliation.reasons import candidates, explain
from projections.reconciliation.statement import Balance, Break, Kind, Reason, Reconciliation
from projections.settlements import Settlement

ACCOUNTS: Mapping[Kind, str] = {"custody": "Assets:Custody", "nostro": "Assets:Nostro"}
Accounts = Mapping[str, Sequence[str]]
"""The books that each account of a statement is for."""
Settled = dict[tuple[str, str], list[tuple[date, Decimal]]]


def settled_of(entries: Iterable[JournalEntry], kind: Kind) -> Settled:
    """By book and asset, what came into custody or the nostro on each day, by the journal."""
    found: Settled = {}
    for entry in entries:
        for posting in entry.postings:
            if posting.account.startswith(ACCOUNTS[kind]):
                found.setdefault((entry.book, posting.asset), []).append((entry.value_date, posting.quantity))
    return found


def reconcile_balances(
    kind: Kind, balances: Sequence[Balance], accounts: Accounts, *, settled: Settled,
    settlements: Iterable[Settlement], on_line: Callable[[int], None] = lambda _count: None,
) -> Reconciliation:
    """Every asset of every account that is on the statement or in the books; what the statement does not name it is
    taken to have none of.
    """
    flows, breaks, matched = flows_of(settlements, kind), [], 0
    with exact():
        for account, as_of in dict.fromkeys((each.account, each.as_of) for each in balances):
            own = [each for each in balances if (each.account, each.as_of) == (account, as_of)]
            books = accounts[account]
            held = dict.fromkeys([each.asset or each.name for each in own])
            held |= dict.fromkeys(asset for book, asset in (*settled, *flows) if book in books)
            for asset in held:
                lines = [each for each in own if (each.asset or each.name) == asset]
                found = _compare((account, asset, as_of), lines, books, settled, flows)
                if found is None:
                    matched += len(lines)
                else:
                    breaks.append(found)
            on_line(len(own))
    return Reconciliation(kind=kind, lines=len(balances), matched=matched, breaks=tuple(breaks))


def _compare(
    place: tuple[str, str, date], lines: Sequence[Balance], books: Sequence[str], settled: Settled,
    flows: Mapping[tuple[str, str], list[Flow]],
) -> Break | None:
    account, asset, as_of = place
    statement = sum((each.quantity for each in lines), ZERO)
    ours = sum((moved for book in books for day, moved in settled.get((book, asset), ()) if day <= as_of), ZERO)
    own = [flow for book in books for flow in flows.get((book, asset), ())]
    reasons: tuple[Reason, ...]
    if any(each.asset is None for each in lines):
        reasons = (Reason(cause="unknown-instrument", quantity=statement),)
    elif statement == ours:
        return None
    else:
        reasons = explain(statement - ours, candidates(own, as_of))
    return Break(
        account=account, asset=asset, as_of=as_of, lines=tuple(each.line for each in lines), statement=statement,
        settled=ours, in_flight=sum((_in_flight(flow, as_of) for flow in own), ZERO), difference=statement - ours,
        reasons=reasons,
    )


def _in_flight(flow: Flow, as_of: date) -> Decimal:
    """What had been traded, and had not moved by the end of the day."""
    moved_later = sum((flow.of(step) for step in flow.moves if step.on is not None and step.on > as_of), ZERO)
    return flow.still_open + moved_later
