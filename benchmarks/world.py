"""The small world in which the benchmarks trade."""

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.commands import (
    AnyCommand,
    BookTrade,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EquityTerms,
    RecordPrice,
    SetLimit,
)
from domain.identifiers import isin_of, lei_of
from domain.schema import business_content

DAY = date(2026, 11, 24)
BOOKS, INSTRUMENTS, COUNTERPARTIES = 20, 50, 20

FOUNDATION: tuple[AnyCommand, ...] = (
    DefineCalendar(command_id="calendar", calendar="XPAR", name="Paris"),
    DefineLegalEntity(
        command_id="entity", entity="BANK", name="Bank", lei=lei_of("EVERBOOKBENCH00001"), base_currency="EUR"
    ),
    DefineDesk(command_id="desk", desk="EQ", name="Equities", entity="BANK"),
    *(DefineBook(command_id=f"book-{n}", book=f"EQ-{n}", name="Book", desk="EQ",
                 lot_method="average" if n % 2 else "fifo") for n in range(BOOKS)),
    DefineTrader(command_id="trader", trader="anna", name="Anna", desk="EQ"),
    *(DefineCounterparty(command_id=f"party-{n}", counterparty=f"CP-{n}", name="Party",
                         lei=lei_of(f"EVERBOOKPARTY{n:05d}")) for n in range(COUNTERPARTIES)),
    *(DefineInstrument(command_id=f"instrument-{n}", instrument=f"STOCK-{n}", name="Stock", isin=isin_of(f"FR{n:09d}"),
                       mic="XPAR", cfi="ESVUFR", currency="EUR", issuer=f"STOCK-{n}", calendar="XPAR")
      for n in range(INSTRUMENTS)),
    *(SetLimit(command_id=f"limit-{n}", book=f"EQ-{n}", kind="gross-notional", amount=Decimal(10) ** 12)
      for n in range(BOOKS)),
    *(RecordPrice(command_id=f"price-{n}", instrument=f"STOCK-{n}", price=Decimal(100)) for n in range(INSTRUMENTS)),
)


def bookings(count: int) -> Iterator[bytes]:
    """Purchases and sales over all books, stocks and counterparties, as a client sends them."""
    chance = random.Random(11)
    for number in range(count):
        terms = EquityTerms(
            side=chance.choice(("buy", "sell")), instrument=f"STOCK-{chance.randrange(INSTRUMENTS)}",
            quantity=Decimal(chance.randint(1, 90)), price=Decimal(chance.randint(9_800, 10_200)) / 100,
            fees={"broker": Decimal("4.50")},
        )
        yield business_content(BookTrade(
            command_id=f"c-{number:07d}", source="bench", trade_id=f"T-{number:07d}",
            book=f"EQ-{chance.randrange(BOOKS)}", trader="anna", counterparty=f"CP-{chance.randrange(COUNTERPARTIES)}",
            trade_date=DAY, terms=terms,
        ))
