"""What the reference log says now."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.business_days import WEEKENDS_ONLY, Calendar
from domain.commands.regimes import LiquidityClass, PenaltyKind
from domain.events import (
    BookDefined,
    BusinessDateRolled,
    CalendarDefined,
    CounterpartyDefined,
    DeskDefined,
    Event,
    InstrumentClassified,
    InstrumentDefined,
    InstrumentRestricted,
    KeyIssued,
    KeyRevoked,
    KillSwitchEngaged,
    KillSwitchReleased,
    LegalEntityDefined,
    LimitSet,
    LogOpened,
    PenaltyRateSet,
    PeriodClosed,
    RestrictionLifted,
    SettlementCycleSet,
    TraderDefined,
)
from domain.outcomes import Principal
from domain.reference.effective import DAYS_WITHOUT_A_CYCLE, in_force, with_fact
from domain.reference.limits import BookLimits, LimitKey, Limits, limits_binding
from domain.schema import Recorded
from domain.undo import UndoLog


class ReferenceState:
    """Each table maps an id to the latest event about it; ``limits`` maps a book to its limits by kind and instrument.

    ``digests`` finds a key by the HMAC of its secret, ``principals`` holds the keys that are in force, ``turns`` are
    all rolls of the business date and closed periods, by sequence.
    """

    def __init__(self) -> None:
        self.undo = UndoLog()
        self.entities: dict[str, LegalEntityDefined] = {}
        self.desks: dict[str, DeskDefined] = {}
        self.books: dict[str, BookDefined] = {}
        self.traders: dict[str, TraderDefined] = {}
        self.counterparties: dict[str, CounterpartyDefined] = {}
        self.instruments: dict[str, InstrumentDefined] = {}
        self.limits: dict[str, dict[LimitKey, LimitSet]] = {}
        self.restricted: dict[str, InstrumentRestricted] = {}
        self.killed_books: dict[str, KillSwitchEngaged] = {}
        self.killed_traders: dict[str, KillSwitchEngaged] = {}
        self.keys: dict[str, KeyIssued] = {}
        self.principals: dict[str, Principal] = {}
        self.digests: dict[str, str] = {}
        self.dates: dict[str, date] = {}
        self.turns: dict[int, BusinessDateRolled | PeriodClosed] = {}
        self.opened: dict[str, LogOpened] = {}
        self.versions: dict[str, int] = {}
        self.calendars: dict[str, Calendar] = {}
        self.cycles: dict[str, tuple[SettlementCycleSet, ...]] = {}
        self.penalty_rates: dict[str, tuple[PenaltyRateSet, ...]] = {}
        self.liquidity: dict[str, tuple[InstrumentClassified, ...]] = {}
        self._binding: dict[tuple[str, str], tuple[BookLimits, Limits]] = {}
        self._tables: dict[type[Event], tuple[dict[str, Any], str]] = {
            LegalEntityDefined: (self.entities, "entity"), DeskDefined: (self.desks, "desk"),
            BookDefined: (self.books, "book"), TraderDefined: (self.traders, "trader"),
            CounterpartyDefined: (self.counterparties, "counterparty"),
            InstrumentDefined: (self.instruments, "instrument"), LogOpened: (self.opened, "log"),
            InstrumentRestricted: (self.restricted, "instrument"),
        }
        self._evolve: dict[type[Event], Callable[[Any], None]] = {
            CalendarDefined: self._calendar_defined, LimitSet: self._limit_set, RestrictionLifted: self._lifted,
            KillSwitchEngaged: self._engaged, KillSwitchReleased: self._released, KeyIssued: self._issued,
            KeyRevoked: self._revoked, BusinessDateRolled: self._rolled, PeriodClosed: self._closed,
            SettlementCycleSet: self._cycle_set, PenaltyRateSet: self._rate_set,
            InstrumentClassified: self._classified,
        }

    def calendar(self, calendar_id: str) -> Calendar:
        """The calendar of that id; weekends only when none is defined."""
        return self.calendars.get(calendar_id, WEEKENDS_ONLY)

    def has_calendar(self, calendar_id: str) -> bool:
        return calendar_id in self.calendars

    def currency_calendars(self, *currencies: str) -> list[Calendar]:
        """The calendars named like ``currencies``."""
        return [self.calendar(currency) for currency in currencies]

    def settlement_days(self, instrument: InstrumentDefined, trade_date: date) -> int:
        """The cycle after ``trade_date``: the instrument's own, else that of its market, else of its calendar."""
        if instrument.settlement_days is not None:
            return instrument.settlement_days
        for market in (instrument.mic, instrument.calendar):
            if cycle := in_force(self.cycles.get(market, ()), trade_date):
                return cycle.days
        return DAYS_WITHOUT_A_CYCLE

    def liquidity_of(self, instrument: str, day: date) -> LiquidityClass | None:
        found = in_force(self.liquidity.get(instrument, ()), day)
        return found.liquidity if found else None

    def penalty_rate(self, kind: PenaltyKind, currency: str, day: date) -> Decimal | None:
        """In force on ``day``; ``currency`` tells the one for lack of cash."""
        found = in_force(self.penalty_rates.get(_rate_key(kind, currency), ()), day)
        return found.rate if found else None

    def limits_of(self, book: str, instrument: str) -> Limits | None:
        """The limits that bind an order of ``book`` in ``instrument``; None when the book has none at all."""
        limits = self.limits.get(book)
        if not limits:
            return None
        known = self._binding.get((book, instrument))
        # A limit that is set, or undone, leaves the book with another table than the one this was found in.
        if known is None or known[0] is not limits:
            known = self._binding[book, instrument] = (limits, limits_binding(limits, instrument))
        return known[1]

    def business_date(self) -> date | None:
        return self.dates.get("business-date")

    def closed_through(self) -> date | None:
        return self.dates.get("closed-through")

    def evolve(self, recorded: Recorded) -> None:
        """Takes an event into the state."""
        event = recorded.event
        self.undo.put(self.versions, recorded.stream, recorded.version)
        if table := self._tables.get(type(event)):
            self.undo.put(table[0], getattr(event, table[1]), event)
        elif evolve := self._evolve.get(type(event)):
            evolve(event)
        if isinstance(event, BusinessDateRolled | PeriodClosed):
            self.undo.put(self.turns, recorded.sequence, event)

    def _calendar_defined(self, event: CalendarDefined) -> None:
        calendar = Calendar(frozenset(event.weekend), frozenset(event.holidays))
        self.undo.put(self.calendars, event.calendar, calendar)

    def _limit_set(self, event: LimitSet) -> None:
        limits = dict(self.limits.get(event.book, {}))
        if event.amount is None:
            limits.pop((event.kind, event.instrument), None)
        else:
            limits[event.kind, event.instrument] = event
        self.undo.put(self.limits, event.book, limits)

    def _lifted(self, event: RestrictionLifted) -> None:
        self.undo.remove(self.restricted, event.instrument)

    def _engaged(self, event: KillSwitchEngaged) -> None:
        if event.book is not None:
            self.undo.put(self.killed_books, event.book, event)
        if event.trader is not None:
            self.undo.put(self.killed_traders, event.trader, event)

    def _released(self, event: KillSwitchReleased) -> None:
        if event.book is not None:
            self.undo.remove(self.killed_books, event.book)
        if event.trader is not None:
            self.undo.remove(self.killed_traders, event.trader)

    def _issued(self, event: KeyIssued) -> None:
        self.undo.put(self.keys, event.key_id, event)
        self.undo.put(self.digests, event.digest, event.key_id)
        self.undo.put(self.principals, event.key_id, Principal(event.key_id, event.name, event.roles, event.books))

    def _revoked(self, event: KeyRevoked) -> None:
        self.undo.remove(self.digests, self.keys[event.key_id].digest)
        self.undo.remove(self.principals, event.key_id)

    def _cycle_set(self, event: SettlementCycleSet) -> None:
        self.undo.put(self.cycles, event.market, with_fact(self.cycles.get(event.market, ()), event))

    def _rate_set(self, event: PenaltyRateSet) -> None:
        key = _rate_key(event.kind, event.currency or "")
        self.undo.put(self.penalty_rates, key, with_fact(self.penalty_rates.get(key, ()), event))

    def _classified(self, event: InstrumentClassified) -> None:
        self.undo.put(
            self.liquidity, event.instrument, with_fact(self.liquidity.get(event.instrument, ()), event)
        )

    def _rolled(self, event: BusinessDateRolled) -> None:
        self.undo.put(self.dates, "business-date", event.business_date)

    def _closed(self, event: PeriodClosed) -> None:
        self.undo.put(self.dates, "closed-through", event.through)


def _rate_key(kind: PenaltyKind, currency: str) -> str:
    return f"{kind}:{currency}" if kind == "lack-of-cash" else kind
