"""What every route works with, hung on the app."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from fastapi import Request
from prometheus_client import CollectorRegistry

from api.answers import Answers
from api.metrics import Metrics
from api.ports import Gate, Logs, Questions, Reads
from domain.tree import LogTree
from projections.lag import Unreflected


def _never() -> bool:
    return False


class Services(msgspec.Struct, kw_only=True):
    """``lag_seconds`` is how far the read models may be behind, ``stopping`` says that answers that go on must end;
    ``stores`` tells an operator what keeps the events and the read models, and by which setting it was named.
    """

    gate: Gate
    reads: Reads
    logs: Logs
    questions: Questions
    answer_seconds: float = 30.0
    fresh_seconds: float = 5.0
    lag_seconds: float = 30.0
    stopping: Callable[[], bool] = _never
    stores: Mapping[str, str] = msgspec.field(default_factory=dict)
    registry: CollectorRegistry = msgspec.field(default_factory=CollectorRegistry)
    metrics: Any = None
    trees: dict[str, LogTree] = msgspec.field(default_factory=dict)
    unreflected: dict[str, Unreflected] = msgspec.field(default_factory=dict)
    answers_by_loop: dict[Any, Answers] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.metrics is None:
            self.metrics = Metrics(self.registry)

    @property
    def answers(self) -> Answers:
        """Those of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self.answers_by_loop:
            self.answers_by_loop = {loop: Answers(loop)}
        return self.answers_by_loop[loop]


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found
