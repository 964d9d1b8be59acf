"""What every route works with, hung on the app."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Request
from prometheus_client import CollectorRegistry

from api.metrics import Metrics
from api.ports import Gate, Logs, Reads


def _no_trouble() -> str:
    return ""


class Services(msgspec.Struct, kw_only=True):
    """``trouble`` says what keeps the read models from following, "" when nothing does."""

    gate: Gate
    reads: Reads
    logs: Logs
    answer_seconds: float = 30.0
    fresh_seconds: float = 5.0
    trouble: Callable[[], str] = _no_trouble
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)
    metrics: Any = None

    def __post_init__(self) -> None:
        if self.metrics is None:
            self.metrics = Metrics(self.registry)


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found
