"""The owner of a log, against a loop that does the same puts and publishes the same records from prebuilt bytes."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic

from api.cli.worker_process import worker_process
from benchmarks.measure import Figure, timed
from domain.outcomes import Submission
from infra.cluster_everbook import ClusterEverbook
from infra.hbase.address import address_of
from infra.hbase.cells import LogCell
from infra.hbase.connections import Connections
from infra.hbase.index import IndexTable
from infra.hbase.log_table import COLUMN, LogTable
from infra.hbase.tables import INDEX, LOG, create_missing, drop_tables
from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection, connection_of
from infra.kafka.published import LEDGER, SEQUENCE, TYPE, VERSION
from infra.kafka.published import LOG as OF_LOG
from infra.kafka.records import Headers, Return, Seal, encode
from infra.kafka.sender import Sender
from infra.kafka.topics import Topics
from infra.settings import Settings

# Made by what infra.hbase imports.
from Hbase_thrift import BatchMutation, Mutation  # isort: skip

NAME = "ledger-0"
LOOK_SECONDS = 0.02
LONGEST_SECONDS = 600.0
# Servers that have just started have compiled nothing: what they do first is not looked at.
WARM_UP = 1
FLUSH_SECONDS = 60.0
Record = tuple[bytes, str, Headers]


def figures(
    opened: ClusterEverbook, settings: Settings, load: Iterator[Submission], trades: int
) -> list[Figure]:
    """Commands a second that are decided, durable and published, of those that wait in the topic."""
    for _ in range(1 + WARM_UP):
        before = opened.recorder(NAME).max_notification_id() or 0
        _send(opened, settings, list(islice(load, trades)))
        per_second = _published(opened, settings, trades)
        recorder: Any = opened.recorder(NAME)
        cells = list(LogTable(recorder.connections, NAME).commits(before + 1, sys.maxsize))
        assert cells[-1].tree_size == before + trades
        bare = _bare(settings, opened.ledger_id, cells)
    return [
        Figure("the same puts and records, prebuilt, in a loop", bare, "commands/s"),
        Figure("ledger owner, from commands to durable and published", per_second, "commands/s",
               f"{per_second / bare:.2f} x the loop, {trades / len(cells):,.0f} commands a commit"),
    ]


def _send(opened: ClusterEverbook, settings: Settings, submissions: Sequence[Submission]) -> None:
    """As the gate of another process would, but for its waiting for outcomes."""
    topics = Topics(settings.kafka_prefix, opened.logs.ledgers)
    seal, seen = Seal(settings.pepper, opened.ledger_id), opened.logs.reference_ledger.sequence
    sender = Sender(connection_of(settings), {"linger.ms": 5})
    for number, each in enumerate(submissions):
        back = Return(0, "bench", number)
        value, headers = encode(seal, [each], atomic=False, dry_run=False, seen=seen, back=back)
        sender.send(topics.commands, topics.partition_of(NAME), value, headers=headers)
        sender.poll()
    sender.flush(FLUSH_SECONDS)
    sender.close(FLUSH_SECONDS)


def _published(opened: ClusterEverbook, settings: Settings, trades: int) -> float:
    """From the first events that the topic has to the last: the start of the process is not measured."""
    topic, partition = Topics(settings.kafka_prefix, opened.logs.ledgers).events_of(NAME)
    consumer = connection_of(settings).consumer("benchmark", {})
    begun = bounds_of(consumer, topic, partition)[1]
    deadline = time.monotonic() + LONGEST_SECONDS
    first, started = 0, 0.0
    with worker_process(settings, "ledger"):
        while (now := bounds_of(consumer, topic, partition)[1] - begun) < trades:
            if now and not first:
                first, started = now, time.perf_counter()
            assert time.monotonic() < deadline, f"{now} of {trades} were published"
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - started
    consumer.close()
    return (trades - first) / seconds


def _bare(settings: Settings, ledger_id: str, cells: Sequence[LogCell]) -> float:
    """The drivers alone: one conditional put, one page of rows, and the records of every commit."""
    with _tables(settings) as connections, _topic(connection_of(settings), settings) as (producer, topic):
        index = IndexTable(connections, NAME)
        commits = [(_row(cell), cell.encoded(), list(index.batches(cell)), _records(ledger_id, cell)) for cell in cells]
        with timed() as watch:
            for row, value, rows, records in commits:
                connections.call(partial(_put, connections, row, value, rows))
                for state, key, headers in records:
                    producer.produce(topic, state, key, 0, headers=headers)
                producer.poll(0)
            producer.flush(FLUSH_SECONDS)
    return sum(len(cell.states) for cell in cells) / watch.seconds


def _put(connections: Connections, row: bytes, value: bytes, rows: Sequence[BatchMutation], client: Any) -> None:
    table = connections.address.table
    assert client.checkAndPut(table(LOG), row, COLUMN, None, Mutation(column=COLUMN, value=value), {})
    client.mutateRows(table(INDEX), rows, {})


def _row(cell: LogCell) -> bytes:
    return NAME.encode() + cell.first_sequence.to_bytes(8)


def _records(ledger_id: str, cell: LogCell) -> list[Record]:
    of_all: Headers = [(LEDGER, ledger_id.encode()), (OF_LOG, NAME.encode())]
    return [
        (state, stream, [*of_all, (SEQUENCE, b"%d" % sequence), (TYPE, topic.encode()), (VERSION, b"%d" % version)])
        for sequence, (state, stream, topic, version) in enumerate(
            zip(cell.states, cell.streams, cell.topics, cell.versions, strict=True), cell.first_sequence
        )
    ]


@contextmanager
def _tables(settings: Settings) -> Iterator[Connections]:
    connections = Connections(address_of(settings.hbase_url + "-bare"))
    create_missing(connections, (LOG, INDEX))
    try:
        yield connections
    finally:
        drop_tables(connections, (LOG, INDEX))
        connections.close()


@contextmanager
def _topic(connection: Connection, settings: Settings) -> Iterator[tuple[Producer, str]]:
    name, admin = f"{settings.kafka_prefix}.bare", connection.admin()
    admin.create_topics([NewTopic(name, 1, settings.kafka_replication or -1)])[name].result(FLUSH_SECONDS)
    producer = connection.producer({"linger.ms": 2, "queue.buffering.max.messages": 1_000_000})
    try:
        yield producer, name
    finally:
        admin.delete_topics([name])[name].result(FLUSH_SECONDS)
