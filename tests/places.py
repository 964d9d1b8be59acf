"""What there is on real servers, by name."""

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch

ANSWER_SECONDS = 30


class Servers:
    """Kafka, HBase and Elasticsearch, as others than Everbook see them."""

    def __init__(self, kafka: str, hbase: str, elasticsearch: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": kafka})
        self._hbase = urlsplit(hbase)
        self._elasticsearch = elasticsearch

    def named(self, beginning: str) -> list[str]:
        """The topics, consumer groups, tables and indices whose names begin so."""
        topics = self._admin.list_topics(timeout=ANSWER_SECONDS).topics
        groups = self._admin.list_consumer_groups().result(ANSWER_SECONDS).valid
        found = [*topics, *(each.group_id for each in groups), *self._tables(), *self._indices()]
        return sorted(name for name in found if name.startswith(beginning))

    def _tables(self) -> list[str]:
        connection: Any = import_module("happybase").Connection(self._hbase.hostname, port=self._hbase.port)
        try:
            return [name.decode() for name in connection.tables()]
        finally:
            connection.close()

    def _indices(self) -> list[str]:
        with Elasticsearch(self._elasticsearch) as client:
            return list(client.indices.get_alias(index="*").body)
