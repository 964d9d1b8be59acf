"""Deciders with nothing underneath: when a command comes, then these events follow."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AnyCommand,
    BookTrade,
    ClosePeriod,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EquityTerms,
    RecordFxRate,
    RecordPrice,
    RollBusinessDate,
)
from domain.decider import Apart, Decider, envelope_of
from domain.events import Event
from domain.identifiers import isin_of, lei_of
from domain.market import MarketDecider, MarketState
from domain.money import exact
from domain.outcomes import SYSTEM, Principal
from domain.reference import ReferenceDecider, ReferenceState
from domain.refusals import Refused
from domain.routing import MARKET, REFERENCE, log_of
from domain.schema import Recorded, event_type
from domain.trades import TradeDecider

DAY = date(2026, 11, 24)
MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)

FOUNDATION: tuple[AnyCommand, ...] = (
    DefineCalendar(command_id="c1", calendar="XPAR", name="Paris"),
    DefineLegalEntity(
        command_id="c2", entity="BANK", name="Bank", lei=lei_of("EVERBOOK0000000001"), base_currency="EUR"
    ),
    DefineDesk(command_id="c3", desk="EQ", name="Equities", entity="BANK"),
    DefineBook(command_id="c4", book="EQ-1", name="First", desk="EQ"),
    DefineBook(command_id="c5", book="EQ-2", name="Second", desk="EQ", lot_method="average"),
    DefineTrader(command_id="c6", trader="anna", name="Anna", desk="EQ"),
    DefineCounterparty(command_id="c7", counterparty="ACME", name="Acme", lei=lei_of("EVERBOOK0000000002")),
    DefineInstrument(
        command_id="c8", instrument="SAN", name="Sanofi", isin=isin_of("FR000012057"), mic="XPAR", cfi="ESVUFR",
        currency="EUR", issuer="SANOFI", calendar="XPAR",
    ),
    DefineInstrument(
        command_id="c9", instrument="IBM", name="IBM", isin=isin_of("US459200101"), mic="XNYS", cfi="ESVUFR",
        currency="USD", issuer="IBM", calendar="XPAR",
    ),
    RecordPrice(command_id="m1", instrument="SAN", price=Decimal(100)),
    RecordFxRate(command_id="m2", base="EUR", quote="USD", rate=Decimal("1.25")),
)


class Rules:
    """The deciders of a reference, a market and one ledger log, each with its state."""

    def __init__(self, foundation: Sequence[AnyCommand] = FOUNDATION) -> None:
        self.reference, self.market = ReferenceState(), MarketState()
        self.trades = TradeDecider("ledger-0", self.reference, self.market)
        self._deciders: dict[str, Decider] = {
            REFERENCE: ReferenceDecider(self.reference), MARKET: MarketDecider(self.market, self.reference),
            "ledger-0": self.trades,
        }
        self._sequences = dict.fromkeys(self._deciders, 0)
        for command in foundation:
            self.when(command)

    def when(self, command: AnyCommand, principal: Principal = SYSTEM) -> list[Event]:
        """The events that follow; a refusal is raised."""
        return self._take(log_of(command, 1), command, principal)

    def _take(self, log: str, command: AnyCommand, principal: Principal) -> list[Event]:
        decider = self._deciders[log]
        moment = MOMENT + timedelta(seconds=sum(self._sequences.values()))
        stream = decider.stream(command)
        envelope = envelope_of(command, principal.key_id, moment, decider.business_date())
        version, events = decider.version(command), list[Event]()
        with exact():
            decided = list(decider.decide(command, envelope, principal))
            for each in decided:
                self._sequences[log] += 1
                apart = each if isinstance(each, Apart) else None
                version += not apart
                at, number = (apart.stream, apart.version) if apart else (stream, version)
                event = apart.event if apart else each
                assert isinstance(event, Event)
                recorded = Recorded(log, self._sequences[log], at, number, event_type(event), event)
                self._happened(recorded)
                decider.evolve(recorded)
                events.append(event)
        return events

    def carry(self, command: RollBusinessDate | ClosePeriod) -> None:
        """A date that turned in the reference log, taken over into the ledger log."""
        self._take("ledger-0", command, SYSTEM)

    def _happened(self, recorded: Recorded) -> None:
        """For those who keep what followed."""


def rules_after(*commands: AnyCommand) -> Any:
    """The rules once these commands were accepted; of any type, so that what follows need not be narrowed."""
    rules = Rules()
    for command in commands:
        rules.when(command)
    return rules


def refusal(rules: Rules, command: AnyCommand, principal: Principal = SYSTEM) -> Refused:
    """Why a command is refused."""
    with pytest.raises(Refused) as caught:
        rules.when(command, principal)
    return caught.value


def booking(trade_id: str = "T1", quantity: str = "10", price: str = "100", **changes: Any) -> BookTrade:
    """A purchase of Sanofi by Anna for book EQ-1, changed as asked."""
    terms: dict[str, Any] = {"side": "buy", "instrument": "SAN", "quantity": Decimal(quantity), "price": Decimal(price)}
    terms.update({name: changes.pop(name) for name in tuple(changes) if name in EquityTerms.__struct_fields__})
    fields: dict[str, Any] = {
        "command_id": f"book-{trade_id}", "trade_id": trade_id, "book": "EQ-1", "trader": "anna",
        "counterparty": "ACME", "trade_date": DAY, "terms": EquityTerms(**terms),
    }
    return BookTrade(**{**fields, **changes})
