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
from projections.quotes import Quotes
from projections.reference import ReferenceData
from projections.settlements import Settlements
from projections.trades import Trades
from projections.transfers import Transfers

PROJECTIONS: tuple[Projection, ...] = (
    Trades(), Settlements(), Movements(), Positions(), Journal(), CashBalances(), Exposures(), Relations(), Breaches(),
    RecentActivity(), Alerts(), Audit(), ReferenceData(), Quotes(), Transfers(),
)

