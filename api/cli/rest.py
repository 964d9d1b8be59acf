"""Whether anything is still on its way from one log into another."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.events import TransferEvent, TransferSent
from domain.ports import LogRecorder
from domain.routing import LEDGER, REFERENCE
from domain.schema import decode

LOOK_SECONDS = 0.05
EVENTS_AT_ONCE = 1_000
TRANSFERS = ("transfer.sent.v1", "transfer.received.v1", "transfer.returned.v1")
DATES = "business-date"


class Rest:
    """Logs are at rest when every transfer has arrived, or come back, and every ledger log has the business date of the
    reference log, and with it all that issuers had said by then.
    """

    def __init__(self, recorders: Mapping[str, LogRecorder]) -> None:
        self._recorders = recorders
        self._ledgers = [log for log in recorders if log.startswith(LEDGER)]
        self._places = dict.fromkeys(self._ledgers, 0)
        self._sent: set[str] = set()
        self._ended: set[str] = set()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether they came to rest in time."""
        deadline = time.monotonic() + timeout_seconds
        while not self.is_reached():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def is_reached(self) -> bool:
        for log in self._ledgers:
            self._read(log)
        if self._sent - self._ended:
            return False
        today = self._business_date(REFERENCE)
        return all(self._business_date(log) == today for log in self._ledgers)

    def _read(self, log: str) -> None:
        recorder = self._recorders[log]
        end = recorder.max_notification_id() or 0
        while self._places[log] < end:
            page = recorder.select_notifications(self._places[log] + 1, EVENTS_AT_ONCE, stop=end, topics=TRANSFERS)
            for each in page:
                event = decode(each.topic, each.state)
                assert isinstance(event, TransferEvent)
                (self._sent if isinstance(event, TransferSent) else self._ended).add(event.transfer_id)
            self._places[log] = page[-1].id if len(page) == EVENTS_AT_ONCE else end

    def _business_date(self, log: str) -> date | None:
        found = self._recorders[log].select_events(DATES, desc=True, limit=1)
        event: Any = decode(found[0].topic, found[0].state) if found else None
        return event.business_date if event else None
