"""A persistence module of the ``eventsourcing`` library on HBase, through its Thrift server."""

from infra.hbase.factory import HBaseFactory

__all__ = ["HBaseFactory"]
