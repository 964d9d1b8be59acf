"""Positions from all the facts of a log: what stands, sorted by when it was traded, and run through from the first."""

from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

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
    trades: int
    lots: list[Open]


_NO = Fraction(0)
NOTHING = Position(_NO, _NO, _NO, _NO, _NO, _NO, _NO, 0, [])


def positions(facts: list[Fact], at: datetime | None = None) -> dict[str, Position]:
    """Positions by book and instrument, for every book and instrument with a trade that stands, or stood at a time."""
    held: dict[str, list[Trade]] = {}
    for trade in standing_trades(facts, at):
        held.setdefault(f"{trade.terms['book']}/{trade.terms['instrument']}", []).append(trade)
    return {key: _position(trades) for key, trades in held.items()}


def _position(trades: list[Trade]) -> Position:
    traded = sum((trade.number("quantity") for trade in trades), Fraction(0))
    repaid = sum((trade.settled_quantity("maturity") for trade in trades), Fraction(0))
    received = sum((trade.settled_amount("maturity") for trade in trades), Fraction(0))
    settled = sum((trade.settled_quantity("start") for trade in trades), Fraction(0)) + repaid
    quantity = traded + repaid
    # Money lent is worth what it is: it has no lots, and earns interest and no profit.
    result = Outcome([], quantity, Fraction(0)) if trades[0].is_loan() else _run(trades)
    return Position(
        quantity=quantity, settled=settled, in_flight=quantity - settled, cost=result.cost, realised=result.realised,
        fees=sum((trade.fees() for trade in trades), Fraction(0)), income=repaid + received,
        trades=sum(trade.holds for trade in trades),
        lots=result.lots,
    )


def _run(trades: list[Trade]) -> Outcome:
    dealt = [row.dealt for trade in sorted(trades, key=lambda trade: trade.trade_id) for row in trade.rows]
    fills = [
        Fill(part["origin"], part["trade_date"], Fraction(part["quantity"]), Fraction(part["price"]))
        for part in sorted(dealt, key=_place)
    ]
    by_average = any(trade.terms["lot_method"] == "average" for trade in trades)
    return moving_average(fills) if by_average else first_in_first_out(fills)


def _place(part: dict[str, Any]) -> tuple[str, datetime, str]:
    return part["trade_date"], datetime.fromisoformat(part["executed_at"]), part["origin"]
