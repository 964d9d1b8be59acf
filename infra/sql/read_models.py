"""Read models in a SQL database: documents and tracking in one transaction, generations side by side."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from hashlib import sha256
from typing import Any, Self

from sqlalchemy import Connection, Engine

from infra.sql.documents import Model, create_tracking, models_of
from infra.sql.engine import create_engine_for, insert, marks, reading, rows, writing
from infra.sql.selection import LAST, Selection
from projections.fold import DEAD_LETTERS, DeadLetter, Found, Parked, letter_prefix
from projections.ports import ReadModelsMoved
from projections.projection import Document, Projection

KEYS_AT_ONCE = 500
DIGESTED_AT_ONCE = 2_000
FIRST = 1
Place = tuple[str, int, str]
"""What a model is tracked by, its generation, and a log."""


class OtherReadModels(Exception):
    """The read models were built from another ledger than this one: they must be built anew."""


class SqlReadModels:
    """``projections.ports.ReadModels``. ``generation`` is the one to use; None the one that is served."""

    def __init__(
        self, engine: Engine, projections: Sequence[Projection], ledger_id: str, generation: int | None = None, *,
        adopt: bool = False,
    ) -> None:
        self.engine = engine
        self._projections = projections
        self._ledger_id = ledger_id
        self._generation = generation
        self._models = models_of(engine, projections)
        create_tracking(engine)
        with writing(engine) as connection:
            others = self._is_of_another(connection, adopt)
            served = self._served(connection)
        for model in self._models.values():
            model.create(self._of(model, served))
        if others:
            self.clear(list(self._models))

    @classmethod
    def open(cls, url: str, projections: Sequence[Projection], ledger_id: str, *, adopt: bool = False) -> Self:
        """Opens the store at a URL. ``adopt`` forgets read models of another ledger.

        Raises:
            OtherReadModels: when they are of another ledger, unless they are adopted.
        """
        # Documents and tracking are one transaction: what a power cut takes is folded again from the log.
        engine = create_engine_for(url, synchronous="NORMAL")
        try:
            return cls(engine, projections, ledger_id, adopt=adopt)
        except BaseException:
            engine.dispose()
            raise

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]:
        return self.find({model: ids})[model]

    def find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        with reading(self.engine) as connection:
            return {model: self._found(connection, model, ids) for model, ids in wanted.items()}

    def _found(self, connection: Connection, model: str, ids: Sequence[str]) -> dict[str, Document]:
        table, decode = self._table(connection, model), self._models[model].document
        found: dict[str, Document] = {}
        for at in range(0, len(ids), KEYS_AT_ONCE):
            page = list(ids[at : at + KEYS_AT_ONCE])
            page += [page[-1]] * (KEYS_AT_ONCE - len(page)) if len(page) > 1 else []
            statement = f"SELECT id, stale, document FROM {table} WHERE id IN ({marks(self.engine, len(page))})"
            for key, stale, stored in rows(connection, statement, tuple(page)):
                found[key] = decode(stale, stored)
        return found

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        return self.select(model, prefix=prefix, limit=-1)

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Document]:
        kept = self._models[model]
        decoder = kept.decoder(shape)
        chosen = Selection(self.engine, kept, where=where or {}, after=after or "", prefix=prefix)
        with reading(self.engine) as connection:
            table = self._table(connection, model)
            if limit < 0:
                return chosen.every(connection, table, decoder)
            return chosen.page(connection, table, decoder, limit)

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        prepared = {name: self._models[name].rows(changed.values()) for name, changed in documents.items()}
        with writing(self.engine) as connection:
            served = self._served(connection)
            for name in models:
                self._move(connection, self._place(name, served, log), expected, (reflected, leaf))
            if parked is not None and parked != self._parked(connection, served, log, models):
                raise ReadModelsMoved(f"documents of {log} were parked or mended meanwhile")
            for name, changed in prepared.items():
                insert(connection, *self._models[name].insertion(self._of(self._models[name], served)), changed)

    def mend(
        self, documents: Mapping[Parked, Document | None], letters: Sequence[DeadLetter], *, at: int,
        models: Sequence[str],
    ) -> None:
        (log,) = {each.log for each in documents}
        with writing(self.engine) as connection:
            served = self._served(connection)
            for name in models:
                self._hold(connection, self._place(name, served, log), at)
            of_letters = self._models[DEAD_LETTERS]
            for parked, document in documents.items():
                self._remove(connection, of_letters.table(self._of(of_letters, served)), letter_prefix(parked))
                model = self._models[parked.model]
                generation = self._of(model, served)
                if document is None:
                    self._remove(connection, model.table(generation), parked.key, exactly=True)
                else:
                    insert(connection, *model.insertion(generation), [model.row(document)])
            if letters:
                rows_of_letters = [of_letters.row(each) for each in letters]
                insert(connection, *of_letters.insertion(self._of(of_letters, served)), rows_of_letters)

    def reflected(self, model: str, log: str) -> int:
        with reading(self.engine) as connection:
            return self._reflected(connection, self._place(model, self._served(connection), log))

    def places(self, models: Sequence[str], log: str) -> Set[int]:
        with reading(self.engine) as connection:
            served = self._served(connection)
            return {self._reflected(connection, self._place(name, served, log)) for name in models}

    def heads(self, logs: Iterable[str]) -> Set[tuple[str, int, bytes]]:
        wanted = set(logs)
        with reading(self.engine) as connection:
            served = self._served(connection)
            used = {(model.tracked, self._of(model, served)) for model in self._models.values()}
            found = rows(connection, "SELECT model, generation, log, sequence, leaf FROM reflected")
            return {
                (log, at, leaf) for model, generation, log, at, leaf in found
                if (model, generation) in used and log in wanted
            }

    def clear(self, models: Sequence[str]) -> None:
        with writing(self.engine) as connection:
            served = self._served(connection)
            for name in models:
                generation = self._of(self._models[name], served)
                connection.exec_driver_sql(f"DELETE FROM {self._models[name].table(generation)}")
                connection.exec_driver_sql(
                    f"DELETE FROM reflected WHERE model = {marks(self.engine, 1)} "
                    f"AND generation = {marks(self.engine, 1)}", (self._models[name].tracked, generation),
                )
                letters = self._models[DEAD_LETTERS].table(self._of(self._models[DEAD_LETTERS], served))
                connection.exec_driver_sql(f"DELETE FROM {letters} WHERE model = {marks(self.engine, 1)}", (name,))

    def digest(self, model: str, on_document: Callable[[int], None] | None = None) -> str:
        digest, after = sha256(), ""
        with reading(self.engine) as connection:
            table = self._table(connection, model)
            statement = (
                f"SELECT id, stale, document FROM {table} WHERE id > {marks(self.engine, 1)} ORDER BY id "
                f"LIMIT {DIGESTED_AT_ONCE}"
            )
            while page := rows(connection, statement, (after,)):
                for key, stale, kept in page:
                    # What a stale document held when it was parked is not to be used, and not kept by every worker.
                    stored = self._models[model].bare(kept) if stale else kept
                    digest.update(len(key.encode()).to_bytes(4, "big") + key.encode())
                    digest.update(len(stored).to_bytes(4, "big") + bytes(stored))
                after = page[-1][0]
                if on_document:
                    on_document(len(page))
        return digest.hexdigest()

    def beside(self, projections: Sequence[Projection]) -> "SqlReadModels":
        with reading(self.engine) as connection:
            newest = max((generation for _, generation in self._served(connection).values()), default=FIRST)
            built = rows(connection, "SELECT MAX(generation) FROM reflected")[0][0] or FIRST
        beside = SqlReadModels(self.engine, projections, self._ledger_id, max(newest, built) + 1)
        beside.clear([projection.name for projection in projections])
        return beside

    def serve(self) -> None:
        assert self._generation is not None
        with writing(self.engine) as connection:
            served = self._served(connection)
            self._serve_letters(connection, served)
            for name, model in self._models.items():
                if name == DEAD_LETTERS:
                    continue
                earlier = self._earlier(connection, model, served)
                connection.exec_driver_sql(
                    f"INSERT INTO generations (model, version, generation) VALUES ({marks(self.engine, 3)}) "
                    "ON CONFLICT (model) DO UPDATE SET version = excluded.version, generation = excluded.generation",
                    (model.name, model.version, self._generation),
                )
                for generation in earlier:
                    self._drop(connection, model, generation)
                    self._drop_letters_of(connection, generation, served)

    def drop(self) -> None:
        assert self._generation is not None
        with writing(self.engine) as connection:
            for model in self._models.values():
                self._drop(connection, model, self._generation)

    def close(self) -> None:
        self.engine.dispose()

    def _earlier(
        self, connection: Connection, model: Model, served: Mapping[str, tuple[int, int]]
    ) -> set[int]:
        """The generation that is served, and those before this one that were left half-built."""
        mark = marks(self.engine, 1)
        found = rows(connection, f"SELECT DISTINCT generation FROM reflected WHERE model = {mark}", (model.tracked,))
        assert self._generation is not None
        return {self._of(model, served, None), *(each for (each,) in found if each < self._generation)}

    def _serve_letters(self, connection: Connection, served: Mapping[str, tuple[int, int]]) -> None:
        """The dead letters of this generation's models take the place of the served ones; those of others stay."""
        letters, mark = self._models[DEAD_LETTERS], marks(self.engine, 1)
        assert self._generation is not None
        kept, built = letters.table(self._of(letters, served, None)), letters.table(self._generation)
        if kept == built:
            return
        for name in self._models:
            connection.exec_driver_sql(f"DELETE FROM {kept} WHERE model = {mark}", (name,))
        columns = "id, stale, document, model"
        connection.exec_driver_sql(f"INSERT INTO {kept} ({columns}) SELECT {columns} FROM {built}")
        self._drop(connection, letters, self._generation)

    def _drop_letters_of(
        self, connection: Connection, generation: int, served: Mapping[str, tuple[int, int]]
    ) -> None:
        letters = self._models[DEAD_LETTERS]
        if generation != self._of(letters, served, None):
            self._drop(connection, letters, generation)

    def _drop(self, connection: Connection, model: Model, generation: int) -> None:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {model.table(generation)}")
        connection.exec_driver_sql(
            f"DELETE FROM reflected WHERE model = {marks(self.engine, 1)} AND generation = {marks(self.engine, 1)}",
            (model.tracked, generation),
        )

    def _is_of_another(self, connection: Connection, adopt: bool) -> bool:
        found = [row[0] for row in rows(connection, "SELECT ledger_id FROM ledger")]
        if found == [self._ledger_id]:
            return False
        if found and not adopt:
            raise OtherReadModels(
                f"these read models were built from ledger {found[0]}, not from {self._ledger_id}: build them anew"
            )
        connection.exec_driver_sql("DELETE FROM ledger")
        # Several processes may open a new store at once.
        statement = f"INSERT INTO ledger (ledger_id) VALUES ({marks(self.engine, 1)}) ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(statement, (self._ledger_id,))
        return bool(found)

    @staticmethod
    def _served(connection: Connection) -> dict[str, tuple[int, int]]:
        found = rows(connection, "SELECT model, version, generation FROM generations")
        return {model: (version, generation) for model, version, generation in found}

    def _of(self, model: Model, served: Mapping[str, tuple[int, int]], own: int | None = -1) -> int:
        """The generation to use; a model of another version than the served one begins at its first."""
        chosen = self._generation if own == -1 else own
        if chosen is not None:
            return chosen
        version, generation = served.get(model.name, (model.version, FIRST))
        return generation if version == model.version else FIRST

    def _table(self, connection: Connection, model: str) -> str:
        return self._models[model].table(self._of(self._models[model], self._served(connection)))

    def _place(self, name: str, served: Mapping[str, tuple[int, int]], log: str) -> Place:
        return self._models[name].tracked, self._of(self._models[name], served), log

    def _reflected(self, connection: Connection, place: Place) -> int:
        mark = marks(self.engine, 1)
        found = rows(
            connection,
            f"SELECT sequence FROM reflected WHERE model = {mark} AND generation = {mark} AND log = {mark}",
            place,
        )
        return found[0][0] if found else 0

    def _hold(self, connection: Connection, place: Place, at: int) -> None:
        mark = marks(self.engine, 1)
        held = connection.exec_driver_sql(
            f"UPDATE reflected SET sequence = sequence WHERE model = {mark} AND generation = {mark} AND log = {mark} "
            f"AND sequence = {mark}", (*place, at),
        ).rowcount
        if not held:
            raise ReadModelsMoved(f"{place[0]} no longer reflects {place[2]} up to {at}")

    def _remove(self, connection: Connection, table: str, key: str, *, exactly: bool = False) -> None:
        mark = marks(self.engine, 1)
        if exactly:
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = {mark}", (key,))
        else:
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE id >= {mark} AND id < {mark}", (key, key + LAST))

    def _parked(
        self, connection: Connection, served: Mapping[str, tuple[int, int]], log: str, models: Sequence[str]
    ) -> set[Parked]:
        letters = self._models[DEAD_LETTERS]
        found = rows(
            connection, f"SELECT stale, document FROM {letters.table(self._of(letters, served))} "
            f"WHERE model IN ({marks(self.engine, len(models))})", tuple(models),
        )
        parked = {letters.document(*each).parked for each in found}  # type: ignore[attr-defined]
        return {each for each in parked if each.log == log}

    def _move(self, connection: Connection, place: Place, expected: int, head: tuple[int, bytes]) -> None:
        moved = self._reflected(connection, place) == expected and connection.exec_driver_sql(
            f"INSERT INTO reflected (model, generation, log, sequence, leaf) VALUES ({marks(self.engine, 5)}) "
            "ON CONFLICT (model, generation, log) DO UPDATE SET sequence = excluded.sequence, leaf = excluded.leaf "
            f"WHERE reflected.sequence = {marks(self.engine, 1)}", (*place, *head, expected),
        ).rowcount
        if not moved:
            raise ReadModelsMoved(f"{place[0]} no longer reflects {place[2]} up to {expected}")
