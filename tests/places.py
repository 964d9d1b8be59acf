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
        self.kafka, self.hbase, self.elasticsearch = kafka, hbase, elasticsearch
        self._admin = AdminClient({"bootstrap.servers": kafka})

    def named(self, beginning: str) -> list[str]:
        """The topics, consumer groups, tables and indices whose names begin so."""
        topics = self._admin.list_topics(timeout=ANSWER_SECONDS).topics
        groups = self._admin.list_consumer_groups().result(ANSWER_SECONDS).valid
        found = [*topics, *(each.group_id for each in groups), *self._tables(), *self._indices()]
        return sorted(name for name in found if name.startswith(beginning))

    def _tables(self) -> list[str]:
        address = urlsplit(self.hbase)
        connection: Any = import_module("happybase").Connection(address.hostname, port=address.port)
        try:
            return [name.decode() for name in connection.tables()]
        finally:
            connection.close()

    def _indices(self) -> list[str]:
        with Elasticsearch(self.elasticsearch) as client:
            return list(client.indices.get_alias(index="*").body)
