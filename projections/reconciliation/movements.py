"""A statement of a bank's movements held against what has settled, movement by movement."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from domain.money import ZERO, exact
from projections.journal import JournalEntry
from projections.reconciliation.flows import Flow, flows_of
from projections.reconciliation.holdings import ACCOUNTS, Accounts
from projections.reconciliation.reasons import candidates
from projections.reconciliation.statement import Break, Cause, Entry, Reason, Reconciliation
from projections.settlements import Settlement


class Moved(msgspec.Struct):
    """What we say moved on a day: of a trade, of a net as one, or of no trade; ``gross`` is it without our fees."""

    asset: str
    on: date
    amount: Decimal
    gross: Decimal
    trade_ids: tuple[str, ...]
    names: frozenset[str]
    events: tuple[str, ...]


def reconcile_movements(
    entries: Sequence[Entry], accounts: Accounts, settlements: Iterable[Settlement], journal: Iterable[JournalEntry],
    on_line: Callable[[int], None] = lambda _count: None,
) -> Reconciliation:
    """Every line of the statement, and what moved by our books from its first day to its last that it does not have."""
    flows, breaks, matched = flows_of(settlements, "nostro"), list[Break](), 0
    paid = _of_no_trade(journal)
    with exact():
        for account in dict.fromkeys(each.account for each in entries):
            own = [each for each in entries if each.account == account]
            ours = [flow for (book, _), found in flows.items() if book in accounts[account] for flow in found]
            moved = [each for book, each in paid if book in accounts[account]]
            found = list(_compare(account, own, ours, [*_moved(ours), *moved]))
            lines = {line for each in found for line in each.lines}
            matched += sum(each.line not in lines for each in own)
            breaks += found
            on_line(len(own))
    return Reconciliation(kind="nostro", lines=len(entries), matched=matched, breaks=tuple(breaks))


def _compare(
    account: str, entries: Sequence[Entry], flows: Sequence[Flow], moved: list[Moved]
) -> Iterator[Break]:
    left = list(entries)
    first, last = min(each.value_date for each in entries), max(each.value_date for each in entries)
    for cause, fits in PASSES:
        for entry in list(left):
            found = next((each for each in moved if each.asset == entry.asset and fits(entry, each)), None)
            if found is None:
                continue
            left.remove(entry)
            moved.remove(found)
            if cause is not None:
                yield _differs(account, entry, found, cause)
    for entry in left:
        yield _unmatched(account, entry, [flow for flow in flows if flow.asset == entry.asset])
    for each in moved:
        if first <= each.on <= last:
            reason = Reason(
                cause="not-on-statement", quantity=-each.amount, trade_id=" ".join(each.trade_ids), on=each.on,
                events=each.events,
            )
            yield _break((account, each.asset, each.on), (), ZERO, each.amount, reason)


def _named(entry: Entry, moved: Moved) -> bool:
    return entry.reference in moved.names


PASSES: tuple[tuple[Cause | None, Callable[[Entry, Moved], bool]], ...] = (
    (None, lambda entry, moved: _named(entry, moved) and (entry.amount, entry.value_date) == (moved.amount, moved.on)),
    (None, lambda entry, moved: not entry.reference and (entry.amount, entry.value_date) == (moved.amount, moved.on)),
    ("settled-on-another-day", lambda entry, moved: _named(entry, moved) and entry.amount == moved.amount),
    ("fees", lambda entry, moved: _named(entry, moved) and entry.amount == moved.gross),
    ("amount-differs", _named),
    ("settled-on-another-day", lambda entry, moved: not entry.reference and entry.amount == moved.amount),
    ("fees", lambda entry, moved: not entry.reference
     and (entry.amount, entry.value_date) == (moved.gross, moved.on)),
)
"""From the surest to the least sure; what fits is taken once. A line that has a reference is of what bears it."""


def _differs(account: str, entry: Entry, moved: Moved, cause: Cause) -> Break:
    reason = Reason(
        cause=cause, quantity=entry.amount - moved.amount, trade_id=" ".join(moved.trade_ids), on=moved.on,
        events=moved.events,
    )
    return _break(_place(account, entry), (entry.line,), entry.amount, moved.amount, reason)


def _unmatched(account: str, entry: Entry, flows: Sequence[Flow]) -> Break:
    if entry.reference:
        flows = [flow for flow in flows if entry.reference in _names(flow.settlement)] or flows
    fitting = [
        each.reason for each in candidates(flows, entry.value_date)
        if each.reason.quantity == entry.amount and each.reason.cause != "settled-on-another-day"
    ]
    reason = Reason(cause="unexplained", quantity=entry.amount)
    if fitting:
        reason = msgspec.structs.replace(fitting[0], others=len(fitting) - 1)
    return _break(_place(account, entry), (entry.line,), entry.amount, ZERO, reason)


def _place(account: str, entry: Entry) -> tuple[str, str, date]:
    return account, entry.asset, entry.value_date


def _break(
    place: tuple[str, str, date], lines: tuple[int, ...], statement: Decimal, ours: Decimal, reason: Reason
) -> Break:
    account, asset, day = place
    return Break(
        account=account, asset=asset, as_of=day, lines=lines, statement=statement, settled=ours, in_flight=ZERO,
        difference=statement - ours, reasons=(reason,),
    )


def _moved(flows: Sequence[Flow]) -> Iterator[Moved]:
    """Movements as the bank makes them: what settles with a net is one."""
    nets: dict[tuple[str, str, date], Moved] = {}
    for flow in flows:
        settlement = flow.settlement
        for step in flow.penalties:
            yield Moved(
                flow.asset, step.business_date, step.amount, step.amount, (settlement.trade_id,),
                frozenset({settlement.trade_id}), (step.event,),
            )
        for place, step in enumerate(flow.moves):
            amount = flow.of(step)
            assert step.on is not None
            if not amount:
                continue
            fees = flow.fees if place == len(flow.moves) - 1 else ZERO
            one = Moved(
                flow.asset, step.on, amount, amount + fees, (settlement.trade_id,), _names(settlement), (step.event,)
            )
            is_last = place == len(flow.moves) - 1
            if not settlement.net or not is_last:
                yield one
                continue
            key = (settlement.net, flow.asset, step.on)
            nets[key] = _joined(nets[key], one) if key in nets else one
    yield from nets.values()


def _of_no_trade(journal: Iterable[JournalEntry]) -> list[tuple[str, Moved]]:
    """With its book, what was paid for whole positions, as the gains of futures are."""
    return [
        (entry.book, Moved(
            posting.asset, entry.value_date, posting.quantity, posting.quantity, (), frozenset(),
            (f"{entry.log}:{entry.sequence}",),
        ))
        for entry in journal if not entry.trade_id
        for posting in entry.postings if posting.account.startswith(ACCOUNTS["nostro"])
    ]


def _joined(net: Moved, one: Moved) -> Moved:
    return Moved(
        net.asset, net.on, net.amount + one.amount, net.gross + one.gross, (*net.trade_ids, *one.trade_ids),
        net.names | one.names, (*net.events, *one.events),
    )


def _names(settlement: Settlement) -> frozenset[str]:
    return frozenset(filter(None, (settlement.trade_id, settlement.instruction, settlement.net)))
