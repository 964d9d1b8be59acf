"""What only the Elasticsearch store promises: versions, swaps under readers, a full queue, errors in our words."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import Transport, TransportApiResponse
from elasticsearch import Elasticsearch
from eventsourcing.persistence import DataError, OperationalError

import infra.cluster.cluster
import infra.cluster.elasticsearch
import infra.elasticsearch.bulk
from domain.commands import AffirmTrade
from infra.elasticsearch.bulk import Bulk
from infra.elasticsearch.connection import Connection
from infra.elasticsearch.documents import encoded, models_of
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.rebuild import rebuild
from infra.retry import retry
from projections.fold import DEAD_LETTERS
from projections.ports import ReadModelsMoved
from projections.projection import Projection, dependants_first
from projections.registry import PROJECTIONS
from tests.contracts.read_models_contract import EXPOSURE, catch_up, require_equal_to_rebuild
from tests.counting import Counter, Counting, Doubling
from tests.indices import dropped_after
from tests.ledger import logs_in_memory, send
from tests.rules import booking
from tests.servers import shared

COUNTING = (Counting(),)


@pytest.fixture
def store(elasticsearch: str, request: pytest.FixtureRequest) -> Iterator[ElasticsearchReadModels]:
    ledger = f"test-{id(request)}"
    with dropped_after(elasticsearch, {ledger}):
        opened = ElasticsearchReadModels.open(elasticsearch, COUNTING, ledger)
        yield opened
        opened.close()


def put(store: ElasticsearchReadModels, document: Counter, *, expected: int = 0) -> None:
    store.write(
        "ledger-0", {"counting": {document.id: document}}, expected=expected, reflected=document.sequence,
        models=["counting"],
    )


def test_documents_are_written_before_those_they_are_made_from() -> None:
    places = {name: place for place, group in enumerate(dependants_first(PROJECTIONS)) for name in group}
    assert set(places) == {projection.name for projection in PROJECTIONS}
    for projection in PROJECTIONS:
        assert all(places[projection.name] < places[need] for need in projection.needs if need != projection.name)


def test_an_earlier_document_never_replaces_a_later_one(store: ElasticsearchReadModels) -> None:
    put(store, Counting.document("B/T1", 5))
    with pytest.raises(ReadModelsMoved):
        put(store, Counting.document("B/T1", 4))
    assert store.get_many("counting", ["B/T1"])["B/T1"].sequence == 5
    assert store.reflected("counting", "ledger-0") == 5


def test_a_document_with_its_event_applied_replaces_a_stale_one_at_the_same_event(elasticsearch: str) -> None:
    stale, applied = Counting.document("B/T1", 5), Counting.document("B/T1", 5)
    stale.stale = True
    with dropped_after(elasticsearch, {"stale"}):
        opened = ElasticsearchReadModels.open(elasticsearch, COUNTING, "stale")
        (model,) = models_of("everbook-stale", COUNTING).values()
        connection = Connection(elasticsearch)
        bulk = Bulk(connection)
        assert [bulk.send(model.entries([each], 1)) for each in (stale, applied, stale, applied)] == [0, 0, 1, 1]
        assert opened.get_many("counting", ["B/T1"]) == {"B/T1": applied}
        for each in (bulk, connection, opened):
            each.close()


def test_models_that_were_left_apart_stand_where_the_last_one_does(elasticsearch: str) -> None:
    family = (Counting(), Doubling())
    names = [each.name for each in family]
    with dropped_after(elasticsearch, {"apart"}):
        store = ElasticsearchReadModels.open(elasticsearch, family, "apart")
        store.write("ledger-0", {}, expected=0, reflected=5, models=["counting"], leaf=b"five")
        assert store.places(names, "ledger-0") == {0, 5}
        store.write("ledger-0", {}, expected=0, reflected=3, models=["doubling"], leaf=b"three")
        assert store.places(names, "ledger-0") == {3}
        assert store.heads(["ledger-0"]) == {("ledger-0", 5, b"five"), ("ledger-0", 3, b"three")}
        store.write("ledger-0", {}, expected=3, reflected=4, models=names, leaf=b"four")
        assert [store.reflected(name, "ledger-0") for name in names] == [5, 4]
        store.close()


def test_indices_of_an_earlier_version_are_gone_on_with_and_mended(elasticsearch: str) -> None:
    projections = (counting, _) = Counting(), Doubling()
    logs = logs_in_memory()
    send(logs, booking("T7"), AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    with dropped_after(elasticsearch, {logs.ledger_id}), Elasticsearch(elasticsearch) as client:
        store = ElasticsearchReadModels.open(elasticsearch, projections, logs.ledger_id)
        catch_up(logs, store, projections)
        for name in ("counting", "doubling"):
            index = store.models[name].index(1)
            kept = client.get(index=index, id="!reflects/ledger-0").body["_source"]
            place = kept["visible"]
            earlier = {field: kept[field] for field in ("reflects", "visible", "leaf")}
            client.index(index=index, id="!reflects/ledger-0", document=earlier, version=place, version_type="external")
        send(logs, booking("T8"))
        catch_up(logs, store, projections)
        assert store.reflected("counting", "ledger-0") == place + 1
        counting.broken = False
        assert {each.error for each in retry(logs.recorders, store, projections)} == {""}
        require_equal_to_rebuild(logs, store, projections)
        store.close()


def test_what_is_reflected_is_known_before_any_search_sees_it(
    store: ElasticsearchReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("ledger-0", {}, expected=0, reflected=5, models=["counting"], leaf=b"five")

    def refreshed(_indices: Iterable[str]) -> None:
        pytest.fail("every model was refreshed for it")

    monkeypatch.setattr(store.generations, "refresh", refreshed)
    assert store.heads(["ledger-0", "ledger-1"]) == {("ledger-0", 5, b"five")}
    assert store.heads(["ledger-1"]) == set()


def test_only_models_that_changed_or_that_another_may_have_left_are_refreshed(
    elasticsearch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = (Counting(), Doubling())
    names = [each.name for each in family]
    with dropped_after(elasticsearch, {"changed"}):
        store = ElasticsearchReadModels.open(elasticsearch, family, "changed")
        refreshed: list[list[str]] = []
        refresh = store.generations.refresh

        def told(indices: Iterable[str]) -> None:
            written = list(indices)
            refreshed.append([name for name in names if any(name in index for index in written)])
            if len(refreshed) == 4:
                raise OperationalError("away")
            refresh(written)

        monkeypatch.setattr(store.generations, "refresh", told)

        def write(sequence: int, *changed: str, ahead: str = "") -> None:
            documents = {name: {"B/T1": Counting.document("B/T1", sequence)} for name in changed}
            changes = {**documents, ahead: {}} if ahead else documents
            store.write("ledger-0", changes, expected=sequence - 1, reflected=sequence, models=names)

        write(1, "counting")
        write(2)
        store.places(names, "ledger-0")
        write(3)
        write(4, ahead="doubling")
        with pytest.raises(OperationalError):
            write(5, "counting")
        write(5)
        assert refreshed == [["counting"], names, ["doubling"], ["counting"], ["counting"]]
        store.close()


def test_a_search_by_another_thread_while_documents_are_written_hides_none(
    store: ElasticsearchReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store._bulk.write

    def searched_before(entries: Sequence[Any]) -> None:
        with ThreadPoolExecutor(1) as other:
            assert other.submit(store.scan, DEAD_LETTERS, "").result() == []
        write(entries)

    monkeypatch.setattr(store._bulk, "write", searched_before)
    put(store, Counting.document("B/T1", 5))
    assert [each.id for each in store.scan("counting", "")] == ["B/T1"]


def test_ledgers_on_one_cluster_do_not_see_each_other(elasticsearch: str) -> None:
    with dropped_after(elasticsearch, {"mine", "other"}):
        mine, other = (ElasticsearchReadModels.open(elasticsearch, COUNTING, name) for name in ("mine", "other"))
        put(mine, Counting.document("B/T1", 5))
        assert (other.scan("counting", ""), other.heads(["ledger-0"])) == ([], set())
        assert other.reflected("counting", "ledger-0") == 0
        other.clear(["counting"])
        assert [each.id for each in mine.scan("counting", "")] == ["B/T1"]
        for each in (mine, other):
            each.close()


def test_what_is_written_while_another_thread_lets_searches_see_is_seen_by_the_next(
    store: ElasticsearchReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = store.beside(COUNTING)
    refresh = built.generations.refresh

    def refresh_then_be_slow(indices: Iterable[str]) -> None:
        refresh(indices)
        monkeypatch.undo()
        put(built, Counting.document("B/T1", 5))

    monkeypatch.setattr(built.generations, "refresh", refresh_then_be_slow)
    assert built.scan(DEAD_LETTERS, "") == []
    assert [each.id for each in built.scan("counting", "")] == ["B/T1"]
    built.drop()


def test_large_documents_go_in_several_bodies(
    store: ElasticsearchReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 5_000
    monkeypatch.setattr(infra.elasticsearch.bulk, "BYTES_AT_ONCE", most)
    many = {f"B/{place}": Counting.document(f"B/{place}", place) for place in range(100)}
    sent: list[int] = []
    send = Connection.send

    def measured(self: Connection, method: str, path: str, body: bytes | None = None, **options: Any) -> bytes:
        sent.append(len(body or b""))
        return send(self, method, path, body, **options)

    monkeypatch.setattr(Connection, "send", measured)
    store.write("ledger-0", {"counting": many}, expected=0, reflected=100, models=["counting"])
    assert len([size for size in sent if size > most // 3]) > 3
    assert max(sent) <= most
    assert {each.id: each for each in store.scan("counting", "")} == many


def test_readers_see_whole_generations_while_others_are_built_and_swapped_in(elasticsearch: str) -> None:
    logs = logs_in_memory()
    for number in range(1_200):
        send(logs, booking(f"T{number:04d}"))
    last = logs.recorders["ledger-0"].max_notification_id()
    stop = threading.Event()
    with dropped_after(elasticsearch, {logs.ledger_id}):
        store = ElasticsearchReadModels.open(elasticsearch, EXPOSURE, logs.ledger_id)
        catch_up(logs, store, EXPOSURE)
        with ThreadPoolExecutor(2) as readers:
            read = [readers.submit(_read_until, stop, store, last or 0) for _ in range(2)]
            for _ in range(3):
                assert all(before == after for before, after in rebuild(logs.recorders, store, EXPOSURE).values())
            stop.set()
            rounds = [each.result() for each in read]
        assert min(rounds) > 3
        with Elasticsearch(elasticsearch) as client:
            found = client.indices.get_alias(index=f"everbook-{logs.ledger_id}-*").body
        assert sorted(index[-2:] for index in found) == ["g4", "g4"]
        store.close()


def _read_until(stop: threading.Event, store: ElasticsearchReadModels, last: int) -> int:
    rounds = 0
    while not stop.is_set():
        assert len(store.scan("trades", "EQ-1/")) == 1_200
        (exposure,) = store.select("exposure", where={"book": "EQ-1"})
        assert (exposure.sequence, store.reflected("exposure", "ledger-0")) == (last, last)
        assert len(store.get_many("trades", ["EQ-1/T0000", "EQ-1/T1199"])) == 2
        rounds += 1
    return rounds


class Cramped(infra.cluster.elasticsearch.Elasticsearch):
    """One thread writes, and one piece of work may wait for it."""

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        super().configure(home, ports)
        with (home / "config" / "elasticsearch.yml").open("a") as settings:
            settings.write("node.processors: 1\nthread_pool.write.queue_size: 1\n")


def test_what_a_full_queue_refused_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(infra.cluster.cluster.SERVERS, "elasticsearch", Cramped())
    monkeypatch.setattr(infra.cluster.elasticsearch, "HEAP_MB", 512)
    models: Sequence[Projection] = [Counting(f"counting-{number}") for number in range(4)]
    with shared(tmp_path, "elasticsearch") as url:
        store = ElasticsearchReadModels.open(url, models, "cramped")
        with ThreadPoolExecutor(4) as writers:
            list(writers.map(lambda each: _write_in_turn(store, each.name), models))
        for model in models:
            assert len(store.scan(model.name, "")) == 1_000
            assert store.reflected(model.name, "ledger-0") == 1_000
        store.close()
        with Elasticsearch(url) as client:
            (node,) = client.nodes.stats(metric="thread_pool").body["nodes"].values()
        assert node["thread_pool"]["write"]["rejected"] > 0


def _write_in_turn(store: ElasticsearchReadModels, model: str) -> None:
    for first in range(0, 1_000, 100):
        places = range(first + 1, first + 101)
        documents = {f"B/{place:04d}": Counting.document(f"B/{place:04d}", place) for place in places}
        store.write("ledger-0", {model: documents}, expected=first, reflected=first + 100, models=[model])


class Wrong(Counter, kw_only=True):
    owner: str = "x"


class Widened(Counting):
    """Says that it is kept by what its index was not made for."""

    columns = ("owner",)
    document_type = Wrong


def test_errors_come_out_in_the_librarys_words(elasticsearch: str, store: ElasticsearchReadModels) -> None:
    with pytest.raises(OperationalError):
        ElasticsearchReadModels.open("http://127.0.0.1:1", COUNTING, "nowhere")
    (model,) = models_of("everbook-nobody", [Widened()]).values()
    connection = Connection(elasticsearch)
    bulk = Bulk(connection)
    with pytest.raises(ReadModelsMoved, match="everbook-nobody-counting-v1-g1-written"):
        bulk.write(model.entries([Wrong(id="B/T1")], 1))
    (model,) = models_of(f"everbook-{store.ledger_id}", [Widened()]).values()
    with pytest.raises(DataError, match="owner"):
        bulk.write(model.entries([Wrong(id="B/T1")], 1))
    with pytest.raises(DataError):
        connection.send("POST", "/_bulk", encoded([]), content="application/x-ndjson")
    bulk.close()
    connection.close()


@pytest.mark.parametrize(("given", "sent"), [
    ({"api_key": "abc="}, "ApiKey abc="), ({"basic_auth": ("anna", "secret")}, "Basic YW5uYTpzZWNyZXQ="), ({}, None)
])
def test_credentials_go_with_every_request(elasticsearch: str, given: Any, sent: str | None) -> None:
    seen: list[str | None] = []

    class Overheard(Transport):
        def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
            seen.append(options["headers"].get("authorization"))
            return super().perform_request(method, target, **options)

    connection = Connection(elasticsearch, transport_class=Overheard, **given)
    connection.administer(lambda client: client.info())
    connection.send("GET", "/")
    connection.close()
    assert seen == [sent, sent]
