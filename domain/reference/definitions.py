"""Rules for what is defined: entities, desks, books, traders, counterparties, instruments and calendars."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from domain.business_days import Calendar
from domain.commands import (
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
)
from domain.commands.reference import Role
from domain.currencies import MINOR_UNITS, require_currency
from domain.decider import Envelope
from domain.events import (
    BookDefined,
    CalendarDefined,
    CounterpartyDefined,
    DeskDefined,
    Event,
    InstrumentDefined,
    LegalEntityDefined,
    TraderDefined,
)
from domain.identifiers import require_cfi, require_isin, require_lei, require_mic
from domain.outcomes import Principal
from domain.reference.authority import require_book, require_every_book, require_role, require_trader
from domain.reference.contracts import require_contract
from domain.reference.state import ReferenceState
from domain.refusals import Refused

DEFINING: tuple[Role, ...] = ("operations", "admin")
DAYS_OF_A_WEEK = 7
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2200, 1, 1)
_CODE_LENGTH = 3
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


def define_entity(
    state: ReferenceState, command: DefineLegalEntity, envelope: Envelope, principal: Principal
) -> LegalEntityDefined:
    require_role(principal, DEFINING)
    require_every_book(principal)
    base_currency = require_currency(command.base_currency, "$.base_currency")
    before = state.entities.get(command.entity)
    if before is not None and before.base_currency != base_currency:
        raise Refused("immutable", "the base currency of a legal entity is fixed", "$.base_currency")
    return LegalEntityDefined(
        **envelope, entity=command.entity, name=command.name, lei=require_lei(command.lei, "$.lei"),
        base_currency=base_currency,
    )


def define_desk(state: ReferenceState, command: DefineDesk, envelope: Envelope, principal: Principal) -> DeskDefined:
    require_role(principal, DEFINING)
    require_every_book(principal)
    require_known(state.entities, command.entity, "entity", "legal entity")
    before = state.desks.get(command.desk)
    if before is not None and before.entity != command.entity:
        raise Refused("immutable", "the legal entity of a desk is fixed", "$.entity")
    return DeskDefined(**envelope, desk=command.desk, name=command.name, entity=command.entity)


def define_book(state: ReferenceState, command: DefineBook, envelope: Envelope, principal: Principal) -> BookDefined:
    """A book; its desk and how it counts lots are fixed, for its positions were built so."""
    require_role(principal, DEFINING)
    require_book(principal, command.book)
    require_known(state.desks, command.desk, "desk", "desk")
    before = state.books.get(command.book)
    if before is not None and before.desk != command.desk:
        raise Refused("immutable", "the desk of a book is fixed", "$.desk")
    if before is not None and before.lot_method != command.lot_method:
        raise Refused("immutable", "the lot method of a book is fixed", "$.lot_method")
    if before is not None and before.fees_in_cost != command.fees_in_cost:
        raise Refused("immutable", "whether fees are in the cost of a book's lots is fixed", "$.fees_in_cost")
    entity = state.entities[state.desks[command.desk].entity]
    return BookDefined(
        **envelope, book=command.book, name=command.name, desk=command.desk, entity=entity.entity,
        base_currency=entity.base_currency, lot_method=command.lot_method, owner=command.owner or entity.entity,
        fees_in_cost=command.fees_in_cost,
    )


def define_trader(
    state: ReferenceState, command: DefineTrader, envelope: Envelope, principal: Principal
) -> TraderDefined:
    require_role(principal, DEFINING)
    require_known(state.desks, command.desk, "desk", "desk")
    for place, book in enumerate(command.books):
        require_known(state.books, book, f"books[{place}]", "book")
        if state.books[book].desk != command.desk:
            raise Refused("book-of-other-desk", f"book {book} is not of desk {command.desk}", f"$.books[{place}]")
    require_trader(principal, state, command.desk, command.books)
    if (before := state.traders.get(command.trader)) is not None:
        require_trader(principal, state, before.desk, before.books)
    return TraderDefined(
        **envelope, trader=command.trader, name=command.name, desk=command.desk, books=command.books
    )


def define_counterparty(
    _state: ReferenceState, command: DefineCounterparty, envelope: Envelope, principal: Principal
) -> CounterpartyDefined:
    require_role(principal, DEFINING)
    require_every_book(principal)
    country = command.country
    if country is not None and not _COUNTRY.match(country):
        raise Refused("invalid-country", "a country is two capital letters of ISO 3166", "$.country")
    return CounterpartyDefined(
        **envelope, counterparty=command.counterparty, name=command.name, lei=require_lei(command.lei, "$.lei"),
        country=country,
    )


def define_instrument(
    state: ReferenceState, command: DefineInstrument, envelope: Envelope, principal: Principal
) -> InstrumentDefined:
    """An instrument; its currency is fixed, for its lots were bought in it."""
    require_role(principal, DEFINING)
    require_every_book(principal)
    currency = require_currency(command.currency, "$.currency")
    _require_own_name(command.instrument)
    before = state.instruments.get(command.instrument)
    if before is not None and before.currency != currency:
        raise Refused("immutable", "the currency of an instrument is fixed", "$.currency")
    if not state.has_calendar(command.calendar):
        raise Refused("unknown-calendar", f"no calendar {command.calendar!r} is defined", "$.calendar")
    if command.contract is not None:
        require_contract(state.instruments, command)
    if before is not None and before.contract != command.contract:
        raise Refused("immutable", "the contract of an instrument is fixed", "$.contract")
    return InstrumentDefined(
        **envelope, instrument=command.instrument, name=command.name, isin=require_isin(command.isin, "$.isin"),
        mic=require_mic(command.mic, "$.mic"), cfi=require_cfi(command.cfi, "$.cfi"), currency=currency,
        issuer=command.issuer, calendar=command.calendar, settlement_days=command.settlement_days,
        contract=command.contract,
    )


def _require_own_name(instrument: str) -> None:
    """An instrument is an asset beside the currencies, and names positions beside those of pairs and loans."""
    pair = {instrument[:_CODE_LENGTH], instrument[_CODE_LENGTH:]}
    if pair <= MINOR_UNITS.keys() or instrument in MINOR_UNITS or instrument.startswith(("LOAN-", "DEPOSIT-")):
        raise Refused("reserved", f"{instrument!r} names a currency, a pair or a loan", "$.instrument")


def define_calendar(
    _state: ReferenceState, command: DefineCalendar, envelope: Envelope, principal: Principal
) -> CalendarDefined:
    require_role(principal, DEFINING)
    require_every_book(principal)
    if len(set(command.weekend)) >= DAYS_OF_A_WEEK:
        raise Refused("no-business-day", "a week needs at least one business day", "$.weekend")
    calendar = Calendar(frozenset(command.weekend), frozenset(command.holidays))
    return CalendarDefined(
        **envelope, calendar=command.calendar, name=command.name, holidays=tuple(sorted(calendar.holidays)),
        weekend=tuple(sorted(calendar.weekend)),
    )


def require_known(table: Mapping[str, object], key: str, field: str, what: str) -> None:
    """Whether ``table`` has ``key``.

    Raises:
        Refused: ``unknown-<what>``, naming the command's ``field``.
    """
    if key not in table:
        raise Refused(f"unknown-{what.replace(' ', '-')}", f"no {what} {key!r} is defined", f"$.{field}")


def require_day(day: date, name: str) -> None:
    """Whether a day can be one.

    Raises:
        Refused: naming the command's field ``name``.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused("date-out-of-range", f"{name} must lie between 1970 and 2200", f"$.{name}")


RULES: dict[type, Callable[[ReferenceState, Any, Envelope, Principal], Event]] = {
    DefineLegalEntity: define_entity, DefineDesk: define_desk, DefineBook: define_book, DefineTrader: define_trader,
    DefineCounterparty: define_counterparty, DefineInstrument: define_instrument, DefineCalendar: define_calendar,
}
