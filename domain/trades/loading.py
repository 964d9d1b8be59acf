"""What of a ledger log deciding a command needs, beside what is in memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from domain.commands import (
    AnyCommand,
    BookTrade,
    CancelTrade,
    FxSwapTerms,
    NetSettlements,
    RollOverLoan,
    TradeCommand,
)
from domain.commands.lots import MovedLot, NamedLot
from domain.commands.products import DeliveryCommand
from domain.commands.settlement import NetCommand
from domain.commands.transfers import TransferCommand, TransferPosition
from domain.trades import becoming
from domain.trades.nets import NET
from domain.trades.transfers import stream_of

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def absent(log: "TradeDecider", commands: Iterable[AnyCommand], *, bookings: bool) -> list[str]:
    """The streams that deciding these commands needs and that are not in memory; those of ``bookings`` too, which
    are new unless a trade id is used again.
    """
    trades, streams = log.trades, dict[str, None]()
    for c in commands:
        if type(c) is BookTrade and not bookings and not c.closes:
            continue
        if isinstance(c, TradeCommand):
            for trade_id in (c.trade_id, *_beside(log, c)):
                if trade_id not in trades:
                    streams["trade:" + trade_id] = None
            if isinstance(c, becoming.COMMANDS):
                needed = becoming.needed(c, trades, new=bookings)
                streams |= {"trade:" + trade_id: None for trade_id in needed if trade_id not in trades}
            named: Sequence[NamedLot | MovedLot] = getattr(c, "closes", ())
        elif isinstance(c, TransferCommand):
            if (stream := stream_of(c)) not in log.transfers:
                streams[stream] = None
            named = c.lots if isinstance(c, TransferPosition) else ()
        else:
            if isinstance(c, NetCommand):
                streams |= dict.fromkeys(_absent_of_net(log, c))
            continue
        if named:
            streams |= {"trade:" + lot.trade_id: None for lot in named if lot.trade_id not in trades}
    return list(streams)


def _beside(log: "TradeDecider", command: TradeCommand) -> Iterator[str]:
    """Other trades that a command is about: those it makes, and of a swap's leg the other one."""
    match command:
        case BookTrade(terms=FxSwapTerms(far_trade_id=far)):
            yield far
        case DeliveryCommand():
            yield command.delivery_trade_id
        case RollOverLoan():
            yield command.new_trade_id
        case CancelTrade():
            trade = log.trades.get(command.trade_id)
            if trade is not None and trade.terms.forward is not None and trade.terms.forward.other_leg is not None:
                yield trade.terms.forward.other_leg


def _absent_of_net(log: "TradeDecider", command: NetCommand) -> Iterator[str]:
    net = log.nets.get(command.net_id)
    if net is None:
        yield NET + command.net_id
    if isinstance(command, NetSettlements):
        trade_ids = command.trade_ids
    else:
        trade_ids = net.event.trade_ids if net and net.is_open else ()
    yield from ("trade:" + trade_id for trade_id in trade_ids if trade_id not in log.trades)
