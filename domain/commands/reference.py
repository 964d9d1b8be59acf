"""Commands to the reference log: who trades what, where, within which limits, and who may say so."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from domain.commands.contracts import Contract
from domain.commands.header import Command, Key, Name

LotMethod = Literal["fifo", "average", "lifo", "hifo", "specific"]
LimitKind = Literal["order-notional", "order-quantity", "price-collar", "gross-notional", "position-quantity"]
Role = Literal["trader", "risk", "compliance", "operations", "reporting", "admin"]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
Days = Annotated[int, msgspec.Meta(ge=0, le=10)]


class DefineLegalEntity(Command, frozen=True, kw_only=True):
    entity: Key
    name: Name
    lei: Code
    base_currency: Code


class DefineDesk(Command, frozen=True, kw_only=True):
    desk: Key
    name: Name
    entity: Key


class DefineBook(Command, frozen=True, kw_only=True):
    """``owner`` is the beneficial owner, compared for wash trades; without one it is the desk's legal entity. With
    ``fees_in_cost`` fees are part of what a lot costs, and no expense. HIFO closes the lot first that leaves the least
    profit; by the specific method a closing trade names its lots.
    """

    book: Key
    name: Name
    desk: Key
    lot_method: LotMethod = "fifo"
    fees_in_cost: bool = False
    owner: Key | None = None


class DefineTrader(Command, frozen=True, kw_only=True):
    """Without ``books`` a trader may trade for every book of the desk."""

    trader: Key
    name: Name
    desk: Key
    books: tuple[Key, ...] = ()


class DefineCounterparty(Command, frozen=True, kw_only=True):
    counterparty: Key
    name: Name
    lei: Code
    country: Code | None = None


class DefineInstrument(Command, frozen=True, kw_only=True):
    """``settlement_days`` is the cycle after the trade date in business days of ``calendar`` (2 for T+2); without it
    that of the market ``mic``, else of the calendar, else 2. A bond, future or option has a ``contract``, which is
    fixed; shares and funds have none.
    """

    instrument: Key
    name: Name
    isin: Code
    mic: Code
    cfi: Code
    currency: Code
    issuer: Key
    calendar: Key
    settlement_days: Days | None = None
    contract: Contract | None = None


class DefineCalendar(Command, frozen=True, kw_only=True):
    """``weekend`` holds ISO weekdays, Monday 1 to Sunday 7."""

    calendar: Key
    name: Name
    holidays: Annotated[tuple[date, ...], msgspec.Meta(max_length=5000)] = ()
    weekend: tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...] = (6, 7)


class SetLimit(Command, frozen=True, kw_only=True):
    """A hard pre-trade limit of a book. Notionals are in the book's base currency, the collar in percent of the last
    price, quantities in units of ``instrument`` (every instrument when none is named). Without ``amount`` it is lifted.
    """

    book: Key
    kind: LimitKind
    amount: Decimal | None = None
    instrument: Key | None = None


class RestrictInstrument(Command, frozen=True, kw_only=True):
    instrument: Key


class LiftRestriction(Command, frozen=True, kw_only=True):
    instrument: Key


class EngageKillSwitch(Command, frozen=True, kw_only=True):
    """Stops new business of one book or one trader at once."""

    book: Key | None = None
    trader: Key | None = None


class ReleaseKillSwitch(Command, frozen=True, kw_only=True):
    book: Key | None = None
    trader: Key | None = None


class IssueKey(Command, frozen=True, kw_only=True):
    """``digest`` is the HMAC-SHA-256 of the secret in hexadecimal; the secret itself is never in the log.

    ``books`` empty means every book.
    """

    key_id: Key
    name: Name
    digest: Annotated[str, msgspec.Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]+\Z")]
    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1)]
    books: tuple[Key, ...] = ()


class RevokeKey(Command, frozen=True, kw_only=True):
    key_id: Key


class RollBusinessDate(Command, frozen=True, kw_only=True):
    """Moves the business date forward, in the reference log and from there in every ledger log."""

    business_date: date


class ClosePeriod(Command, frozen=True, kw_only=True):
    """Closes every day up to and including ``through``: later facts about them restate the first open day."""

    through: date
