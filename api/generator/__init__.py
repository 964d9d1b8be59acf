"""A realistic trading day, made from a seed."""

from api.generator.day import TradingDay
from api.generator.shape import Shape

__all__ = ["Shape", "TradingDay"]
