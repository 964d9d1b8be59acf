"""A persistence module of the ``eventsourcing`` library that forgets: for tests, and for trying things out."""

from infra.memory.factory import MemoryFactory

__all__ = ["MemoryFactory"]
