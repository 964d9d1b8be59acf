"""Selecting documents of one model by id: all that match, or a page of them in one row."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine

from infra.sql.documents import Model
from infra.sql.engine import is_sqlite, marks, rows
from projections.projection import Document

LAST = "\U0010ffff"
Decoder = msgspec.json.Decoder[Document]


class Selection:
    """Documents whose id lies after ``after`` and begins with ``prefix``, and that match ``where``."""

    def __init__(self, engine: Engine, model: Model, *, where: Mapping[str, Any], after: str, prefix: str) -> None:
        self._engine = engine
        self._model = model
        mark, self._values = marks(engine, 1), [after]
        self._conditions = f"id > {mark}"
        if prefix:
            # Of two lower bounds a database may begin at the lower one, and read all that lies between.
            self._conditions = f"id {'>' if after >= prefix else '>='} {mark} AND id < {mark}"
            self._values = [max(after, prefix), prefix + LAST]
        for column, wanted in where.items():
            self._match(column, [wanted] if isinstance(wanted, str) else list(wanted))

    def every(self, connection: Connection, table: str, decoder: Decoder) -> list[Document]:
        """All of them."""
        return self._one_by_one(connection, self._statement(table), decoder)

    def page(self, connection: Connection, table: str, decoder: Decoder, limit: int) -> list[Document]:
        """The first ``limit`` of them, as lines of one row: each row would give up the interpreter's lock, and wait for
        it again. What has no limit is not read so, for a row is at most a gigabyte.
        """
        chosen = f"{self._statement(table)} LIMIT {int(limit)}"
        statement = f"SELECT COUNT(*) FILTER (WHERE stale), {self._lines()} FROM ({chosen}) AS page"
        ((stale, lines),) = rows(connection, statement, tuple(self._values))
        if stale:
            return self._one_by_one(connection, chosen, decoder)
        return decoder.decode_lines(lines or b"")

    def _one_by_one(self, connection: Connection, statement: str, decoder: Decoder) -> list[Document]:
        found = rows(connection, statement, tuple(self._values))
        return [self._model.document(stale, stored, decoder) for _, stale, stored in found]

    def _match(self, column: str, any_of: list[Any]) -> None:
        if column not in self._model.columns:
            raise KeyError(f"{self._model.name} is not kept by {column}")
        # What is stale from the beginning has no columns: it may match, and must not be left out of a sum.
        marked = marks(self._engine, len(any_of))
        self._conditions += f" AND ({column} IN ({marked}) OR (stale AND {column} IS NULL))"
        self._values += any_of

    def _statement(self, table: str) -> str:
        return f"SELECT id, stale, document FROM {table} WHERE {self._conditions} ORDER BY id"

    def _lines(self) -> str:
        # SQLite takes the rows in the order in which they come, and can be told another only since 3.44.
        if is_sqlite(self._engine):
            return "CAST(group_concat(document, char(10)) AS BLOB)"
        return r"string_agg(document, '\x0a'::bytea ORDER BY id)"
