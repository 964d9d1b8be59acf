"""Real servers on this machine: Kafka, HBase and Elasticsearch, for who has no cluster."""

from infra.cluster.cluster import SERVERS, VARIABLES, Cluster, Status
from infra.cluster.failures import ClusterFailed, Missing
from infra.cluster.starting import Stage

__all__ = ["SERVERS", "VARIABLES", "Cluster", "ClusterFailed", "Missing", "Stage", "Status"]
