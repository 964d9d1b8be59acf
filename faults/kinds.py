"""Every kind of fault, and how large its share is."""

from collections.abc import Callable

import msgspec

from faults import kills, network, overload, restore, servers, topics
from faults.rig import Rig


class Fault(msgspec.Struct, frozen=True):
    """``act`` does it and says to whom; ``server``: it needs servers that nobody else uses."""

    name: str
    share: int
    act: Callable[[Rig], str]
    server: bool = False
    reflects: bool = False  # the read models are to have caught up before the next


FAULTS = (
    Fault("API killed", 18, kills.api_killed),
    Fault("owner killed", 12, kills.owner_killed),
    Fault("worker killed", 14, kills.worker_killed),
    Fault("zombie owner", 6, kills.owner_zombie),
    Fault("zombie worker", 6, kills.worker_zombie),
    Fault("lost reply", 26, network.reply_lost),
    Fault("commands topic anew", 3, topics.commands_topic_anew),
    Fault("events topic anew", 3, topics.events_topic_anew, reflects=True),
    Fault("Kafka killed", 2, servers.kafka_killed, server=True, reflects=True),
    Fault("HBase killed", 2, servers.hbase_killed, server=True, reflects=True),
    Fault("Elasticsearch killed", 2, servers.elasticsearch_killed, server=True, reflects=True),
    Fault("full bulk queue", 6, overload.bulk_queue_full, server=True, reflects=True),
    Fault("events' tail lost", 2, servers.events_tail_lost, server=True, reflects=True),
    Fault("log restored", 1, restore.log_restored, server=True, reflects=True),
)
