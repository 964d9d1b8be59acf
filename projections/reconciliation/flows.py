"""What settlements move of one asset in one account, as a custodian or a bank sees it."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from domain.events.trades import PAIRS
from domain.money import ZERO
from projections.accounts import CONTRACTS
from projections.reconciliation.statement import Kind
from projections.settlements import Settlement, Step

NOT_IN_CUSTODY = PAIRS | CONTRACTS | {"loan-deposit"}
"""What moves in the nostro alone: money, and contracts, which no custodian keeps."""


class Flow(msgspec.Struct, frozen=True):
    """One asset that a settlement moves, or moved under earlier terms: quantity or amount of each of its steps."""

    settlement: Settlement
    asset: str
    kind: Kind

    def of(self, step: Step) -> Decimal:
        """What a step moves, or obliges to move, of the asset."""
        delivered = step.quantity if step.asset == self.asset else ZERO
        if self.kind == "custody":
            return delivered if step.product not in NOT_IN_CUSTODY else ZERO
        paid = step.amount if step.currency == self.asset else ZERO
        return paid + delivered if step.product in PAIRS else paid

    @property
    def still_open(self) -> Decimal:
        """What is to move yet."""
        if not self.settlement.is_open:
            return ZERO
        return self.of(self.terms[-1]) - sum((self.of(step) for step in self.moves), ZERO)

    @property
    def moves(self) -> list[Step]:
        return [step for step in self.settlement.steps if step.kind == "moved"]

    @property
    def terms(self) -> list[Step]:
        """The booking, and every revision."""
        return [step for step in self.settlement.steps if step.kind == "obliges"]

    @property
    def penalties(self) -> list[Step]:
        """What fails cost, in the currency of the trade."""
        if self.kind == "custody" or self.settlement.currency != self.asset:
            return []
        return [step for step in self.settlement.steps if step.kind == "told" and step.amount]

    @property
    def fees(self) -> Decimal:
        """What we pay with the amount, in its currency."""
        is_paid = self.kind == "nostro" and self.settlement.currency == self.asset and self.settlement.leg == "start"
        return self.settlement.fees if is_paid else ZERO

    def moved_by(self, day: date) -> Decimal:
        return sum((self.of(step) for step in self.moves if step.on is not None and step.on <= day), ZERO)


def flows_of(settlements: Iterable[Settlement], kind: Kind) -> dict[tuple[str, str], list[Flow]]:
    """By book and asset, whatever settlements moved or were ever to move."""
    found: dict[tuple[str, str], list[Flow]] = {}
    for settlement in settlements:
        for asset in dict.fromkeys(_assets(settlement, kind)):
            flow = Flow(settlement, asset, kind)
            if any(flow.of(step) for step in settlement.steps if step.kind != "told"):
                found.setdefault((settlement.book, asset), []).append(flow)
    return found


def _assets(settlement: Settlement, kind: Kind) -> Iterator[str]:
    for step in settlement.steps:
        yield step.asset
        if kind == "nostro":
            yield step.currency
