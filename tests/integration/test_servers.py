"""The servers that tests share are the real ones, and do what the code built on them rests on."""

from importlib import import_module
from urllib.parse import urlsplit

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from elasticsearch import Elasticsearch


def test_kafka_gives_back_what_was_published(kafka: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic("servers-test", 1, 1)])["servers-test"].result(30)
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    producer.produce("servers-test", b"published")
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "servers-test", "auto.offset.reset": "earliest"})
    consumer.subscribe(["servers-test"])
    try:
        message = consumer.poll(30)
        assert message is not None
        assert message.value() == b"published"
    finally:
        consumer.close()


def test_hbase_puts_only_where_nothing_is(hbase: str) -> None:
    happybase = import_module("happybase")
    mutation = import_module("Hbase_thrift").Mutation
    address = urlsplit(hbase)
    connection = happybase.Connection(address.hostname, port=address.port)
    try:
        connection.create_table("servers-test", {"f": {"max_versions": 1}})
        put = connection.client.checkAndPut
        assert put(b"servers-test", b"row", b"f:c", None, mutation(column=b"f:c", value=b"first"), {})
        assert not put(b"servers-test", b"row", b"f:c", None, mutation(column=b"f:c", value=b"second"), {})
        assert connection.table("servers-test").row(b"row") == {b"f:c": b"first"}
    finally:
        connection.close()


def test_elasticsearch_refuses_a_version_that_is_stale(elasticsearch: str) -> None:
    with Elasticsearch(elasticsearch) as client:
        assert client.info()["version"]["number"] == "9.5.3"
        index = client.options(ignore_status=409).index
        written = [
            index(index="servers-test", id="1", document={"n": n}, version=n, version_type="external") for n in (5, 4)
        ]
        assert [answer.meta.status for answer in written] == [201, 409]
        assert client.get(index="servers-test", id="1")["_source"] == {"n": 5}
