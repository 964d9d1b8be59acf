"""A trading day and those that follow: bookings as prices walk, what becomes of them, and what goes wrong."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from api.generator import issuers, lives, product_lives, settlement_lives, transfers
from api.generator.bookings import Bookings
from api.generator.changes import Changes
from api.generator.dealing import Dealer
from api.generator.following import Following
from api.generator.instruments import EXPIRING_INDEX
from api.generator.market import closing_margins, marks
from api.generator.referential import Referential
from api.generator.shape import Shape
from domain.commands import AnyCommand, BookTrade, RollBusinessDate

KINDS: tuple[lives.Begin, ...] = (
    lives.allocated, lives.novated, lives.compressed, lives.resized, settlement_lives.instructed,
    settlement_lives.netted, settlement_lives.failing, product_lives.used, product_lives.used, product_lives.expired,
    product_lives.swapped, product_lives.floated, product_lives.rolled, product_lives.repaid,
)


class Pause(NamedTuple):
    """What stands after so many trades of a day, and has ``trades`` of its own."""

    after: int
    trades: int
    commands: Iterator[AnyCommand]


class TradingDay:
    """Everything follows from the shape and its seed; ``reference_commands`` come first."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.world = Referential(shape)
        self._dealer = Dealer(shape, self.world)
        self._changes = Changes(self._dealer)
        self._plain = Bookings(self._dealer, self._changes)
        self._following = Following(self._dealer, KINDS)

    def reference_commands(self) -> Iterator[AnyCommand]:
        return self.world.commands()

    def day_commands(self) -> Iterator[AnyCommand]:
        """The first day has most of the trades; on those that follow they settle, and issuers pay."""
        later = int(self.shape.trades * self.shape.later)
        for number, day in enumerate(self._dealer.days):
            trades = later if number else self.shape.trades - later * (len(self._dealer.days) - 1)
            self._dealer.open(day, trades)
            yield from self._morning(number, day)
            yield from self._trading(number, trades)
            yield from self._evening(number)

    def _morning(self, number: int, day: date) -> Iterator[AnyCommand]:
        dealer = self._dealer
        if number == 0:
            yield from issuers.announced(dealer)
            return
        yield dealer.command(RollBusinessDate, business_date=day)
        yield from issuers.revised(dealer, "opening")
        self.world.turn(number)
        issuers.reprice(dealer)
        yield from marks(dealer)
        yield from self._following.wake(day)
        yield from self._changes.due(number)

    def _trading(self, number: int, trades: int) -> Iterator[AnyCommand]:
        """Bookings and what follows them, with every price moved now and then."""
        dealt, marked, pauses = 0, 0, self._pauses(number, trades)
        while dealt < trades:
            if dealt - marked >= self.shape.prices_every:
                marked = dealt
                yield from marks(self._dealer)
            if pauses and dealt >= pauses[0].after:
                pause = pauses.pop(0)
                dealt += pause.trades
                yield from pause.commands
                continue
            bookings = self._bookings(number, trades - dealt)
            dealt += len(bookings)
            for booking in bookings:
                yield booking
                if self._dealer.happens(self.shape.repeated):
                    yield booking
                yield from self._changes.after(booking)
            yield from self._following.step()
        for pause in pauses:
            yield from pause.commands

    def _evening(self, number: int) -> Iterator[AnyCommand]:
        yield from self._following.rest()
        last = EXPIRING_INDEX if number == 2 else None
        yield from closing_margins(self._dealer, last)
        if number == 0:
            self._changes.end_first_day()

    def _pauses(self, number: int, trades: int) -> list[Pause]:
        """At midday issuers speak; before and after it funds are handed over, once in vain."""
        midday = Pause(trades // 2, 0, issuers.revised(self._dealer, "midday"))
        if number == 0:
            count = int(trades * self.shape.transferred / 2)
            first, second = (Pause(trades * part // 3, count, transfers.handed_over(self._dealer, count))
                             for part in (1, 2))
            return [first, midday, second] if count else [midday]
        in_vain = Pause(trades * 2 // 3, 1, transfers.refused(self._dealer))
        return [midday, in_vain] if number == 1 and trades > 2 else [midday]

    def _bookings(self, number: int, left: int) -> Sequence[BookTrade]:
        dealer, shape = self._dealer, self.shape
        if number == 0 and left >= lives.MOST_BOOKINGS and dealer.happens(shape.followed):
            return self._following.begin()
        if number and dealer.happens(shape.late):
            return [self._plain.late()]
        return [self._plain.next()]
