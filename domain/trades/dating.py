"""When what a command says begins to hold, and on which day it is posted."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from domain.business_days import EARLIEST, LATEST
from domain.commands import BuyIn, CancelTrade, Command, CorrectTrade, FixRate, SettleTrade, TradeCommand
from domain.commands.products import OptionCommand
from domain.corporate_actions import closing_of, opening_of
from domain.decider import Envelope
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def begins(command: Command, trade_date: date, envelope: Envelope) -> datetime:
    """When what is agreed on ``trade_date`` was executed, and in the envelope since when it holds: when the command
    says, or else now; but what is told ahead with that day, and what is told late holds since the end of its day,
    executed after all of it that was told before.
    """
    executed_at: datetime = envelope["effective_at"]
    if command.effective_at is None and trade_date > envelope["business_date"]:
        executed_at = envelope["effective_at"] = opening_of(trade_date)
    elif command.effective_at is None and trade_date < envelope["business_date"]:
        envelope["effective_at"] = _end_of(trade_date, envelope)
    return executed_at


def _end_of(day: date, envelope: Envelope) -> datetime:
    """The end of a day before the business date; where that is ahead of the clock it is now, and the day goes on."""
    now: datetime = envelope["recorded_at"]
    return min(closing_of(day), now)


def restated(log: "TradeDecider", about: date) -> date | None:
    """The day that a fact is about, when that is closed."""
    closed = log.closed_through()
    return about if closed is not None and about <= closed else None


def on_open_day(log: "TradeDecider", envelope: Envelope, trade_date: date) -> Envelope:
    """The envelope with its accounting day: the business date, or the first open day when that is closed."""
    closed = log.closed_through()
    if log.business_date() is None:
        envelope["business_date"] = trade_date
    if closed is not None and envelope["business_date"] <= closed:
        envelope["business_date"] = closed + timedelta(days=1)
    return envelope


def posted_on(log: "TradeDecider", envelope: Envelope, trade_date: date) -> Envelope:
    """As ``on_open_day``, but what is about a trade of a later day is posted on that."""
    fields = on_open_day(log, envelope, trade_date)
    fields["business_date"] = max(fields["business_date"], trade_date)
    return fields


def held_since(fields: Envelope, command: Command, day: date | None, trades: Sequence[TradeState]) -> None:
    """What is told late of a day holds since its end, if the command does not say otherwise, but no longer than the
    trades that it is about.
    """
    if day is not None and command.effective_at is None and day < fields["business_date"]:
        fields["effective_at"] = max([_end_of(day, fields), *(trade.held_from for trade in trades)])


def dated_about(
    log: "TradeDecider", command: TradeCommand, trade: TradeState, envelope: Envelope, day: date | None = None
) -> Envelope:
    """The envelope with its accounting day, and with the closed day that it restates: what a command says of a trade is
    about ``day``, or about the one that goes with its kind.
    """
    fields = posted_on(log, envelope, max(trade.terms.trade_date, day or EARLIEST))
    about: date = fields["business_date"]
    if day is not None:
        about = day
    elif (told := _told_of(command)) is not None:
        about = told
        held_since(fields, command, told, (trade,))
    elif isinstance(command, CorrectTrade):
        about = min(command.trade_date or LATEST, trade.terms.trade_date)
    elif isinstance(command, CancelTrade):
        about = trade.terms.trade_date
    elif isinstance(command, FixRate) and command.effective_at is None:
        # A rate is a fact of the day from which it is fixed, whenever it is told.
        about = command.fixed_from
        fields["effective_at"] = opening_of(about)
    elif command.effective_at is not None:
        about = command.effective_at.date()
    fields["restates"] = restated(log, about)
    return fields


def _told_of(command: TradeCommand) -> date | None:
    """The day on which the command says that something was delivered, used or lost."""
    if isinstance(command, SettleTrade | BuyIn):
        return command.settled_on
    return command.on if isinstance(command, OptionCommand) else None
