"""How long what is open has been due: reckoned when read, by the business day that it is read on."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from domain.business_days import DAY, WEEKENDS_ONLY, Calendar
from projections.reference import ReferenceEntry
from projections.settlements import Settlement

Bucket = Literal["not-due", "1-4", "5-7", "8-20", "over-20"]
_BUCKETS: tuple[tuple[int, Bucket], ...] = ((0, "not-due"), (4, "1-4"), (7, "5-7"), (20, "8-20"))
"""Four and seven business days are what is left before a buy-in of liquid and of other securities."""
AGED = ("calendars", "instruments", "dates")
"""The kinds of reference data that ageing takes."""


class Calendars:
    """The calendars of instruments and currencies, as they are now."""

    def __init__(self, entries: Iterable[ReferenceEntry]) -> None:
        self._calendars: dict[str, Calendar] = {}
        self._instruments: dict[str, str] = {}
        for entry in entries:
            content = entry.content
            if entry.kind == "calendars":
                holidays = frozenset(date.fromisoformat(day) for day in content["holidays"])
                self._calendars[content["calendar"]] = Calendar(frozenset(content["weekend"]), holidays)
            elif entry.kind == "instruments":
                self._instruments[content["instrument"]] = content["calendar"]

    def of(self, settlement: Settlement) -> Calendar:
        """That of the instrument, else that of the currency, else weekends only."""
        name = self._instruments.get(settlement.instrument, settlement.currency)
        return self._calendars.get(name, WEEKENDS_ONLY)


def business_days_open(settlement: Settlement, today: date | None, calendars: Calendars) -> int:
    """The business days after the one on which it was due, up to and including ``today``; 0 for what is not open."""
    if today is None or not settlement.is_open:
        return 0
    calendar, count, day = calendars.of(settlement), 0, settlement.due_on
    while day < today:
        day += DAY
        count += calendar.is_open(day)
    return count


def business_date(entries: Iterable[ReferenceEntry]) -> date | None:
    """The one that the reference data tells."""
    found = next((entry for entry in entries if entry.kind == "dates"), None)
    return date.fromisoformat(found.content["business_date"]) if found else None


def bucket_of(days: int) -> Bucket:
    return next((bucket for most, bucket in _BUCKETS if days <= most), "over-20")
