"""The market log: the latest prices and exchange rates."""

from domain.market.decider import MarketDecider
from domain.market.state import MarketState

__all__ = ["MarketDecider", "MarketState"]
