"""The rules of a ledger log: its books' trades, headroom and business date."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from domain.commands import AnyCommand, BookTrade, ClosePeriod, NetSettlements, RollBusinessDate, TradeCommand
from domain.commands.settlement import NetCommand
from domain.decider import Apart, Envelope
from domain.events import (
    BookDefined,
    BusinessDateRolled,
    Event,
    NetEvent,
    PeriodClosed,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TradeSettled,
)
from domain.events.trades import Economics
from domain.market import MarketState
from domain.money import ZERO
from domain.outcomes import Principal
from domain.reference import ReferenceState
from domain.refusals import Refused
from domain.schema import Recorded
from domain.trades import becoming, lifecycle
from domain.trades.economics import template_of
from domain.trades.nets import NetState
from domain.trades.state import TradeState, booked, evolve_trade
from domain.undo import UndoLog

TRADES_IN_MEMORY = 20_000
NET = "net:"


class KeptTrades(msgspec.Struct, frozen=True):
    """What of a ``TradeDecider`` cannot be looked up in the store; ``positions`` are book, instrument and quantity."""

    used: dict[str, Decimal]
    positions: list[tuple[str, str, Decimal]]
    dates: dict[str, date]
    versions: dict[str, int]


class TradeDecider:
    """Decides under the reference and market facts that its owner follows.

    ``used`` is the gross notional reserved by each book's unsettled trades, in its base currency; ``positions`` the
    trade-date quantity by book and instrument; ``trades`` and ``nets`` those seen last, the others are loaded when a
    command needs them.
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
        self.used: dict[str, Decimal] = {}
        self.positions: dict[tuple[str, str], Decimal] = {}
        self.dates: dict[str, date] = {}
        self.versions: dict[str, int] = {}
        self._trades_in_memory = trades_in_memory
        self._templates: dict[str, tuple[BookDefined, Economics]] = {}
        self._evolve: dict[type[Event], Callable[[Any], None]] = {
            BusinessDateRolled: self._rolled,
            PeriodClosed: self._closed,
        }

    @property
    def undo(self) -> UndoLog:
        return self._undo

    def kept(self) -> KeptTrades:
        positions = self._undo.kept(self.positions)
        return KeptTrades(
            self._undo.kept(self.used), [(*place, quantity) for place, quantity in positions.items()],
            self._undo.kept(self.dates), self._undo.kept(self.versions),
        )

    def resume(self, state: KeptTrades) -> None:
        # Trades are not kept: those that a command needs are loaded.
        self.used.update(state.used)
        self.positions.update({(book, instrument): quantity for book, instrument, quantity in state.positions})
        self.dates.update(state.dates)
        self.versions.update(state.versions)

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
        if isinstance(command, NetCommand):
            return NET + command.net_id
        return "business-date" if isinstance(command, RollBusinessDate) else "periods"

    def version(self, command: AnyCommand) -> int:
        if isinstance(command, TradeCommand):
            trade = self.trades.get(command.trade_id)
            return trade.version if trade else 0
        if isinstance(command, NetCommand):
            net = self.nets.get(command.net_id)
            return net.version if net else 0
        return self.versions.get(self.stream(command), 0)

    def absent(self, commands: Iterable[AnyCommand], *, bookings: bool) -> list[str]:
        """The streams that deciding these commands needs and that are not in memory; those of ``bookings`` too, which
        are new unless a trade id is used again.
        """
        trades, wanted, streams = self.trades, dict[str, None](), dict[str, None]()
        for c in commands:
            if isinstance(c, TradeCommand):
                if bookings or type(c) is not BookTrade:
                    wanted[c.trade_id] = None
                    if isinstance(c, becoming.COMMANDS):
                        wanted |= dict.fromkeys(becoming.needed(c, trades, new=bookings))
            elif isinstance(c, NetCommand):
                streams |= dict.fromkeys(self._absent_of_net(c))
        return [*streams, *("trade:" + trade_id for trade_id in wanted if trade_id not in trades)]

    def _absent_of_net(self, command: NetCommand) -> Iterator[str]:
        net = self.nets.get(command.net_id)
        if net is None:
            yield NET + command.net_id
        if isinstance(command, NetSettlements):
            trade_ids = command.trade_ids
        else:
            trade_ids = net.event.trade_ids if net and net.is_open else ()
        yield from ("trade:" + trade_id for trade_id in trade_ids if trade_id not in self.trades)

    def load(self, history: Iterable[Recorded]) -> None:
        """Takes trades from the store into memory; their books know of them already."""
        for recorded in history:
            if isinstance(recorded.event, NetEvent):
                self.nets[recorded.event.net_id] = NetState(recorded.version, recorded.event)
                continue
            trade_id = recorded.stream.removeprefix("trade:")
            state = evolve_trade(self.trades.get(trade_id), recorded.version, recorded.sequence, recorded.event)
            if state is not None:
                self.trades[trade_id] = state

    def forget(self) -> None:
        """Drops the trades and nets seen longest ago, down to the bound, but none that may step back. Only between
        batches.
        """
        tables: tuple[dict[str, Any], ...] = (self.trades, self.nets)
        for table in tables:
            if len(table) <= self._trades_in_memory:
                continue
            open_to_undo = self._undo.changed(table)
            for key in list(islice(table, len(table) - self._trades_in_memory)):
                if key not in open_to_undo:
                    del table[key]

    def decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event | Apart]:
        if type(command) is BookTrade:
            return lifecycle.book(self, command, envelope, principal)
        if isinstance(command, becoming.COMMANDS):
            return becoming.become(self, command, envelope, principal)
        if isinstance(command, TradeCommand):
            return lifecycle.change(self, command, envelope, principal)
        if isinstance(command, NetCommand):
            return lifecycle.net(self, command, envelope, principal)
        if isinstance(command, RollBusinessDate | ClosePeriod):
            return lifecycle.turn(self, command, envelope)
        raise Refused("wrong-log", f"{type(command).__name__} is not decided by a ledger log", "$.type")

    def evolve(self, recorded: Recorded) -> None:
        event = recorded.event
        if type(event) is TradeBooked:
            self._book(recorded, event)
        elif isinstance(event, TradeEvent):
            self._evolve_trade(recorded, event)
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
        elif isinstance(event, TradeSettled) and (event.leg == "maturity" or event.terms.loan is None):
            self._reserve(event.terms, -1)
            if event.leg == "maturity":
                self._hold(event.terms, -1)

    def _take(self, terms: Economics, sign: int) -> None:
        self._reserve(terms, sign)
        self._hold(terms, sign)

    def _reserve(self, terms: Economics, sign: int) -> None:
        if (notional := terms.notional) is not None:
            used = self.used.get(terms.book, ZERO)
            self._undo.put(self.used, terms.book, used + notional if sign > 0 else used - notional)

    def _hold(self, terms: Economics, sign: int) -> None:
        key = (terms.book, terms.instrument)
        held = self.positions.get(key, ZERO)
        self._undo.put(self.positions, key, held + terms.quantity if sign > 0 else held - terms.quantity)

    def _rolled(self, event: BusinessDateRolled) -> None:
        self._undo.put(self.dates, "business-date", event.business_date)

    def _closed(self, event: PeriodClosed) -> None:
        self._undo.put(self.dates, "closed-through", event.through)
