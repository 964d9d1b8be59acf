"""What clients ask for, from a seed: trades and all that becomes of them, transfers, what issuers do, prices,
definitions, and what the rules refuse.
"""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from benchmarks.world import BOOKS, COUNTERPARTIES, DAY, FOUNDATION, INSTRUMENTS
from domain.commands import (
    AmendTrade,
    AnyCommand,
    BookTrade,
    CancelTrade,
    DefineBook,
    DefineCounterparty,
    EquityTerms,
    RecordPrice,
    SettleTrade,
)
from domain.commands.corporate_actions import AnnounceCorporateAction, CashDividend, Split
from domain.commands.lifecycle import (
    AllocateBlock,
    Allocation,
    DecreaseTrade,
    IncreaseTrade,
    NovateTrade,
    TerminateTrade,
)
from domain.commands.lots import MovedLot
from domain.commands.transfers import TransferPosition
from domain.identifiers import lei_of

# What was dealt on the only day of it is entitled, and no log has a business date to wait for.
EX_DATE = DAY + timedelta(days=1)

BY_AVERAGE = {each.book: each.lot_method == "average" for each in FOUNDATION if isinstance(each, DefineBook)}


class Commands:
    """An endless run of commands of one client; the same for the same seed and the same ``booked``."""

    def __init__(self, client: str, seed: int) -> None:
        self._client = client
        self._chance = random.Random(f"{client} {seed}")
        self._number = 0
        self.booked: list[BookTrade] = []

    def next(self) -> AnyCommand:
        self._number += 1
        if not self.booked:
            return self._book()
        kinds = {
            self._book: 60, self._revise: 14, self._go_on: 12, self._transfer: 3, self._act: 1, self._tell_price: 9,
            self._define: 1,
        }
        (command,) = self._chance.choices([*kinds], [*kinds.values()])
        return command()

    def _tell_price(self) -> RecordPrice:
        return RecordPrice(**self._header(), instrument=self._instrument(), price=self._price())

    def _define(self) -> DefineCounterparty:
        name = f"CP-{self._client}-{self._number}"
        return DefineCounterparty(
            **self._header(), counterparty=name, name=name, lei=lei_of(f"FAULTS{self._client[-1:]}{self._number:011d}")
        )

    def _book(self) -> BookTrade:
        instrument = "UNKNOWN" if self._chance.random() < 0.04 else self._instrument()
        return BookTrade(
            **self._header(), trade_id=f"T-{self._client}-{self._number}",
            book=f"EQ-{self._chance.randrange(BOOKS)}", trader="anna",
            counterparty=f"CP-{self._chance.randrange(COUNTERPARTIES)}", trade_date=DAY, terms=self._terms(instrument),
        )

    def _revise(self) -> AnyCommand:
        trade = self._chance.choice(self.booked)
        of: dict[str, Any] = {"trade_id": trade.trade_id, "book": trade.book}
        if self._chance.random() < 0.3:
            return CancelTrade(**self._header(), **of, reason="booked in error")
        terms = msgspec.structs.replace(self._terms(trade.terms.instrument), side=trade.terms.side)  # type: ignore[union-attr]
        return AmendTrade(**self._header(), **of, terms=terms)

    def _go_on(self) -> AnyCommand:
        trade, new = self._chance.choice(self.booked), f"T-{self._client}-{self._number}"
        of: dict[str, Any] = {**self._header(), "trade_id": trade.trade_id, "book": trade.book}
        party = f"CP-{self._chance.randrange(COUNTERPARTIES)}"
        price, some = self._price(), Decimal(self._chance.randint(1, 9))
        return self._chance.choice((
            lambda: SettleTrade(**of), lambda: SettleTrade(**of, quantity=some),
            lambda: IncreaseTrade(**of, quantity=some, price=price),
            lambda: DecreaseTrade(**of, quantity=some, price=price), lambda: TerminateTrade(**of, amount=some),
            lambda: NovateTrade(**of, new_trade_id=new, counterparty=party),
            lambda: NovateTrade(**of, new_trade_id=new, counterparty=party, quantity=some),
            lambda: AllocateBlock(**of, allocations=tuple(
                Allocation(trade_id=f"{new}-{number}", book=trade.book, account=f"fund-{number}", share=Decimal(number))
                for number in (1, 2, 3)
            )),
        ))()

    def _transfer(self) -> TransferPosition:
        """Some of what a trade brought, to any other book, of this log or of another; it may be gone by then."""
        trade, quantity = self._chance.choice(self.booked), Decimal(self._chance.randint(1, 9))
        terms: Any = trade.terms
        signed = quantity if terms.side == "buy" else -quantity
        named = "" if BY_AVERAGE[trade.book] else trade.trade_id
        return TransferPosition(
            **self._header(), transfer_id=f"M-{self._client}-{self._number}", book=trade.book,
            to_book=f"EQ-{self._chance.randrange(BOOKS)}", instrument=terms.instrument, transfer_date=DAY,
            quantity=quantity,
            lots=(MovedLot(trade_id=named, trade_date=DAY, quantity=signed, cost=signed * terms.price),),
        )

    def _act(self) -> AnnounceCorporateAction:
        terms = self._chance.choice((
            Split(new=Decimal(2), old=Decimal(1)), Split(new=Decimal(1), old=Decimal(2), cash_in_lieu=Decimal(100)),
            CashDividend(amount=Decimal("0.75"), withholding_percent=Decimal(25)),
        ))
        return AnnounceCorporateAction(
            **self._header(), action=f"A-{self._client}-{self._number}", instrument=self._instrument(),
            ex_date=EX_DATE, terms=terms,
        )

    def _terms(self, instrument: str) -> EquityTerms:
        return EquityTerms(
            side=self._chance.choice(("buy", "sell")), instrument=instrument,
            quantity=Decimal(self._chance.randint(1, 90)), price=self._price(),
        )

    def _header(self) -> dict[str, Any]:
        return {"source": self._client, "command_id": f"{self._client}-{self._number}"}

    def _instrument(self) -> str:
        return f"STOCK-{self._chance.randrange(INSTRUMENTS)}"

    def _price(self) -> Decimal:
        return Decimal(self._chance.randint(9_800, 10_200)) / 100
