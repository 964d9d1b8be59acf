"""Outcomes on their way from the owner's thread to the event loop: many of them with one wake-up."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

from domain.outcomes import Outcome

Promise = Future[Sequence[Outcome]]
Answer = asyncio.Future[Sequence[Outcome]]


class Answers:
    """One for each event loop. The owner keeps its promises in runs, commit by commit: waking the loop for each of them
    would cost more than the commit.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._landed: deque[tuple[Answer, Promise]] = deque()
        self._woken = False

    async def of(self, promise: Promise, within_seconds: float) -> Sequence[Outcome]:
        """What ``promise`` comes to.

        Raises:
            TimeoutError: when it does not in time; it may still be kept.
        """
        answer: Answer = self._loop.create_future()
        promise.add_done_callback(lambda kept: self._land(answer, kept))
        timer = self._loop.call_later(within_seconds, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def _land(self, answer: Answer, promise: Promise) -> None:
        self._landed.append((answer, promise))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        while self._landed:
            answer, promise = self._landed.popleft()
            if answer.done():
                continue
            if promise.cancelled():
                answer.cancel()
            elif error := promise.exception():
                answer.set_exception(error)
            else:
                answer.set_result(promise.result())


def _give_up(answer: Answer) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
