"""Documents as entries of an index: their mapping, how they are written, and how their exact bytes come back.

The index of a generation holds three kinds of entries, told apart by the field they are sorted by: documents (``id``),
the dead letters of the model (``letter``), and what it reflects of each log (``reflects``). So all of them are swapped,
dropped, backed up and restored together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from projections.fold import DEAD_LETTERS, DeadLetter
from projections.projection import Document, Projection, reader_of

# Structs have an order of their own; the keys of dictionaries are sorted, so that equal documents are equal bytes.
_encoder = msgspec.json.Encoder(order="deterministic")
_bare = msgspec.json.Decoder(Document)
_letters = msgspec.json.Decoder(DeadLetter)
_KEYWORD = {"type": "keyword", "ignore_above": 8_000}
OR_THE_SAME = "external_gte"
# Sequences are below: whatever was mended is above all that was folded before, of whichever sequence.
MENDINGS_SHIFT = 44
FIELDS: dict[str, Any] = {
    "id": {"type": "keyword"}, "letter": {"type": "keyword"}, "reflects": {"type": "keyword"}, "log": _KEYWORD,
    "sequence": {"type": "long"}, "stale": {"type": "boolean"}, "document": {"type": "object", "enabled": False},
    "visible": {"type": "long", "index": False}, "leaf": {"type": "binary"},
}


class Target(msgspec.Struct, gc=False):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    version: int
    version_type: str = "external"


class Unchanged(msgspec.Struct, gc=False):
    """Where an entry is that must not have been written since it was read."""

    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    if_seq_no: int
    if_primary_term: int


class Action(msgspec.Struct, gc=False):
    index: Target | Unchanged


class Entry(NamedTuple):
    """One line of a bulk request that says where, and one that says what."""

    action: Action
    source: Any


class LetterSource(msgspec.Struct, gc=False):
    letter: str
    log: str
    sequence: int
    stale: bool
    document: Document


class Gone(msgspec.Struct, gc=False):
    """What stands where nothing is any more: without a field to be found by, it keeps the version that was reached."""


class Stored(msgspec.Struct, gc=False):
    """An entry as it comes back, the document in the very bytes in which it was written."""

    id: str = ""
    letter: str = ""
    reflects: str = ""
    stale: bool = False
    visible: int = 0
    leaf: bytes = b""
    document: msgspec.Raw = msgspec.Raw(b"")

    @property
    def key(self) -> str:
        return self.id or self.letter or self.reflects


class Model:
    """One model: the names of its indices, and how its documents are written and read."""

    def __init__(self, prefix: str, name: str, version: int, columns: Sequence[str], kind: type[Document]) -> None:
        self.name = name
        self.alias = f"{prefix}-{name}-v{version}"
        self.columns = tuple(columns)
        self._decoder: msgspec.json.Decoder[Document] = msgspec.json.Decoder(kind)
        self._values = reader_of(self.columns)
        fields: list[tuple[str, Any]] = [("id", str), ("log", str), ("sequence", int), ("stale", bool)]
        fields += [(column, Any) for column in self.columns]
        self._source = msgspec.defstruct("Source", [*fields, ("document", Document)], gc=False)

    def index(self, generation: int) -> str:
        return f"{self.alias}-g{generation}"

    def mappings(self) -> Mapping[str, Any]:
        columns = dict.fromkeys(self.columns, _KEYWORD)
        return {"dynamic": "strict", "properties": {**FIELDS, **columns}}

    def entries(self, documents: Iterable[Document], generation: int, mendings: int = 0) -> list[Entry]:
        """What writes documents into a generation, unless it holds later ones, or what was mended since."""
        where = written_as(self.index(generation))
        return [
            Entry(Action(Target(where, each.id, version_of(each, mendings))), self._content(each)) for each in documents
        ]

    def mended(self, key: str, document: Document | None, at: int, generation: int, mendings: int) -> Entry:
        """What puts a document, or that there is none, in place of all that was made of it before this mending."""
        where = Target(written_as(self.index(generation)), key, _mended_at(at, mendings), OR_THE_SAME)
        return Entry(Action(where), Gone() if document is None else self._content(document))

    def document(self, stored: Stored) -> Document:
        """The document; of a stale one only what every document has, for the rest is not to be used."""
        return (_bare if stored.stale else self._decoder).decode(stored.document)

    def reader(self, shape: type[Document]) -> Callable[[Stored], Document]:
        """As ``document``, with only the fields of ``shape``."""
        decode = msgspec.json.Decoder(shape).decode
        return lambda stored: _bare.decode(stored.document) if stored.stale else decode(stored.document)

    def _content(self, document: Document) -> Any:
        values = self._known(document) if document.stale else self._values(document)
        return self._source(document.id, document.log, document.sequence, document.stale, *values, document)

    def _known(self, document: Document) -> tuple[Any, ...]:
        """Of a document that was never whole, some columns are not known."""
        values = [getattr(document, column, None) for column in self.columns]
        if document.__class__ is Document and self.columns[:1] in (("book",), ("kind",)):
            # Of what could not even be begun the id is known, and that begins with the book or kind.
            values[0] = document.id.partition("/")[0]
        return tuple(values)


def models_of(prefix: str, projections: Sequence[Projection]) -> Mapping[str, Model]:
    return {
        each.name: Model(prefix, each.name, each.version, each.columns, each.document_type) for each in projections
    }


def letter_entry(letter: DeadLetter, index: str, mendings: int) -> Entry:
    target = Target(written_as(index), letter_id(letter.id), version_of(letter, mendings))
    return Entry(Action(target), LetterSource(letter.id, letter.log, letter.sequence, letter.stale, letter))


def mended_letter(letter: str, kept: DeadLetter | None, at: int, index: str, mendings: int) -> Entry:
    """What puts a dead letter, or that there is none, in place of the one with its id."""
    target = Target(written_as(index), letter_id(letter), _mended_at(at, mendings), OR_THE_SAME)
    source = LetterSource(letter, kept.log, kept.sequence, kept.stale, kept) if kept else Gone()
    return Entry(Action(target), source)


def letter_of(stored: Stored) -> DeadLetter:
    return _letters.decode(stored.document)


def letter_id(letter: str) -> str:
    return f"!{DEAD_LETTERS}/{letter}"


def reflects_id(log: str) -> str:
    return f"!reflects/{log}"


def written_as(index: str) -> str:
    """The alias under which a generation is written: unlike an index, an alias that was dropped does not come back by
    being written to.
    """
    return f"{index}-written"


def version_of(document: Document, mendings: int = 0) -> int:
    """Twice the sequence, and one more when that event was applied: so a repaired document replaces a stale one; above
    these, how many mendings the writer knew of: so none that knew of fewer replaces what was mended.
    """
    return mendings << MENDINGS_SHIFT | document.sequence << 1 | (not document.stale)


def _mended_at(at: int, mendings: int) -> int:
    """Above all that was made before this mending, and below what any later event makes."""
    return mendings << MENDINGS_SHIFT | at << 1 | 1


def bare(stored: Stored) -> bytes:
    """Of a stored document only what every document has."""
    return _encoder.encode(_bare.decode(stored.document))


def encoded(entries: Sequence[Entry]) -> bytes:
    """The body of a bulk request."""
    return _encoder.encode_lines([line for entry in entries for line in entry])
