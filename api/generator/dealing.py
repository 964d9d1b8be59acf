"""Who deals on a generated day: numbers the trades and commands, and tells the time."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from msgspec.structs import replace

from api.generator.referential import SOURCE, Referential
from api.generator.shape import Shape, closing_of, opening_of
from api.generator.terms import equity
from domain.commands import BookTrade, Command, FutureTerms, FxSwapTerms, TradeCommand

C = TypeVar("C", bound=TradeCommand)
MOMENT = timedelta(milliseconds=1)


class Dealer:
    """``now`` moves on with every booking, from the opening of ``today`` to its closing. ``futures`` are the books that
    have dealt some, by name.
    """

    def __init__(self, shape: Shape, world: Referential) -> None:
        self.shape = shape
        self.world = world
        self.random = random.Random(shape.seed)
        self.days = world.days
        self.today: date = shape.day
        self.now: datetime = shape.opening
        self.futures: dict[tuple[str, str], None] = {}
        self._step = closing_of(shape.day) - self.now
        self._numbers: dict[str, int] = {}

    def open(self, day: date, trades: int) -> None:
        """A day of so many trades begins."""
        self.today, self.now = day, opening_of(day)
        self._step = (closing_of(day) - self.now) / max(1, trades)

    def wait(self) -> None:
        """What is said now is said after what was dealt before, not in the same moment."""
        self.now += MOMENT

    def book(self, desk: str, terms: Any, **fields: Any) -> BookTrade:
        """A trade of one of the desk's books with some counterparty, unless ``fields`` say which."""
        self.now += self._step
        trade_id = f"T-{self.shape.seed}-{self.next('book'):07d}"
        choose = self.random.choice
        default: dict[str, Any] = {
            "book": choose(self.world.desk_books(desk)), "trader": choose(self.world.desk_traders(desk)),
            "counterparty": choose(self.world.counterparties), "trade_date": self.today, "effective_at": self.now,
        }
        if isinstance(terms, FxSwapTerms):
            terms = replace(terms, far_trade_id=f"{trade_id}-FAR")
        trade = BookTrade(
            command_id=f"book-{trade_id}", source=SOURCE, trade_id=trade_id, terms=terms, **{**default, **fields}
        )
        if isinstance(terms, FutureTerms):
            self.futures[trade.book, terms.instrument] = None
        return trade

    def shares(self, desk: str, names: Sequence[str] = (), **fields: Any) -> BookTrade:
        """A trade in shares."""
        return self.book(desk, equity(self.random, self.world, names or self.world.shares), **fields)

    def of(self, kind: type[C], trade: BookTrade, /, **fields: Any) -> C:
        """A command about a trade."""
        return kind(**{"trade_id": trade.trade_id, "book": trade.book, **self.said(), **fields})

    def said(self, what: str = "change") -> dict[str, Any]:
        """What every command says: its key, and when."""
        return {"command_id": f"{what}-{self.shape.seed}-{self.next(what):07d}", "source": SOURCE,
                "effective_at": self.now}

    def command(self, kind: type[Command], /, **fields: Any) -> Any:
        """A command to the reference log, that dates itself."""
        said = self.said("reference-day")
        del said["effective_at"]
        return kind(**said, **fields)

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def some_of(self, quantity: Decimal) -> Decimal:
        """Some whole units of it, but not all; of one, one."""
        whole = int(quantity)
        return Decimal(self.random.randint(1, whole - 1) if whole > 1 else 1)

    def next(self, what: str) -> int:
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return self._numbers[what]
