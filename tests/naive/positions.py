"""Positions from all the facts of a log: what stands, sorted by when it was traded, and run through from the first."""

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from tests.naive.facts import Fact, Margin, Trade, margins, standing_trades
from tests.naive.lots import Fill, Open, Outcome, first_in_first_out, moving_average


class Position(NamedTuple):
    quantity: Fraction
    settled: Fraction
    in_flight: Fraction
    cost: Fraction
    realised: Fraction
    fees: Fraction
    income: Fraction
    trades: int
    lots: list[Open]


_NO = Fraction(0)
NOTHING = Position(_NO, _NO, _NO, _NO, _NO, _NO, _NO, 0, [])


def positions(facts: list[Fact], at: datetime | None = None) -> dict[str, Position]:
    """Positions by book and instrument, for every book and instrument with a trade that stands, or stood at a time."""
    held: dict[str, list[Trade]] = {}
    for trade in standing_trades(facts, at):
        held.setdefault(f"{trade.terms['book']}/{trade.terms['instrument']}", []).append(trade)
    paid: dict[str, list[Margin]] = {}
    for margin in margins(facts, at):
        paid.setdefault(margin.key, []).append(margin)
    found = {key: _position(trades) for key, trades in held.items() if not trades[0].is_future()}
    futures = {key for key, trades in held.items() if trades[0].is_future()}
    return found | {key: _future(held.get(key, []), paid.get(key, [])) for key in {*futures, *paid}}


def _future(trades: list[Trade], paid: list[Margin]) -> Position:
    """Nothing is kept at a price: what it costs is what was paid for it, and what it gained is what it has paid."""
    traded = sum((trade.number("quantity") for trade in trades), _NO)
    closed = sum((margin.closed for margin in paid), _NO)
    settled = sum((trade.settled_quantity("start") for trade in trades), closed)
    gained = sum((margin.amount for margin in paid), _NO)
    cost = sum((trade.number("quantity") * trade.cost_of_one() for trade in trades), _NO)
    cost += gained + sum((margin.closed * margin.price for margin in paid), _NO)
    return Position(
        quantity=traded + closed, settled=settled, in_flight=traded + closed - settled, cost=cost, realised=gained,
        fees=sum((trade.fees() for trade in trades), _NO), income=_NO, trades=sum(trade.holds for trade in trades),
        lots=[],
    )


def _position(trades: list[Trade]) -> Position:
    traded = sum((trade.number("quantity") for trade in trades), Fraction(0))
    repaid = sum((trade.settled_quantity("maturity") for trade in trades), Fraction(0))
    received = sum((trade.settled_amount("maturity") for trade in trades), Fraction(0))
    closed = sum((trade.closed() for trade in trades), Fraction(0))
    settled = sum((trade.settled_quantity("start") for trade in trades), Fraction(0)) + repaid + closed
    quantity = traded + repaid + closed
    # Money lent is worth what it is: it has no lots, and earns interest and no profit.
    result = Outcome([], quantity, Fraction(0)) if trades[0].is_loan() else _run(trades)
    interest = repaid + received + sum((trade.accrued() for trade in trades), Fraction(0))
    return Position(
        quantity=quantity, settled=settled, in_flight=quantity - settled, cost=result.cost, realised=result.realised,
        fees=sum((trade.fees() for trade in trades), Fraction(0)), income=interest,
        trades=sum(trade.holds for trade in trades),
        lots=result.lots,
    )


def _run(trades: list[Trade]) -> Outcome:
    placed = [(_place(trade), _fill(trade)) for trade in trades if trade.holds]
    for closing in (each for trade in trades for each in trade.closings):
        # What expires comes after all that was traded that day.
        place = (closing.on, 2, closing.effective_at, closing.trade_id)
        placed.append((place, Fill(closing.trade_id, closing.on, closing.quantity, Fraction(0))))
    fills = [fill for _, fill in sorted(placed, key=lambda each: each[0])]
    by_average = any(trade.terms["lot_method"] == "average" for trade in trades)
    return moving_average(fills) if by_average else first_in_first_out(fills)


def _fill(trade: Trade) -> Fill:
    return Fill(trade.trade_id, trade.terms["trade_date"], trade.number("quantity"), trade.cost_of_one())


def _place(trade: Trade) -> tuple[str, int, datetime, str]:
    executed_at = datetime.fromisoformat(trade.terms["executed_at"])
    return trade.terms["trade_date"], 1, executed_at, trade.trade_id
