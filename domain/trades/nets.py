"""Nets: what several trades oblige to as one instruction, with exact sums."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from domain.commands import DissolveNet, NetSettlements, SettleNet, SettleTrade
from domain.commands.settlement import NetCommand
from domain.decider import Apart, Envelope
from domain.events import (
    Event,
    NetDissolved,
    NetEvent,
    NetInstructed,
    NetSettled,
    SettlementNetted,
    SettlementUnnetted,
)
from domain.money import ZERO
from domain.refusals import Refused
from domain.trades.dating import held_since
from domain.trades.obligations import (
    about,
    due_on,
    open_of,
    require_not_held,
    require_not_netted,
    require_open,
    settled,
)
from domain.trades.standing import known_trade, of_another
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

NET = "net:"


class NetState(msgspec.Struct, frozen=True, gc=False):
    """The last event of a net, and its version."""

    version: int
    event: NetEvent

    @property
    def is_open(self) -> bool:
        return isinstance(self.event, NetInstructed)


def net(log: "TradeDecider", command: NetCommand, dated: Envelope) -> Sequence[Event | Apart]:
    """What follows for a net and every trade of it.

    Raises:
        Refused: when its trades do not fit together, or one of them is not to settle now.
    """
    if isinstance(command, NetSettlements):
        return _netted(log, command, dated)
    known = log.nets.get(command.net_id)
    if known is None or known.event.book != command.book:
        raise Refused("unknown-net", f"there is no net {command.net_id} in {command.book}", "$.net_id")
    if not known.is_open:
        raise Refused("wrong-state", f"net {command.net_id} is settled or dissolved already", "$.net_id")
    trades = [log.trades[trade_id] for trade_id in known.event.trade_ids]
    if isinstance(command, SettleNet):
        return _settled(log, command, known.event, trades, dated)
    assert isinstance(command, DissolveNet)
    parts = [
        of_another(trade, SettlementUnnetted(**about(trade, dated), net=command.net_id)) for trade in trades
    ]
    return (*parts, NetDissolved(**dated, **_content(known.event)))


def _netted(log: "TradeDecider", command: NetSettlements, dated: Envelope) -> Sequence[Event | Apart]:
    if command.net_id in log.nets:
        raise Refused("net-exists", f"net {command.net_id} is there already", "$.net_id")
    if len(set(command.trade_ids)) < len(command.trade_ids):
        raise Refused("named-twice", "a trade stands in the net twice", "$.trade_ids")
    trades = [
        known_trade(log, trade_id, command.book, f"$.trade_ids[{place}]")
        for place, trade_id in enumerate(command.trade_ids)
    ]
    first = trades[0]
    for place, trade in enumerate(trades):
        if _kind(trade) != _kind(first):
            raise Refused(
                "not-alike", "a net is of one counterparty, instrument, currency and day", f"$.trade_ids[{place}]"
            )
        require_open(trade)
        require_not_netted(trade)
        require_not_held(trade)
    quantity, amount = _sums(trades)
    net_id, terms = command.net_id, first.terms
    instructed = NetInstructed(
        **dated, net_id=net_id, book=command.book, counterparty=terms.counterparty, instrument=terms.instrument,
        currency=terms.currency, due_on=due_on(first), trade_ids=command.trade_ids, quantity=quantity, amount=amount,
    )
    return (*(of_another(trade, SettlementNetted(**about(trade, dated), net=net_id)) for trade in trades), instructed)


def _settled(
    log: "TradeDecider", command: SettleNet, known: NetEvent, trades: Sequence[TradeState], dated: Envelope
) -> Sequence[Event | Apart]:
    today = log.business_date()
    held_since(dated, command, command.settled_on, trades)
    content = _content(known)
    content["quantity"], content["amount"] = _sums(trades)
    parts = list(_each_settled(command, trades, dated, today))
    settled_on = command.settled_on or dated["business_date"]
    return (*parts, NetSettled(**dated, **content, settled_on=settled_on))


def _each_settled(
    command: SettleNet, trades: Sequence[TradeState], dated: Envelope, today: date | None
) -> Iterator[Apart]:
    for trade in trades:
        asked = SettleTrade(
            command_id=command.command_id, trade_id=trade.trade_id, book=command.book, settled_on=command.settled_on
        )
        yield of_another(trade, settled(trade, asked, dated, today, with_net=True))


def _kind(trade: TradeState) -> tuple[Any, ...]:
    terms = trade.terms
    return terms.counterparty, terms.instrument, terms.asset, terms.currency, trade.leg, due_on(trade)


def _sums(trades: Sequence[TradeState]) -> tuple[Decimal, Decimal]:
    still_open = [open_of(trade) for trade in trades]
    return sum((quantity for quantity, _ in still_open), ZERO), sum((amount for _, amount in still_open), ZERO)


def _content(known: NetEvent) -> dict[str, Any]:
    return {name: getattr(known, name) for name in NetEvent.__struct_fields__ if name not in Event.__struct_fields__}
