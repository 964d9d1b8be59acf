"""A way to a real server that breaks off at a call of one's choice, as a killed process does, or is held up there."""

import threading
from collections.abc import Callable
from typing import Any, Literal, NoReturn

from elastic_transport import Transport, TransportApiResponse

How = Literal["before", "within", "after"]


class Killed(BaseException):
    """The process is no more: it makes no further call."""


class Way:
    """Counts calls from ``begin`` on, each or those that write; number ``last`` is the last one: ``before`` it is sent,
    ``within`` a bulk of which half arrives, or ``after`` it took effect and before the answer is heard.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.last: int | None = None
        self.how: How = "before"
        self.held = threading.Event()
        self.go_on = threading.Event()
        self.hold_at: int | None = None
        self._lock = threading.Lock()

    def begin(self, last: int | None = None, how: How = "before", hold_at: int | None = None) -> None:
        """Lets all through from now on, but for what is said."""
        self.calls, self.last, self.how, self.hold_at = 0, last, how, hold_at
        self.held.clear()
        self.go_on.clear()

    def transport(self) -> type[Transport]:
        way = self

        class Interrupted(Transport):
            def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
                return way.call(super().perform_request, method, target, options)

        return Interrupted

    def call(self, send: Callable[..., Any], method: str, target: str, options: dict[str, Any]) -> TransportApiResponse:
        with self._lock:
            self.calls += self.hold_at is not None or "_bulk" in target or "_refresh" in target
            number = self.calls
        if number == self.hold_at and not self.held.is_set():
            self.held.set()
            self.go_on.wait(60)
        if self.last is not None and number >= self.last:
            self._die(send, method, target, options, at_once=number > self.last)
        answer: TransportApiResponse = send(method, target, **options)
        return answer

    def _die(
        self, send: Callable[..., Any], method: str, target: str, options: dict[str, Any], *, at_once: bool
    ) -> NoReturn:
        if not at_once and self.how != "before":
            if self.how == "within" and "_bulk" in target:
                options = {**options, "body": first_half(options["body"])}
            send(method, target, **options)
        raise Killed


def first_half(body: bytes) -> bytes:
    """The first half of the entries of a bulk body."""
    lines = body.splitlines(keepends=True)
    return b"".join(lines[: 2 * max(1, len(lines) // 4)])
