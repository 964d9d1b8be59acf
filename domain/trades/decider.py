"""The rules of a ledger log: its books' trades, headroom and business date."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from domain.commands import (
    ActionCommand,
    AnyCommand,
    BookTrade,
    ClosePeriod,
    RollBusinessDate,
    SettleVariationMargin,
    TradeCommand,
)
from domain.commands.settlement import NetCommand
from domain.commands.transfers import TransferCommand
from domain.decider import Apart, Envelope
from domain.events import (
    BookDefined,
    BusinessDateRolled,
    CorporateActionApplied,
    CorporateActionPaid,
    CorporateActionReversed,
    Event,
    NetEvent,
    PeriodClosed,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TradeSettled,
    TransferEvent,
    TransferReceived,
    TransferSent,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.market import MarketState
from domain.money import ZERO
from domain.outcomes import Principal
from domain.reference import ReferenceState
from domain.refusals import Refused
from domain.routing import part_of_stream
from domain.schema import Recorded
from domain.trades import becoming, corporate_actions, lifecycle, margins, transfers
from domain.trades.economics import template_of
from domain.trades.entitlements import AppliedEvents, Entitlements, KeptEntitlements
from domain.trades.loading import absent
from domain.trades.margins import MarginAccount
from domain.trades.nets import NET, NetState
from domain.trades.state import TradeState, booked, evolve_trade
from domain.trades.transfers import TransferState, stream_of
from domain.undo import UndoLog

TRADES_IN_MEMORY = 20_000
Rule = Callable[["TradeDecider", Any, Envelope, Principal], Sequence[Event | Apart]]


class KeptTrades(msgspec.Struct, frozen=True):
    """What of a ``TradeDecider`` cannot be looked up in the store; ``positions`` are book, instrument and quantity."""

    used: dict[str, Decimal]
    positions: list[tuple[str, str, Decimal]]
    dates: dict[str, date]
    versions: dict[str, int]
    margins: list[tuple[str, str, MarginAccount]]
    arrivals: dict[str, tuple[str, ...]]
    entitlements: KeptEntitlements


class TradeDecider:
    """Decides under the reference and market facts that its owner follows.

    ``used`` is the gross notional reserved by each book's unsettled trades, in its base currency; ``positions`` the
    trade-date quantity by book and instrument, in units of today; ``trades``, ``nets`` and ``transfers`` those seen
    last, the others are loaded when a command needs them. ``arrivals`` are by position the names of lots that transfers
    made, and ``sent`` counts the transfers that were sent.
    """

    state_type = KeptTrades

    def __init__(
        self, log: str, reference: ReferenceState, market: MarketState, trades_in_memory: int = TRADES_IN_MEMORY
    ) -> None:
        self.log = log
        self._undo = UndoLog()
        self.reference = reference
        self.market = market
        self.trades: dict[str, TradeState] = {}
        self.nets: dict[str, NetState] = {}
        self.margins: dict[tuple[str, str], MarginAccount] = {}
        self.used: dict[str, Decimal] = {}
        self.positions: dict[tuple[str, str], Decimal] = {}
        self.transfers: dict[str, TransferState] = {}
        self.arrivals: dict[str, tuple[str, ...]] = {}
        self.sent = 0
        self.entitlements = Entitlements(self._undo)
        self.dates: dict[str, date] = {}
        self.versions: dict[str, int] = {}
        self._trades_in_memory = trades_in_memory
        self._templates: dict[str, tuple[BookDefined, Economics]] = {}
        self._evolve: dict[type[Event], Callable[[Any], None]] = {
            BusinessDateRolled: self._rolled,
            PeriodClosed: self._closed,
            VariationMarginSettled: self._margined,
            CorporateActionApplied: self._entitled,
            CorporateActionPaid: self._entitled,
            CorporateActionReversed: self._entitled,
        }

    @property
    def undo(self) -> UndoLog:
        return self._undo

    def kept(self) -> KeptTrades:
        positions = self._undo.kept(self.positions)
        return KeptTrades(
            self._undo.kept(self.used), [(*place, quantity) for place, quantity in positions.items()],
            self._undo.kept(self.dates), self._undo.kept(self.versions),
            [(*place, account) for place, account in self._undo.kept(self.margins).items()],
            self._undo.kept(self.arrivals), self.entitlements.kept(),
        )

    def resume(self, state: KeptTrades) -> None:
        # Trades are not kept: those that a command needs are loaded.
        self.used.update(state.used)
        self.positions.update({(book, instrument): quantity for book, instrument, quantity in state.positions})
        self.dates.update(state.dates)
        self.versions.update(state.versions)
        self.margins.update({(book, instrument): account for book, instrument, account in state.margins})
        self.arrivals.update(state.arrivals)
        self.entitlements.resume(state.entitlements)

    def business_date(self) -> date | None:
        return self.dates.get("business-date")

    def closed_through(self) -> date | None:
        return self.dates.get("closed-through")

    def template(self, book: BookDefined) -> Economics:
        """What every trade of ``book`` has in common, as it is defined now."""
        known = self._templates.get(book.book)
        if known is None or known[0] is not book:
            known = self._templates[book.book] = (book, template_of(book))
        return known[1]

    def stream(self, command: AnyCommand) -> str:
        if isinstance(command, TradeCommand):
            return "trade:" + command.trade_id
        if isinstance(command, ActionCommand):
            return "corporate-action:" + command.action.action
        if isinstance(command, TransferCommand):
            return stream_of(command)
        if isinstance(command, NetCommand):
            return NET + command.net_id
        if isinstance(command, SettleVariationMargin):
            return f"margin:{part_of_stream(command.book)}:{command.instrument}"
        return "business-date" if isinstance(command, RollBusinessDate) else "periods"

    def version(self, command: AnyCommand) -> int:
        if isinstance(command, TradeCommand):
            trade = self.trades.get(command.trade_id)
            return trade.version if trade else 0
        if isinstance(command, TransferCommand):
            transfer = self.transfers.get(stream_of(command))
            return transfer.version if transfer else 0
        if isinstance(command, NetCommand):
            net = self.nets.get(command.net_id)
            return net.version if net else 0
        return self.versions.get(self.stream(command), 0)

    def absent(self, commands: Iterable[AnyCommand], *, bookings: bool) -> list[str]:
        return absent(self, commands, bookings=bookings)

    def load(self, history: Iterable[Recorded]) -> None:
        """Takes trades, nets and transfers from the store into memory; their books know of them already."""
        for recorded in history:
            if isinstance(recorded.event, TransferEvent):
                self.transfers[recorded.stream] = TransferState(recorded.version, recorded.event)
                continue
            if isinstance(recorded.event, NetEvent):
                self.nets[recorded.event.net_id] = NetState(recorded.version, recorded.event)
                continue
            trade_id = recorded.stream.removeprefix("trade:")
            state = evolve_trade(self.trades.get(trade_id), recorded.version, recorded.sequence, recorded.event)
            if state is not None:
                self.trades[trade_id] = state

    def forget(self) -> None:
        """Drops the trades, nets and transfers seen longest ago, down to the bound, but none that may step back. Only
        between batches.
        """
        tables: tuple[dict[str, Any], ...] = (self.trades, self.nets, self.transfers)
        for table in tables:
            if len(table) <= self._trades_in_memory:
                continue
            open_to_undo = self._undo.changed(table)
            for key in list(islice(table, len(table) - self._trades_in_memory)):
                if key not in open_to_undo:
                    del table[key]

    def decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event | Apart]:
        if isinstance(command, ActionCommand):
            return corporate_actions.decide(self, command, envelope, principal)
        events = self._decide(command, envelope, principal)
        # A position that came of another rests on it still when the action was taken back.
        acted = self.entitlements.live or self.entitlements.ways.ways
        return corporate_actions.with_actions(self, events) if acted else events

    def _decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event | Apart]:
        if type(command) is BookTrade:
            return lifecycle.book(self, command, envelope, principal)
        if isinstance(command, TradeCommand):
            becomes = isinstance(command, becoming.COMMANDS)
            rule: Rule = becoming.become if becomes else lifecycle.change
            return rule(self, command, envelope, principal)
        if isinstance(command, TransferCommand):
            return transfers.decide(self, command, envelope, principal)
        if isinstance(command, NetCommand):
            return lifecycle.net(self, command, envelope, principal)
        if isinstance(command, RollBusinessDate | ClosePeriod):
            return lifecycle.turn(self, command, envelope)
        if isinstance(command, SettleVariationMargin):
            return lifecycle.margin(self, command, envelope, principal)
        raise Refused("wrong-log", f"{type(command).__name__} is not decided by a ledger log", "$.type")

    def evolve(self, recorded: Recorded) -> None:
        event = recorded.event
        if type(event) is TradeBooked:
            self._book(recorded, event)
        elif isinstance(event, TradeEvent):
            self._evolve_trade(recorded, event)
        elif isinstance(event, TransferEvent):
            self._evolve_transfer(recorded, event)
        elif isinstance(event, NetEvent):
            self._undo.put(self.nets, event.net_id, NetState(recorded.version, event))
        elif evolve := self._evolve.get(type(event)):
            evolve(event)
            self._undo.put(self.versions, recorded.stream, recorded.version)

    def _book(self, recorded: Recorded, event: TradeBooked) -> None:
        self._undo.put(self.trades, event.trade_id, booked(event, recorded.version, recorded.sequence))
        self._take(event.terms, 1)

    def _evolve_trade(self, recorded: Recorded, event: TradeEvent) -> None:
        before = self.trades.get(event.trade_id)
        after = evolve_trade(before, recorded.version, recorded.sequence, event)
        if after is not None:
            self._undo.put(self.trades, event.trade_id, after)
        if isinstance(event, TermsReplaced):
            self._take(event.previous, -1)
            self._take(event.terms, 1)
        elif isinstance(event, TradeEnded):
            self._take(event.terms, -1)
        elif isinstance(event, OptionEvent):
            self._add(event.terms.book, event.terms.instrument, event.quantity)
        elif isinstance(event, TradeSettled) and (event.leg == "maturity" or event.terms.loan is None):
            self._reserve(event.terms, -1)
            if event.leg == "maturity":
                self._hold(event.terms, -1)

    def _evolve_transfer(self, recorded: Recorded, event: TransferEvent) -> None:
        self._undo.put(self.transfers, recorded.stream, TransferState(recorded.version, event))
        moved, leaves = event.moved, isinstance(event, TransferSent)
        self._hold(moved, -1 if leaves else 1)
        position = f"{moved.book}/{moved.instrument}"
        names = [lot.trade_id for lot in moved.lots if lot.trade_id] if isinstance(event, TransferReceived) else []
        # What is sent may open a lot of its own, when what it takes turns out not to have been there.
        came = dict.fromkeys((*self.arrivals.get(position, ()), *names, event.transfer_id))
        self._undo.put(self.arrivals, position, tuple(came))
        self.sent += leaves

    def _take(self, terms: Economics, sign: int) -> None:
        self._reserve(terms, sign)
        self._hold(terms, sign)
        if terms.contract is not None and terms.product == "future":
            key = (terms.book, terms.instrument)
            self._undo.put(self.margins, key, margins.take(self.margins.get(key, margins.EMPTY), terms, sign))

    def _reserve(self, terms: Economics, sign: int) -> None:
        if (notional := terms.notional) is not None:
            used = self.used.get(terms.book, ZERO)
            self._undo.put(self.used, terms.book, used + notional if sign > 0 else used - notional)

    def _hold(self, terms: Economics | Moved, sign: int) -> None:
        self._add(terms.book, terms.instrument, terms.quantity if sign > 0 else -terms.quantity)
        if changed := self.entitlements.hold(terms, sign):
            for key, quantity in self.entitlements.of_book(terms.book, changed):
                self._undo.put(self.positions, key, quantity)

    def _entitled(self, event: AppliedEvents) -> None:
        if changed := self.entitlements.evolve(event):
            for key, quantity in self.entitlements.today(changed):
                self._undo.put(self.positions, key, quantity)

    def _add(self, book: str, instrument: str, quantity: Decimal) -> None:
        key = (book, instrument)
        self._undo.put(self.positions, key, self.positions.get(key, ZERO) + quantity)

    def _margined(self, event: VariationMarginSettled) -> None:
        key = (event.book, event.instrument)
        self._undo.put(self.margins, key, margins.settled(self.margins.get(key, margins.EMPTY), event))
        if event.closed:
            self._add(event.book, event.instrument, event.closed)

    def _rolled(self, event: BusinessDateRolled) -> None:
        self._undo.put(self.dates, "business-date", event.business_date)

    def _closed(self, event: PeriodClosed) -> None:
        self._undo.put(self.dates, "closed-through", event.through)
