"""Engines and transactions for SQLite and PostgreSQL, and their errors in the library's words."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

import sqlalchemy
from eventsourcing import persistence
from sqlalchemy import Connection, Engine, MetaData, String, event

BUSY_SECONDS = 60
AGAIN_SECONDS = 0.01
ROWS_AT_ONCE = (1_000, 64, 8, 1)
CACHE_KIBIBYTES = -65536
# A page that many commits touch is copied back once: with the default of 1000 it is copied at almost every commit.
CHECKPOINT_PAGES = 16_000
WRITE = "everbook_write"
SINGLE = "everbook_single"
CREATING = 0x45564552
TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text in the order of its bytes, whatever language the database is in: pages and prefixes rest on it."""
_ERRORS: dict[str, type[persistence.PersistenceError]] = {
    error.__name__: error
    for error in (
        persistence.IntegrityError, persistence.DataError, persistence.ProgrammingError, persistence.NotSupportedError,
        persistence.InternalError, persistence.OperationalError, persistence.InterfaceError, persistence.DatabaseError,
    )
}


def create_engine_for(url: str, *, synchronous: str = "FULL") -> Engine:
    """An engine; on SQLite a commit is durable when it returns (``synchronous`` FULL) and a read never waits.

    Raises:
        ProgrammingError: for a database in memory, which several threads cannot share: that is ``infra.memory``; and
            for one that SQLAlchemy does not know.
    """
    try:
        parsed = sqlalchemy.make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return sqlalchemy.create_engine(parsed, pool_pre_ping=True, pool_size=10)
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        raise persistence.ProgrammingError(f"{url.partition('://')[0]}:// names no database here: {error}") from error
    if not parsed.database or parsed.database == ":memory:":
        raise persistence.ProgrammingError("SQLite needs a file here; for a log in memory there is infra.memory")
    engine = sqlalchemy.create_engine(
        parsed, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, pool_size=10, max_overflow=50
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin transactions by itself, and too late to take the write lock.
        connection.isolation_level = None
        _write_ahead(connection)
        for pragma in (
            f"synchronous={synchronous}", "foreign_keys=OFF", f"cache_size={CACHE_KIBIBYTES}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if SINGLE not in options:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if WRITE in options else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the journal mode. While another process opens or leaves the same file SQLite refuses this at once, whatever
    its busy timeout, so it is asked again for as long.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def marks(engine: Engine, count: int) -> str:
    """``count`` placeholders for a statement that goes straight to the driver."""
    return ", ".join(["?" if is_sqlite(engine) else "%s"] * count)


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Errors of the driver come out as ``eventsourcing.persistence`` errors, whoever wraps them: the names are those of
    the Python database API everywhere.
    """
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        ours = next((_ERRORS[name] for name in names if name in _ERRORS), persistence.PersistenceError)
        raise ours(str(error)) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database."""
    options = {} if is_sqlite(engine) else {"isolation_level": "REPEATABLE READ"}
    with translated(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """For one statement, which sees one state of the database by itself. Beginning and ending a transaction around it
    would give up the interpreter's lock twice more, and wait for it again.
    """
    options = {SINGLE: True} if is_sqlite(engine) else {"isolation_level": "AUTOCOMMIT"}
    with translated(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds SQLite's write lock from its beginning."""
    with translated(engine), engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        yield connection


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Creates what is not there yet, also when several processes begin at once."""
    with writing(engine) as connection:
        if not is_sqlite(engine):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CREATING})")
        metadata.create_all(connection)


def rows(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
    """All rows of a driver statement, as plain tuples."""
    return list(connection.exec_driver_sql(statement, parameters).cursor.fetchall())


def insert(connection: Connection, head: str, tail: str, found: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows; ``head`` names the table and its columns, ``tail`` what to do about a conflict. Rows go in few
    statements of few sizes: each is parsed once, and SQLite works on it outside the interpreter's lock.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    at = 0
    for size in ROWS_AT_ONCE:
        while len(found) - at >= size:
            values = tuple(chain.from_iterable(found[at : at + size]))
            connection.exec_driver_sql(_insertion(head, tail, mark, len(found[0]), size), values)
            at += size


@lru_cache(maxsize=256)
def _insertion(head: str, tail: str, mark: str, columns: int, count: int) -> str:
    group = f"({', '.join([mark] * columns)})"
    return f"INSERT INTO {head} VALUES {', '.join([group] * count)} {tail}"
