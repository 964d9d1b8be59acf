"""The figures of a demo: what was posted, what it made, and whether it proves itself."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from rich.text import Text

from api.cli.becoming import ActionLine, action_lines, counted
from api.cli.console import cents, out, table
from api.cli.posting import Posted
from api.paging import pages
from domain.money import exact
from infra.everbook import Everbook
from infra.rebuild import compare
from infra.verification import Verification, verify
from projections.business import business_digest
from projections.registry import PROJECTIONS
from projections.risk import ExposureLine, LimitUse, MarketLine, exposures, limit_use, market_exposures
from projections.trial_balance import sums_by_asset, trial_balance
from projections.valuation import Marks, ProfitLine, profit

Progress = Callable[[int], None]


class Report(msgspec.Struct, kw_only=True):
    """Everything a demo prints. ``digests`` are of what the read models say about the business, ``stored`` of their
    very bytes, as they are served and as they are rebuilt.
    """

    posted: Posted
    commands_per_second: float
    positions: list[MarketLine]
    profit: list[ProfitLine]
    exposures: list[ExposureLine]
    limits: list[LimitUse]
    breaches: Mapping[str, int]
    alerts: Mapping[str, int]
    settlement_due: Mapping[date, int]
    settlements: Mapping[str, int]
    life_cycle: Mapping[str, int]
    corporate_actions: list[ActionLine]
    trial_balance: dict[str, Decimal]
    logs: list[Verification] = msgspec.field(default_factory=list)
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    stored: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)

    @property
    def log_verified(self) -> bool:
        return bool(self.logs) and all(each.intact for each in self.logs)

    @property
    def projections_verified(self) -> bool:
        return bool(self.stored) and all(live == rebuilt for live, rebuilt in self.stored.values())

    @property
    def doubts(self) -> list[str]:
        """Whatever does not prove itself."""
        return [
            *(each.findings[0] for each in self.logs if each.findings),
            *(f"{model} differs from its rebuild" for model, (live, rebuilt) in self.stored.items() if live != rebuilt),
            *(f"{asset} is off by {total}" for asset, total in self.trial_balance.items() if total),
        ]

    def summary(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "accepted": self.posted.accepted, "refused": self.posted.refused, "duplicates": self.posted.duplicates,
            "refusals": dict(self.posted.codes), "commands_per_second": round(self.commands_per_second),
            "positions": self.positions, "profit": self.profit, "exposures": self.exposures, "limits": self.limits,
            "breaches": self.breaches, "alerts": self.alerts,
            "settlement_due": {day.isoformat(): count for day, count in self.settlement_due.items()},
            "settlements": self.settlements, "life_cycle": self.life_cycle,
            "corporate_actions": self.corporate_actions,
            "trial_balance": self.trial_balance, "log_verified": self.log_verified,
            "projections_verified": self.projections_verified,
            "digests": self.digests, "stored_digests": {model: live for model, (live, _) in self.stored.items()},
            "roots": {each.log: each.root for each in self.logs},
        }

    def show(self) -> None:
        """The figures as tables."""
        posted = self.posted
        out.print(f"\n{posted.accepted:,} accepted, {posted.refused:,} refused, {posted.duplicates:,} duplicates, "
                  f"{self.commands_per_second:,.0f} commands/s\n", style="bold")
        table("Positions by desk", ("name", "currency", "open", "long", "short", "net"),
              [(each.name, each.base_currency, each.holdings, *map(cents, (each.long, each.short, each.net)))
               for each in self.positions])
        table("Profit by desk", ("name", "currency", "realised", "unrealised", "income", "fees", "penalties", "total"),
              [(each.name, each.base_currency, *map(cents, (each.realised, each.unrealised, each.income, each.fees,
                                                             each.penalties, each.total))) for each in self.profit])
        table("Exposure by book", ("name", "currency", "gross", "net", "unsettled", "limit", "used"),
              [(each.name, each.base_currency, cents(each.gross), cents(each.net), cents(each.unsettled),
                *self._limit(each.name)) for each in self.exposures])
        table("Breaches", ("kind", "count"), sorted(self.breaches.items()))
        table("Alerts", ("kind", "count"), sorted(self.alerts.items()))
        table("Settlement due", ("day", "obligations"), list(self.settlement_due.items())[:10])
        table("Settlements", ("status", "count"), sorted(self.settlements.items()))
        table("Life cycle", ("posted", "count"), sorted(self.life_cycle.items()))
        table("Corporate actions", ("instrument", "actions", "positions", "units", "currency", "paid", "owed", "tax"),
              [(each.instrument, "; ".join(each.actions), each.positions, cents(each.units), each.currency,
                *map(cents, (each.paid, each.owed, each.tax))) for each in self.corporate_actions])
        table("Trial balance", ("asset", "sum"), sorted(self.trial_balance.items()))
        self._show_proofs()

    def _show_proofs(self) -> None:
        for each in self.logs:
            state = ("intact", "green") if each.intact else (each.findings[0], "red")
            said = f"{each.log}: {each.events:,} events in {each.commits:,} commits, "
            out.print(Text.assemble(said, state, f", root {each.root[:16]}…"))
        equal = ("equal", "green") if self.projections_verified else ("NOT equal", "red")
        out.print(Text.assemble(f"{len(self.stored)} read models are ", equal, " to their rebuild from the log"))

    def _limit(self, book: str) -> tuple[Decimal | None, str]:
        limit = next((each for each in self.limits if each.book == book and each.kind == "gross-notional"), None)
        if limit is None or limit.used is None:
            return None, ""
        return limit.amount, f"{limit.used * 100 / limit.amount:.1f} %"


def read(opened: Everbook, posted: Posted, commands_per_second: float) -> Report:
    """The figures from the read models."""
    def every(model: str) -> Any:
        return (document for page in pages(opened.read_models, model) for document in page)

    with exact():
        entries, documents, positions = (list(every(model)) for model in ("reference", "exposure", "positions"))
        marks = Marks(entries)
        due, settlements, kinds = Counter[date](), Counter[str](), Counter[str]()
        for each in every("settlements"):
            settlements[each.status] += 1
            due[each.due_on] += each.is_open
        balance = sums_by_asset(trial_balance(counted(every("journal"), kinds)))
        return Report(
            posted=posted, commands_per_second=commands_per_second,
            positions=market_exposures(positions, marks, "desk"), profit=profit(positions, marks),
            exposures=exposures(positions, documents, marks), limits=limit_use(entries, documents, positions),
            breaches=Counter(each.code for each in every("breaches")),
            alerts=Counter(each.kind for each in every("alerts")), settlement_due=dict(sorted((+due).items())),
            settlements=settlements, life_cycle=kinds, corporate_actions=action_lines(entries, positions),
            trial_balance=balance,
        )


def digest_business(opened: Everbook, figures: Report, on_progress: Progress) -> None:
    """Sums up every read model so that it can be held against that of another ledger."""
    for projection in PROJECTIONS:
        read = pages(opened.read_models, projection.name)
        figures.digests[projection.name] = business_digest(document for page in read for document in page)
        on_progress(1)


def verify_logs(opened: Everbook, figures: Report, on_progress: Progress) -> None:
    """Holds every stored byte against its log's tree."""
    figures.logs = [verify(log, recorder, (), on_progress) for log, recorder in opened.logs.recorders.items()]


def verify_projections(opened: Everbook, figures: Report, on_progress: Progress) -> None:
    """Holds every read model against its rebuild."""
    figures.stored = compare(opened.logs.recorders, opened.read_models, PROJECTIONS, on_progress)

