"""``python -m benchmarks.travel [--trades N] [--folder F]``: positions as of random instants in a ledger of N trades.

The read model of movements is filled straight by its projection, from events made here: as many trades as asked over 20
books and 500 instruments each, of which some are amended, corrected, cancelled and settled. A folder that was filled
before is used as it is.
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from api.groups import elsewhere, groups, one_group
from benchmarks.measure import Figure, timed
from domain.events import Event, TradeAmended, TradeBooked, TradeCancelled, TradeCorrected, TradeSettled
from domain.events.trades import Economics
from domain.money import exact
from domain.schema import Recorded, event_type
from infra.sql.read_models import SqlReadModels
from projections.as_of import Instant, position_at
from projections.explanation import explain
from projections.fold import Fold, Store
from projections.movements import Held, Movement, Movements

BOOKS, INSTRUMENTS, LOG = 20, 500, "ledger-0"
START = datetime(2025, 1, 2, 9, tzinfo=UTC)
DAYS = 250
AT_ONCE = 5_000
CHANGES = ("amend", "correct", "cancel")


class World:
    """The events of a ledger, one after the other."""

    def __init__(self, trades: int) -> None:
        self._chance = random.Random(5)
        self._step = timedelta(days=DAYS) / trades
        self._trades = trades
        self._sequence = 0

    def events(self) -> Iterator[Recorded]:
        """Of ten trades two are booked late, two are changed, and eight settle."""
        open_trades: list[TradeBooked] = []
        for number in range(self._trades):
            booked = self._booked(number)
            yield self._recorded(booked)
            open_trades.append(booked)
            if self._chance.random() < 0.2:
                yield self._recorded(self._changed(open_trades.pop(self._chance.randrange(len(open_trades)))))
            elif self._chance.random() < 0.8:
                yield self._recorded(self._settled(open_trades.pop(self._chance.randrange(len(open_trades)))))

    def _booked(self, number: int) -> TradeBooked:
        at = self._now()
        if self._chance.random() < 0.2:
            at -= timedelta(days=self._chance.randint(1, 20))
        size, price = Decimal(self._chance.randint(1, 900)), Decimal(self._chance.randint(9_000, 11_000)) / 100
        quantity = size if self._chance.random() < 0.5 else -size
        book, instrument = self._chance.randrange(BOOKS), f"STOCK-{self._chance.randrange(INSTRUMENTS):03d}"
        terms = Economics(
            product="equity", entity="BANK", desk="EQ", book=f"EQ-{book:02d}", owner="BANK", base_currency="EUR",
            lot_method="average" if book % 2 else "fifo", trader="anna", counterparty=f"CP-{number % 20}",
            instrument=instrument, asset=instrument, currency="EUR", issuer=instrument, quantity=quantity, price=price,
            amount=-quantity * price, fees={"broker": Decimal("4.50")}, trade_date=at.date(), executed_at=at,
            settlement_date=at.date() + timedelta(days=2),
        )
        return TradeBooked(**self._envelope(at), trade_id=f"T-{number:08d}", terms=terms)

    def _changed(self, trade: TradeBooked) -> Event:
        kind, terms = self._chance.choice(CHANGES), trade.terms
        what: dict[str, Any] = {**self._envelope(self._now()), "trade_id": trade.trade_id, "reason": "digits"}
        if kind == "cancel":
            return TradeCancelled(**what, revision=1, terms=terms)
        quantity = terms.quantity + (1 if terms.quantity > 0 else -1)
        right = replace(terms, quantity=quantity, amount=-quantity * terms.price)
        revised = TradeAmended if kind == "amend" else TradeCorrected
        return revised(**what, revision=2, terms=right, previous=terms, supersedes=f"{LOG}:{self._sequence}")

    def _settled(self, trade: TradeBooked) -> Event:
        terms = trade.terms
        amount = terms.amount - terms.total_fees
        return TradeSettled(
            **self._envelope(self._now()), trade_id=trade.trade_id, terms=terms, quantity=terms.quantity, amount=amount,
            settled_quantity=terms.quantity, settled_amount=amount, settled_on=terms.settlement_date,
        )

    def _now(self) -> datetime:
        return START + self._step * (self._sequence // 2)

    def _envelope(self, effective_at: datetime) -> dict[str, Any]:
        self._sequence += 1
        return {
            "effective_at": effective_at, "business_date": date(2025, 1, 2), "recorded_at": self._now(),
            "actor": "desk-7", "source": "bench", "command_id": f"c-{self._sequence}",
        }

    def _recorded(self, event: Any) -> Recorded:
        return Recorded(LOG, self._sequence, f"trade:{event.trade_id}", event.revision, event_type(event), event)


def fill(store: SqlReadModels, trades: int) -> None:
    """Folds the events into movements, unless they are there already."""
    reflected = store.reflected("movements", LOG)
    fold = Fold([Movements()], Store(store.find, store.scan))
    page: list[Recorded] = []
    for event in World(trades).events():
        if event.sequence > reflected:
            page.append(event)
        if len(page) == AT_ONCE:
            _write(store, fold, page)
            page = []
    _write(store, fold, page)


def _write(store: SqlReadModels, fold: Fold, page: Sequence[Recorded]) -> None:
    if page:
        first, last = page[0].sequence - 1, page[-1].sequence
        store.write(LOG, fold.run(page), expected=first, reflected=last, models=["movements"])


def questions(store: SqlReadModels, known: int) -> Iterator[Figure]:
    """Each at random valid and known times."""
    chance = random.Random(7)

    def instant() -> Instant:
        return Instant(START + timedelta(days=DAYS) * chance.random(), chance.randint(known // 10, known))

    def place() -> tuple[str, str]:
        return f"EQ-{chance.randrange(BOOKS):02d}", f"STOCK-{chance.randrange(INSTRUMENTS):03d}"

    def position() -> object:
        return position_at(one_group(store, list, Held, *place()), instant(), elsewhere(store, list, Held))

    def explanation() -> object:
        others = elsewhere(store, list, Movement)
        return explain(others(*place()), instant(), others, superseded=True)

    def book() -> object:
        at, own = instant(), [place()[0]]
        others = elsewhere(store, list, Held)
        return [position_at(group, at, others) for group in groups(store, list, Held, books=own)]

    yield _slowest("one position as of (V, K)", 2_000, position, 100)
    yield _slowest("explain a position as of (V, K)", 1_000, explanation, 200)
    yield _slowest("a book of 500 instruments as of (V, K)", 40, book, 1_000)


def _slowest(name: str, times: int, ask: Callable[[], object], asked_ms: int) -> Figure:
    took, used, answered = [], [], 0
    with exact():
        for _ in range(times):
            started, began = time.perf_counter(), time.process_time()
            answered += ask() is not None
            used.append((time.process_time() - began) * 1_000)
            took.append((time.perf_counter() - started) * 1_000)
    took.sort()
    used.sort()
    last = min(times - 1, int(times * 0.99))
    said = (
        f"p99 of {times}, {answered} of them known; median {took[times // 2]:.1f} ms, most {took[-1]:.1f} ms; of this "
        f"process alone p99 {used[last]:.1f} ms, median {used[times // 2]:.1f} ms; asked {asked_ms} ms"
    )
    return Figure(name, took[last], "ms", said)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.travel", description=__doc__)
    parser.add_argument("--trades", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the read model here, and use it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="everbook-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        store = SqlReadModels.open(f"sqlite:///{folder / f'travel-{options.trades}.db'}", [Movements()], "bench")
        gc.freeze()
        with timed() as watch:
            fill(store, options.trades)
        known = store.reflected("movements", LOG)
        figures = [Figure("movements filled", known / watch.seconds, "events/s", f"{known:,} events"),
                   *questions(store, known)]
        store.close()
    for figure in figures:
        sys.stdout.write(f"{figure.name:52} {figure.value:14,.1f} {figure.unit:14} {figure.against}\n")


if __name__ == "__main__":
    main()
