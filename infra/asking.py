"""Questions to the stores that are answered in time, or not at all: who asks whether all is well cannot wait."""

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TypeVar

from eventsourcing.persistence import PersistenceError

from domain.ports import DoesNotAnswer

ANSWER_SECONDS = 3.0
T = TypeVar("T")


class Questions:
    """Asks each store one question at a time: however often it is asked while it is away, one thread waits for it."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self.seconds = seconds
        self._asked: defaultdict[str, Lock] = defaultdict(Lock)

    def ask(self, store: str, question: Callable[[], T]) -> T:
        """What ``question`` gives.

        Raises:
            DoesNotAnswer: when the store fails, or does not answer in time.
        """
        deadline, asked = time.monotonic() + self.seconds, self._asked[store]
        if not asked.acquire(timeout=self.seconds):
            raise DoesNotAnswer(f"did not answer within {self.seconds:g} seconds")
        promise: Future[T] = Future()
        try:
            Thread(target=_answer, args=(asked, promise, question), name=f"asks-{store}", daemon=True).start()
        except RuntimeError as error:
            asked.release()
            raise DoesNotAnswer("cannot be asked: there is no room for another thread") from error
        try:
            return promise.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            raise DoesNotAnswer(f"did not answer within {self.seconds:g} seconds") from error
        except PersistenceError as error:
            raise DoesNotAnswer("fails") from error


def _answer(asked: Lock, promise: Future[T], question: Callable[[], T]) -> None:
    try:
        promise.set_result(question())
    except Exception as error:  # noqa: BLE001
        # It is raised where it was asked.
        promise.set_exception(error)
    finally:
        asked.release()
