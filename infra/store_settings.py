"""What can be set of the stores of a cluster, by ``EVERBOOK_HBASE_…`` and ``EVERBOOK_ELASTICSEARCH_…``.

Each struct adds to the one before it, for a struct has one parent alone.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

PREFIX = "EVERBOOK_"


class BadSetting(Exception):
    """A setting that is unknown or makes no sense; the message names it."""


class HBaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``hbase_url`` begins with ``hbase:``, or with ``hbases:`` where the Thrift server is behind TLS. The user's name
    and password go with each request of the ``http`` transport; the others have no place for them.
    """

    hbase_url: str = ""
    hbase_transport: Literal["buffered", "framed", "http"] = "buffered"
    hbase_protocol: Literal["binary", "compact"] = "binary"
    hbase_ca_file: str = ""
    hbase_certificate_file: str = ""
    hbase_key_file: str = ""
    hbase_key_password: str = ""
    hbase_username: str = ""
    hbase_password: str = ""


class ElasticsearchSettings(HBaseSettings, frozen=True, kw_only=True):
    """With ``elasticsearch_url`` (several by commas) the read models are there and not in a database.

    An API key, or a user's name and password. ``elasticsearch_shards`` and ``elasticsearch_replicas`` are those of
    indices that are made.
    """

    elasticsearch_url: str = ""
    elasticsearch_ca_file: str = ""
    elasticsearch_certificate_file: str = ""
    elasticsearch_key_file: str = ""
    elasticsearch_key_password: str = ""
    elasticsearch_api_key: str = ""
    elasticsearch_username: str = ""
    elasticsearch_password: str = ""
    elasticsearch_shards: int = 1
    elasticsearch_replicas: int = 0


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def hbase_environment(settings: HBaseSettings) -> Mapping[str, str]:
    """The settings of HBase as the environment of a persistence module."""
    return {variable(name): getattr(settings, name) for name in HBaseSettings.__struct_fields__}


def hbase_settings_of(get: Callable[[str], str | None]) -> HBaseSettings:
    """The settings of HBase out of such an environment.

    Raises:
        BadSetting: naming the variable.
    """
    given = {name: value for name in HBaseSettings.__struct_fields__ if (value := get(variable(name)))}
    try:
        return msgspec.convert(given, HBaseSettings)
    except msgspec.ValidationError as error:
        raise BadSetting(f"{PREFIX}HBASE_…: {error}") from error
