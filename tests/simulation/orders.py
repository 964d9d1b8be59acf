"""What clients of the simulated cluster ask for."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    CancelTrade,
    ClosePeriod,
    CorrectTrade,
    RecordPrice,
    RollBusinessDate,
    SetLimit,
    SettleTrade,
    TransferPosition,
)
from domain.commands.lots import MovedLot
from tests.feeds import BOOKS
from tests.rules import DAY, booking

MOST_SEEN = 16
"""As much of the reference log as a sender claims to have seen, whether or not it is there."""


class Orders:
    """Commands at random: bookings in a book of each log, changes of them, transfers between the logs, limits, dates,
    prices; some are refused.
    """

    def __init__(self) -> None:
        self._made = 0
        self._trades = 0
        self._booked: list[tuple[str, str, Decimal, Decimal]] = []

    def next(self, random: Random, book: str = "") -> AnyCommand:
        self._made += 1
        command_id = f"order-{self._made}"
        chance = random.random()
        if book or chance < 0.6 or not self._trades:
            return self._booking(random, command_id, book or random.choice(BOOKS))
        if chance < 0.71:
            return self._change(random, command_id)
        if chance < 0.84:
            return self._transfer(random, command_id)
        if chance < 0.9:
            limit: dict[str, Any] = {"command_id": command_id, "book": random.choice(BOOKS)}
            if random.random() < 0.4:
                return SetLimit(kind="position-quantity", amount=Decimal(random.choice([3, 1_000])), **limit)
            amount = Decimal(random.choice([100, 1_500, 5_000, 1_000_000]))
            return SetLimit(kind="gross-notional", amount=amount, **limit)
        if chance < 0.94:
            return RollBusinessDate(command_id=command_id, business_date=DAY + timedelta(random.randint(0, 9)))
        if chance < 0.95:
            return ClosePeriod(command_id=command_id, through=DAY - timedelta(random.randint(1, 9)))
        return RecordPrice(command_id=command_id, instrument="SAN", price=Decimal(random.randint(90, 110)))

    def _booking(self, random: Random, command_id: str, book: str) -> AnyCommand:
        self._trades += random.random() < 0.9
        trade_id, quantity, price = f"T{self._trades}", random.randint(1, 9), random.randint(95, 105)
        side = random.choice(["buy", "buy", "sell"])
        self._booked.append((trade_id, book, Decimal(quantity if side == "buy" else -quantity), Decimal(price)))
        return booking(
            trade_id, str(quantity), str(price), command_id=command_id, book=book, side=side,
            reference_sequence=random.randint(1, MOST_SEEN) if random.random() < 0.2 else None,
            counterparty=random.choice(["ACME"] * 9 + ["NOBODY"]),
        )

    def _transfer(self, random: Random, command_id: str) -> AnyCommand:
        """Some lot goes to the book of the other log, if it is held."""
        trade_id, book, quantity, price = random.choice(self._booked)
        (to_book,) = [each for each in BOOKS if each != book]
        lot = MovedLot(trade_id=trade_id, trade_date=DAY, quantity=quantity, cost=quantity * price)
        return TransferPosition(
            command_id=command_id, transfer_id=command_id, book=book, to_book=to_book, instrument="SAN",
            transfer_date=DAY, quantity=abs(quantity), lots=(lot,),
        )

    def _change(self, random: Random, command_id: str) -> AnyCommand:
        named: dict[str, Any] = {
            "command_id": command_id, "trade_id": f"T{random.randint(1, self._trades)}", "book": random.choice(BOOKS)
        }
        terms = msgspec.structs.replace(booking().terms, price=Decimal(random.randint(90, 99)))
        match random.randrange(5):
            case 0:
                return AmendTrade(terms=terms, **named)
            case 1:
                return CorrectTrade(terms=terms, reason="typed wrong", **named)
            case 2:
                return CancelTrade(reason="twice", **named)
            case 3:
                return AffirmTrade(**named)
        return SettleTrade(**named)
