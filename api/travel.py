"""Valid and known times as they are asked for, and what each means of the logs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request

from api import reading
from api.ports import LogRecorder
from api.problems import Problem
from api.replaying import moment
from api.security import books_of, principal_of
from api.services import services
from domain.business_days import EARLIEST, LATEST
from domain.money import exact
from domain.routing import MARKET, REFERENCE, ledger_of
from projections.as_of import Instant
from projections.known import Known, known_by
from projections.positions import Position

NOT_SHOWN = frozenset({"lots", "realised_change", "last_place"})
DAY_LENGTH = len("2026-11-24")
ValidAt = Annotated[str | None, Query(description="As it held then: a time of RFC 3339, or the end (UTC) of a day")]
KnownAt = Annotated[str | None, Query(
    description="As it was known then: a time of RFC 3339, the end of a day, or sequences: ledger-0:17",
)]


class Journey(msgspec.Struct, frozen=True):
    """``valid_at`` is None for ever."""

    valid_at: datetime | None
    known: Known

    def instant(self, log: str) -> Instant:
        """What it means for the movements of one log."""
        return Instant(self.valid_at, self.known.vector.get(log, 0))

    def shown(self) -> dict[str, Any]:
        """What an answer says of it. With ``known_at`` as it is here, the answer never changes."""
        return {"valid_at": self.valid_at, "known_at": self.known.token, "final": self.known.final}


def journey(
    request: Request, books: Sequence[str] | None, valid_at: str | None, known_at: str | None, *,
    model: str = "movements", field: str = "known_at", valid_field: str = "valid_at", marked: bool = False,
) -> Journey:
    """The instant that is asked for, once ``model`` reflects it; where no known time is said, what it reflects now.
    What is to be ``marked`` takes in what was known of the market.

    Raises:
        Problem: 503 when it does not in time; 422 for what is no time and no vector of these logs.
    """
    valid = time_of(valid_at, valid_field)
    models = (model, "quotes") if marked else (model,)
    reading.fresh(request, *models)
    having = services(request)
    recorders = recorders_of({log: having.logs.recorder(log) for log in having.logs.names()}, books, marked=marked)
    if known_at is None:
        reflected = {log: min(having.reads.reflected(each, log) for each in models) for log in recorders}
        return Journey(valid, Known(reflected, final=True))
    known = known_of(known_at, recorders, having.logs.names(), field)
    if not having.reads.wait(models, known.vector, having.fresh_seconds):
        raise Problem(
            503, "not-yet-visible", f"the read models do not reflect {known.token} yet", field,
            headers={"Retry-After": "1"},
        )
    return Journey(valid, known)


def require_order(first: Journey, last: Journey, later: str) -> None:
    """Whether the first instant lies before the last: in the world, and in what was known then, for which the last has
    the parameter ``later``.

    Raises:
        Problem: naming the parameter of the first.
    """
    if any(sequence > last.known.vector[log] for log, sequence in first.known.vector.items()):
        raise Problem(422, "bad-parameter", f"known_from lies after {later}", "known_from")
    if first.valid_at is not None and last.valid_at is not None and first.valid_at > last.valid_at:
        raise Problem(422, "bad-parameter", "from lies after to", "from")


def position_shown(found: Position) -> dict[str, Any]:
    """A position as it is answered, without its lots."""
    with exact():
        fields = reading.shown(found, "in_flight")
    return {name: value for name, value in fields.items() if name not in NOT_SHOWN}


def asked_books(request: Request, book: str | None) -> Sequence[str] | None:
    """As ``books_of``, for the holder of the request's key."""
    return books_of(principal_of(request), book)


def recorders_of(
    every: Mapping[str, LogRecorder], books: Sequence[str] | None, *, marked: bool = False
) -> dict[str, LogRecorder]:
    """The ledger logs of these books, all of them for None; of what is ``marked`` the market's too."""
    ledgers = [log for log in every if log not in {REFERENCE, MARKET}]
    wanted = None if books is None else {ledger_of(book, len(ledgers)) for book in books}
    found = {log: every[log] for log in ledgers if wanted is None or log in wanted}
    return {**found, MARKET: every[MARKET]} if marked else found


def known_of(text: str, recorders: Mapping[str, LogRecorder], every: Sequence[str], field: str) -> Known:
    """What a known time or a vector means of these logs. With a vector the answer is final at once.

    Raises:
        Problem: naming ``field``.
    """
    if text[:1].isdigit():
        at = time_of(text, field)
        assert at is not None
        return known_by(at, recorders)
    vector = reading.vector_of(text, every, field)
    if missing := [log for log in recorders if log not in vector]:
        raise Problem(422, "bad-parameter", f"{field} says nothing of {', '.join(missing)}", field)
    return Known({log: vector[log] for log in recorders}, final=True)


def time_of(text: str | None, field: str) -> datetime | None:
    """A time of RFC 3339; a day is its last microsecond, in UTC.

    Raises:
        Problem: naming ``field``.
    """
    if text is None:
        return None
    try:
        if len(text) == DAY_LENGTH:
            return _of_the_books(datetime.combine(date.fromisoformat(text), time.max, UTC), field)
        found = moment(text, field)
        return _of_the_books(found.astimezone(UTC), field) if found else None
    except (ValueError, OverflowError) as error:
        raise Problem(422, "bad-parameter", f"{field} is no time of RFC 3339 and no day", field) from error


def _of_the_books(found: datetime, field: str) -> datetime:
    if not EARLIEST <= found.date() <= LATEST:
        raise Problem(422, "bad-parameter", f"{field} must lie between 1970 and 2200", field)
    return found
