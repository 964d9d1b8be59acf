"""What can be set, by ``EVERBOOK_…`` environment variables."""

import math
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from infra.kafka.settings import KafkaSettings
from infra.store_settings import PREFIX, BadSetting, variable

__all__ = ["BadSetting", "Settings", "settings_from"]
LAST_PORT = 65_535
OF_OTHERS = frozenset({"EVERBOOK_CLUSTER_CACHE", "EVERBOOK_JAVA_17", "EVERBOOK_JAVA_21"})
"""What ``infra.cluster`` reads, to start servers on this machine."""


MAY_BE_ZERO = frozenset({"elasticsearch_replicas"})


class Settings(KafkaSettings, frozen=True, kw_only=True):
    """``ledgers`` is the number of ledger logs, fixed when the ledger is created (1 when not set then).

    ``batch_limit`` bounds the commands of one commit, ``queue_limit`` those that wait. ``lag_seconds`` is how far the
    read models may be behind before ``/readyz`` says so. After ``snapshot_events`` events the state of a log is kept.
    """

    data: Path = Path("everbook-data")
    database_url: str = ""
    read_database_url: str = ""
    ledgers: int | None = None
    host: str = "127.0.0.1"
    port: int = 8321
    pepper: str = ""
    checkpoint_key: str = ""
    batch_limit: int = 1_000
    queue_limit: int = 20_000
    answer_seconds: float = 30.0
    lag_seconds: float = 30.0
    snapshot_events: int = 20_000

    @property
    def events_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'events.db'}"

    @property
    def read_models_url(self) -> str:
        return self.read_database_url or f"sqlite:///{self.data / 'read-models.db'}"


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment.

    Raises:
        BadSetting: naming the variable.
    """
    known = {variable(name): name for name in Settings.__struct_fields__}
    given = {
        name: value for name, value in environment.items()
        if name.startswith(PREFIX) and "_TEST_" not in name and name not in OF_OTHERS
    }
    for name in given:
        if name not in known:
            nearest = get_close_matches(name.removeprefix(PREFIX).lower(), known.values(), 1)
            hint = f"; did you mean {variable(nearest[0])}?" if nearest else ""
            raise BadSetting(f"{name} is no setting{hint}")
    settings = Settings()
    for name, value in given.items():
        settings = _with(settings, known[name], value)
    return settings


def _with(settings: Settings, field: str, value: str) -> Settings:
    kinds = {item.name: item.type for item in msgspec.structs.fields(Settings)}
    try:
        converted = Path(value) if field == "data" else msgspec.convert(value, kinds[field], strict=False)
    except msgspec.ValidationError as error:
        raise BadSetting(f"{variable(field)}={value!r}: {error}") from error
    if field == "data" and not value:
        raise BadSetting(f"{variable(field)} is empty: name the data folder, or unset it")
    if field == "port" and isinstance(converted, int) and converted > LAST_PORT:
        raise BadSetting(f"{variable(field)}={value!r} must be at most {LAST_PORT}")
    is_zero = converted == 0 and field in MAY_BE_ZERO
    if isinstance(converted, int | float) and not (is_zero or 0 < converted < math.inf):
        raise BadSetting(f"{variable(field)}={value!r} must be above zero, and finite")
    return msgspec.structs.replace(settings, **{field: converted})
