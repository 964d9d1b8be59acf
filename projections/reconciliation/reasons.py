"""Why a statement may differ from the books: what each settlement would explain, and what together explains it all."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from projections.reconciliation.flows import Flow
from projections.reconciliation.statement import Cause, Reason
from projections.settlements import Settlement, Step

MOST_CANDIDATES = 400
MOST_TOGETHER = 3


class Candidate(msgspec.Struct, frozen=True):
    """A reason, and the settlement or movement that gives it: which gives no other at the same time."""

    key: tuple[str, str]
    reason: Reason


def candidates(flows: Iterable[Flow], as_of: date) -> list[Candidate]:
    """What each flow would explain of a statement of ``as_of``, those first whose day is next to it."""
    found = [candidate for flow in flows for candidate in _of_flow(flow, as_of) if candidate.reason.quantity]
    return sorted(found, key=lambda each: (_distance(each.reason, as_of), each.key, each.reason.cause))


def explain(difference: Decimal, found: Sequence[Candidate]) -> tuple[Reason, ...]:
    """The fewest reasons that sum to ``difference``; one that nothing explains where none do."""
    sums = _Sums(found[:MOST_CANDIDATES])
    for together in range(1, MOST_TOGETHER + 1):
        if chosen := sums.to(difference, together):
            others = sum(each.reason.quantity == difference for each in found) - 1 if together == 1 else 0
            return tuple(msgspec.structs.replace(each.reason, others=others) for each in chosen)
    return (Reason(cause="unexplained", quantity=difference),)


def waiting(settlement: Settlement, as_of: date) -> Cause:
    """Why what is open has not settled."""
    if settlement.status == "failing":
        return "failing"
    if settlement.status == "partially-settled":
        return "partially-settled"
    return "booked-after-the-cut" if settlement.steps[0].business_date > as_of else "unsettled"


def _of_flow(flow: Flow, as_of: date) -> Iterator[Candidate]:
    settlement, ours = flow.settlement, flow.moved_by(as_of)
    start, whole = (settlement.id, ""), flow.terms[-1]
    still_open = flow.still_open
    if settlement.status == "cancelled":
        yield Candidate(start, _reason(settlement, "cancelled", flow.of(whole), whole, settlement.steps[-1]))
    elif still_open:
        last = settlement.steps[-1]
        yield Candidate(start, _reason(settlement, waiting(settlement, as_of), still_open, whole, last))
        if flow.fees:
            yield Candidate(start, _reason(settlement, "fees", still_open + flow.fees, whole))
    elif flow.fees and ours:
        yield Candidate(start, _reason(settlement, "fees", flow.fees, whole, *flow.moves))
    for earlier, later in zip(flow.terms, flow.terms[1:], strict=False):
        if flow.of(earlier) != flow.of(whole) or settlement.status == "cancelled":
            yield Candidate(start, _reason(settlement, "amended", flow.of(earlier) - ours, earlier, later))
    for step in flow.penalties:
        if step.business_date <= as_of:
            yield Candidate((settlement.id, step.event), _reason(settlement, "penalty", -step.amount, step))
    for step in flow.moves:
        assert step.on is not None
        counted = step.on <= as_of
        late = settlement.steps[0].business_date > as_of
        cause: Cause = "booked-after-the-cut" if late else "settled-on-another-day"
        moved = flow.of(step)
        yield Candidate((settlement.id, step.event), _reason(settlement, cause, -moved if counted else moved, step))


def _reason(settlement: Settlement, cause: Cause, quantity: Decimal, *steps: Step) -> Reason:
    return Reason(
        cause=cause, quantity=quantity, trade_id=settlement.trade_id, leg=settlement.leg, on=steps[0].on,
        events=tuple(dict.fromkeys(step.event for step in steps)),
    )


def _distance(reason: Reason, as_of: date) -> int:
    return abs((reason.on - as_of).days) if reason.on else 0


class _Sums:
    """Which candidates of different keys sum to something. The last of them is looked up by its quantity, for there are
    too many threes to try each.
    """

    def __init__(self, found: Sequence[Candidate]) -> None:
        self._found = found
        self._places: dict[Decimal, list[int]] = {}
        for place, each in enumerate(found):
            self._places.setdefault(each.reason.quantity, []).append(place)

    def to(
        self, difference: Decimal, together: int, begin: int = 0, taken: tuple[tuple[str, str], ...] = ()
    ) -> tuple[Candidate, ...]:
        """The first ``together`` of them, from the place ``begin`` on, whose keys are not ``taken``."""
        if together == 1:
            places = self._places.get(difference, ())
            return next(
                ((self._found[at],) for at in places if at >= begin and self._found[at].key not in taken), ()
            )
        for place in range(begin, len(self._found)):
            each = self._found[place]
            if each.key not in taken and (
                chosen := self.to(difference - each.reason.quantity, together - 1, place + 1, (*taken, each.key))
            ):
                return (each, *chosen)
        return ()
