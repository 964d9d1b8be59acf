"""How far read models are behind a log: in events, in seconds, and in money."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.events import TradeEvent
from domain.money import ZERO, exact
from domain.ports import LogRecorder
from domain.schema import recorded

READ_AT_ONCE = 1_000
MOST_VALUED = 20_000


class Lag(msgspec.Struct, frozen=True):
    """``events`` that some read model does not reflect, the oldest recorded ``seconds`` ago; below zero when the read
    models reflect events that the log does not have.
    """

    log: str
    reflected: int
    events: int
    seconds: float = 0.0


def lag_of(log: str, recorder: LogRecorder, reflected: Iterable[int], now: datetime) -> Lag:
    """The lag of the read model that is furthest behind; ``reflected`` was read before this is called."""
    # The log may have grown since, and is not to seem cut.
    places = list(reflected)
    first, last = min(places), recorder.max_notification_id() or 0
    if last < max(places):
        return Lag(log, max(places), last - max(places))
    seconds = 0.0
    if first < last:
        (oldest,) = recorder.select_notifications(first + 1, 1)
        seconds = (now - recorded(log, oldest.id, oldest).event.recorded_at).total_seconds()
    return Lag(log, first, last - first, max(seconds, 0.0))


def unreflected_notional(recorder: LogRecorder, lag: Lag, most_events: int = MOST_VALUED) -> Mapping[str, Decimal]:
    """By currency, the notional of the trade events that are not reflected, whichever way each goes. Of more than
    ``most_events`` only the oldest count: then it is at least so much.
    """
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    after, stop = lag.reflected, lag.reflected + min(lag.events, most_events)
    with exact():
        while after < stop:
            page = recorder.select_notifications(after + 1, READ_AT_ONCE, stop=stop)
            for each in page:
                event = recorded(lag.log, each.id, each).event
                if isinstance(event, TradeEvent):
                    _add(found, event)
            after = page[-1].id
    return dict(found)


def _add(found: defaultdict[str, Decimal], event: TradeEvent) -> None:
    terms = event.terms
    if terms.notional is not None:
        found[terms.base_currency] += abs(terms.notional)
    else:
        # No rate was known: what it is for, in its own currency.
        found[terms.currency] += abs(terms.amount)

