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


class Unreflected:
    """What the events of one log that are not reflected are worth. No thousand of them is read twice, so that a long
    lag may be asked for often.
    """

    def __init__(self, recorder: LogRecorder) -> None:
        self._recorder = recorder
        self._known: dict[int, Mapping[str, Decimal]] = {}

    def notional(self, lag: Lag, most_events: int = MOST_VALUED) -> Mapping[str, Decimal]:
        """By currency, the notional of the trade events behind ``lag``, whichever way each goes. Not many more than
        ``most_events`` are read: of a longer lag the oldest count, and more of them each time it is asked for.
        """
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        stop, read = lag.reflected + lag.events, 0
        for block in [each for each in tuple(self._known) if (each + 1) * READ_AT_ONCE <= lag.reflected]:
            self._known.pop(block, None)
        with exact():
            for block in range(lag.reflected // READ_AT_ONCE, -(-stop // READ_AT_ONCE)):
                first, last = max(block * READ_AT_ONCE, lag.reflected) + 1, min((block + 1) * READ_AT_ONCE, stop)
                is_whole = last - first + 1 == READ_AT_ONCE
                if (value := self._known.get(block) if is_whole else None) is None:
                    if is_whole and read >= most_events:
                        break
                    value = self._value(lag.log, first, last)
                if is_whole and block not in self._known:
                    self._known[block] = value
                    read += READ_AT_ONCE
                for currency, amount in value.items():
                    found[currency] += amount
        return dict(found)

    def _value(self, log: str, first: int, last: int) -> Mapping[str, Decimal]:
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for each in self._recorder.select_notifications(first, READ_AT_ONCE, stop=last):
            event = recorded(log, each.id, each).event
            if isinstance(event, TradeEvent):
                _add(found, event)
        return found


def _add(found: defaultdict[str, Decimal], event: TradeEvent) -> None:
    terms = event.terms
    if terms.notional is not None:
        found[terms.base_currency] += abs(terms.notional)
    else:
        # No rate was known: what it is for, in its own currency.
        found[terms.currency] += abs(terms.amount)

