"""Everything of one ledger, gone from the servers of a cluster."""

from typing import Any

from confluent_kafka import KafkaException

from infra.cluster_everbook import ClusterEverbook
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.everbook import factory_of
from infra.hbase.tables import drop_tables
from infra.kafka.connection import connection_of
from infra.kafka.topics import Topics, delete_topics
from infra.settings import Settings


def remove_ledger(settings: Settings) -> None:
    """Removes the indices, topics and tables of the ledger that is set. Its processes must have ended.

    Raises:
        KafkaFails, PersistenceError: when a server does not do so. The others have, unless HBase or Elasticsearch was
            away at the start: then all is left.
    """
    with ClusterEverbook(settings) as opened:
        ledgers, read_models = opened.logs.ledgers, opened.read_models
        assert isinstance(read_models, ElasticsearchReadModels)
        read_models.remove()
    connection = connection_of(settings)
    try:
        delete_topics(connection.admin(), Topics(settings.kafka_prefix, ledgers))
    except KafkaException as error:
        raise connection.failure(error) from error
    finally:
        factory: Any = factory_of("reference", settings, create=False)
        try:
            drop_tables(factory.connections)
        finally:
            factory.close()
