"""Positions from all the facts of a log: what stands, sorted by when it was traded, and run through from the first."""

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from tests.naive.actions import Action, Done, opened, run_through, standing_actions
from tests.naive.facts import Fact, Trade, standing_trades
from tests.naive.lots import Fill, Open, Outcome, first_in_first_out, moving_average


class Position(NamedTuple):
    quantity: Fraction
    settled: Fraction
    in_flight: Fraction
    cost: Fraction
    realised: Fraction
    fees: Fraction
    income: Fraction
    tax: Fraction
    trades: int
    lots: list[Open]


_NO = Fraction(0)
NOTHING = Position(_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, 0, [])


def positions(facts: list[Fact], at: datetime | None = None) -> dict[str, Position]:
    """Positions by book and instrument, for every book and instrument with a trade that stands, or stood at a time."""
    return {key: _position(trades, actions) for key, (trades, actions) in _held(facts, at).items()}


def done(facts: list[Fact], at: datetime | None = None) -> dict[str, list[Done]]:
    """What corporate actions did to each position."""
    return {key: _run(trades, actions)[1] for key, (trades, actions) in _held(facts, at).items()}


def _held(facts: list[Fact], at: datetime | None) -> dict[str, tuple[list[Trade], list[Action]]]:
    """Trades and actions by position."""
    actions = standing_actions(facts, at)
    held: dict[str, tuple[list[Trade], list[Action]]] = {}
    for trade in standing_trades(facts, at):
        name = trade.terms["instrument"]
        own = [action for action in actions if action.instrument == name]
        held.setdefault(f"{trade.terms['book']}/{name}", ([], own))[0].append(trade)
    return held


def _position(trades: list[Trade], actions: list[Action]) -> Position:
    traded = sum((trade.number("quantity") for trade in trades), Fraction(0))
    repaid = sum((trade.settled_quantity("maturity") for trade in trades), Fraction(0))
    received = sum((trade.settled_amount("maturity") for trade in trades), Fraction(0))
    settled = sum((trade.settled_quantity("start") for trade in trades), Fraction(0)) + repaid
    # Money lent is worth what it is: it has no lots, and earns interest and no profit.
    result, done = (Outcome([], traded + repaid, _NO), []) if trades[0].is_loan() else _run(trades, actions)
    settled += sum((each.quantity for each in done if each.action.paid), _NO)
    quantity = traded + repaid + sum((each.quantity for each in done), _NO)
    tax = sum((each.tax for each in done), _NO)
    return Position(
        quantity=quantity, settled=settled, in_flight=quantity - settled, cost=result.cost, realised=result.realised,
        fees=sum((trade.fees() for trade in trades), Fraction(0)),
        income=repaid + received + sum((each.gross for each in done), _NO) - tax, tax=tax,
        trades=sum(trade.holds for trade in trades), lots=opened(result.lots),
    )


def _run(trades: list[Trade], actions: list[Action]) -> tuple[Outcome, list[Done]]:
    trades = sorted((trade for trade in trades if trade.holds), key=_place)
    fills = [
        Fill(trade.trade_id, trade.terms["trade_date"], trade.number("quantity"), trade.number("price"))
        for trade in trades
    ]
    by_average = any(trade.terms["lot_method"] == "average" for trade in trades)
    return run_through(fills, actions, moving_average if by_average else first_in_first_out)


def _place(trade: Trade) -> tuple[str, datetime, str]:
    executed_at = datetime.fromisoformat(trade.terms["executed_at"])
    return trade.terms["trade_date"], executed_at, trade.trade_id
