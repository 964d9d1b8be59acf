"""A persistence module of the ``eventsourcing`` library on SQLite and PostgreSQL, and the read models beside it."""

from infra.sql.factory import SqlFactory

__all__ = ["SqlFactory"]
