"""The life of a trade: its state, its rules, and the limits of its book."""

from domain.trades.decider import TradeDecider
from domain.trades.state import TradeState, evolve_trade

__all__ = ["TradeDecider", "TradeState", "evolve_trade"]
