"""Every projection, each after those it needs."""

from projections.activity import RecentActivity
from projections.alerts import Alerts
from projections.audit import Audit
from projections.breaches import Breaches
from projections.cash import CashBalances
from projections.counterparties import Relations
from projections.exposure import Exposures
from projections.journal import Journal
from projections.movements import Movements
from projections.positions import Positions
from projections.projection import Projection
from projections.reference import ReferenceData
from projections.trades import Trades

PROJECTIONS: tuple[Projection, ...] = (
    Trades(), Movements(), Positions(), Journal(), CashBalances(), Exposures(), Relations(), Breaches(),
    RecentActivity(), Alerts(), Audit(), ReferenceData(),
)


def families(projections: tuple[Projection, ...] = PROJECTIONS) -> list[tuple[Projection, ...]]:
    """The projections in groups that need each other, and so must stand at the same event."""
    grouped: list[list[Projection]] = []
    for projection in projections:
        joined = [group for group in grouped if any(member.name in projection.needs for member in group)]
        grouped = [group for group in grouped if group not in joined]
        grouped.append([*(member for group in joined for member in group), projection])
    return [tuple(group) for group in grouped]
