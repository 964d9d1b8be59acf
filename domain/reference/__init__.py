"""The reference log: parties, books, instruments, calendars, limits, lists, keys and business dates."""

from domain.reference.decider import ReferenceDecider
from domain.reference.state import ReferenceState

__all__ = ["ReferenceDecider", "ReferenceState"]
