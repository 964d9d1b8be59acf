"""Settlements as of an instant, of the logs: for the route and the command that ask for it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from api.groups import Sound
from api.paging import Selects, pages
from api.ports import LogRecorder
from api.travel import Journey
from domain.schema import recorded
from projections.settlements import Settlement
from projections.settlements_at import settlements_at


def settlements_as_of(
    reads: Selects, recorders: Mapping[str, LogRecorder], sound: Sound, asked: Journey, *, after: str | None = None,
    **where: Any,
) -> Iterator[Settlement]:
    """Those of the settlements that were known by then, as they stood then, in the order of their ids. Their events are
    read once a page.
    """
    filters = {column: wanted for column, wanted in where.items() if wanted is not None}
    for page in pages(reads, "settlements", where=filters, after=after):
        found = _found(recorders, sound(page), asked)
        yield from (found[each.id] for each in page if each.id in found)


def _found(
    recorders: Mapping[str, LogRecorder], now: Sequence[Settlement], asked: Journey
) -> dict[str, Settlement]:
    found: dict[str, Settlement] = {}
    for log in dict.fromkeys(each.log for each in now):
        streams = list(dict.fromkeys(f"trade:{each.trade_id}" for each in now if each.log == log))
        events = [recorded(log, each.id, each) for each in recorders[log].select_streams(streams)]
        for _, history in groupby(events, key=lambda each: each.stream):
            found |= settlements_at(history, asked.instant(log))
    return found
