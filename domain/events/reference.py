"""Facts of the reference log. Each carries its whole subject, so the latest one is the subject."""

from datetime import date
from decimal import Decimal

from domain.commands.contracts import Contract
from domain.commands.reference import LimitKind, LotMethod, Role
from domain.events.envelope import Event


class LegalEntityDefined(Event, frozen=True, kw_only=True):
    entity: str
    name: str
    lei: str
    base_currency: str


class DeskDefined(Event, frozen=True, kw_only=True):
    desk: str
    name: str
    entity: str


class BookDefined(Event, frozen=True, kw_only=True):
    book: str
    name: str
    desk: str
    entity: str
    base_currency: str
    lot_method: LotMethod
    owner: str
    fees_in_cost: bool = False


class TraderDefined(Event, frozen=True, kw_only=True):
    trader: str
    name: str
    desk: str
    books: tuple[str, ...] = ()


class CounterpartyDefined(Event, frozen=True, kw_only=True):
    counterparty: str
    name: str
    lei: str
    country: str | None = None


class InstrumentDefined(Event, frozen=True, kw_only=True):
    instrument: str
    name: str
    isin: str
    mic: str
    cfi: str
    currency: str
    issuer: str
    calendar: str
    settlement_days: int | None = None
    contract: Contract | None = None


class CalendarDefined(Event, frozen=True, kw_only=True):
    calendar: str
    name: str
    holidays: tuple[date, ...]
    weekend: tuple[int, ...]


class LimitSet(Event, frozen=True, kw_only=True):
    """Without ``amount`` the limit is lifted. ``version`` counts the settings of this limit from 1."""

    book: str
    kind: LimitKind
    amount: Decimal | None = None
    instrument: str | None = None
    version: int


class InstrumentRestricted(Event, frozen=True, kw_only=True):
    instrument: str


class RestrictionLifted(Event, frozen=True, kw_only=True):
    instrument: str


class KillSwitchEngaged(Event, frozen=True, kw_only=True):
    book: str | None = None
    trader: str | None = None


class KillSwitchReleased(Event, frozen=True, kw_only=True):
    book: str | None = None
    trader: str | None = None


class KeyIssued(Event, frozen=True, kw_only=True):
    key_id: str
    name: str
    digest: str
    roles: tuple[Role, ...]
    books: tuple[str, ...] = ()


class KeyRevoked(Event, frozen=True, kw_only=True):
    key_id: str


class BusinessDateRolled(Event, frozen=True, kw_only=True):
    """The envelope's ``business_date`` is the day that begins."""

    previous: date | None = None


class PeriodClosed(Event, frozen=True, kw_only=True):
    through: date
