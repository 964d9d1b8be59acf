"""Documents as rows: one table a model and generation, with the columns its projection names."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, get_type_hints

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Engine, Index, LargeBinary, MetaData, Table

from infra.sql.engine import TEXT, create_tables
from projections.fold import DEAD_LETTERS, DeadLetter
from projections.projection import Document, Projection, reader_of

# Structs have an order of their own; the keys of dictionaries are sorted, so that equal documents are equal bytes.
_encode = msgspec.json.Encoder(order="deterministic").encode
_bare = msgspec.json.Decoder(Document)
_ID = itemgetter(0)
FIXED = ("id", "stale", "document")
READ_BY_BOOK = frozenset({"movements"})
"""Models of which whole books are read. Of what is written at once, documents of a book are put side by side: else each
lies on a page of its own.
"""


class Model:
    """The table of one model: its names, its statements, and how its documents are written and read."""

    def __init__(self, engine: Engine, name: str, version: int, columns: Sequence[str], kind: type[Document]) -> None:
        self.name = name
        self.version = version
        self.columns = tuple(columns)
        self._engine = engine
        self._decoder: msgspec.json.Decoder[Document] = msgspec.json.Decoder(kind)
        self._values = reader_of(self.columns)
        hints = get_type_hints(kind)
        self._all_text = all(hints[column] in {str, str | None} for column in self.columns)
        taken = ", ".join(f"{column} = excluded.{column}" for column in (*FIXED, *self.columns)[1:])
        self._replacing = f"ON CONFLICT (id) DO UPDATE SET {taken}"

    @property
    def tracked(self) -> str:
        """What its tracking is kept by: a new version has none, and begins anew."""
        return f"{self.name}-v{self.version}"

    def table(self, generation: int) -> str:
        return f"model_{self.name.replace('-', '_')}_v{self.version}_g{generation}"

    def create(self, generation: int) -> None:
        """Creates the table of a generation, if it is not there."""
        name = self.table(generation)
        metadata = MetaData()
        table = Table(
            name, metadata, Column("id", TEXT, primary_key=True), Column("stale", Boolean, nullable=False),
            Column("document", LargeBinary, nullable=False), *(Column(column, TEXT) for column in self.columns),
        )
        # The book leads every id already; an index on each other column would cost more than it gives.
        if "trade_id" in self.columns:
            Index(f"{name}_by_trade", table.c.trade_id)
        create_tables(self._engine, metadata)

    def insertion(self, generation: int) -> tuple[str, str]:
        """Head and tail of the statement that puts documents in place of what is there."""
        return f"{self.table(generation)} ({', '.join((*FIXED, *self.columns))})", self._replacing

    def rows(self, documents: Iterable[Document]) -> list[tuple[Any, ...]]:
        """As they are to be written at once."""
        found = [self.row(each) for each in documents]
        return sorted(found, key=_ID) if self.name in READ_BY_BOOK else found

    def row(self, document: Document) -> tuple[Any, ...]:
        if document.stale:
            return self._stale_row(document)
        values = self._values(document)
        if not self._all_text:
            values = tuple([value if value is None or value.__class__ is str else str(value) for value in values])
        return (document.id, False, _encode(document), *values)

    def _stale_row(self, document: Document) -> tuple[Any, ...]:
        """Of a document that was never whole, some columns are not known."""
        values = [getattr(document, column, None) for column in self.columns]
        if document.__class__ is Document and self.columns[:1] in (("book",), ("kind",)):
            # Of what could not even be begun the id is known, and that begins with the book or kind.
            values[0] = document.id.partition("/")[0]
        return (document.id, True, _encode(document), *[None if value is None else str(value) for value in values])

    @staticmethod
    def bare(stored: bytes) -> bytes:
        """Of a stored document only what every document has."""
        return _encode(_bare.decode(stored))

    def document(
        self, stale: Any, stored: bytes, decoder: msgspec.json.Decoder[Document] | None = None
    ) -> Document:
        """The document; of a stale one only what every document has, for the rest is not to be used."""
        return _bare.decode(stored) if stale else (decoder or self._decoder).decode(stored)

    def decoder(self, shape: type[Document] | None) -> msgspec.json.Decoder[Document]:
        """Decodes with only the fields of ``shape``, where one is given."""
        return self._decoder if shape is None else msgspec.json.Decoder(shape)


def models_of(engine: Engine, projections: Sequence[Projection]) -> Mapping[str, Model]:
    """The tables of ``projections``, and that of the dead letters."""
    models = {
        projection.name: Model(
            engine, projection.name, projection.version, projection.columns, projection.document_type
        )
        for projection in projections
    }
    models[DEAD_LETTERS] = Model(engine, DEAD_LETTERS, 1, ("model",), DeadLetter)
    return models


def create_tracking(engine: Engine) -> None:
    """Creates the tables of what each model reflects, which generation is served, and of which ledger."""
    metadata = MetaData()
    Table(
        "reflected", metadata, Column("model", TEXT, primary_key=True),
        Column("generation", BigInteger, primary_key=True), Column("log", TEXT, primary_key=True),
        Column("sequence", BigInteger, nullable=False), Column("leaf", LargeBinary, nullable=False),
    )
    Table(
        "generations", metadata, Column("model", TEXT, primary_key=True),
        Column("version", BigInteger, nullable=False), Column("generation", BigInteger, nullable=False),
    )
    Table("ledger", metadata, Column("ledger_id", TEXT, primary_key=True))
    create_tables(engine, metadata)
