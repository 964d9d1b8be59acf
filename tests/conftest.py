"""Fixtures that any test may ask for."""

from tests.servers import cluster_folder, elasticsearch, hbase, kafka

__all__ = ["cluster_folder", "elasticsearch", "hbase", "kafka"]
