"""Rules for what holds business back or lets it go on: limits, lists, kill switches, keys, dates and periods."""

from collections.abc import Callable
from typing import Any

from domain.commands import (
    ClosePeriod,
    EngageKillSwitch,
    IssueKey,
    LiftRestriction,
    ReleaseKillSwitch,
    RestrictInstrument,
    RevokeKey,
    RollBusinessDate,
    SetLimit,
)
from domain.commands.reference import Role
from domain.decider import Envelope
from domain.events import (
    BusinessDateRolled,
    Event,
    InstrumentRestricted,
    KeyIssued,
    KeyRevoked,
    KillSwitchEngaged,
    KillSwitchReleased,
    LimitSet,
    PeriodClosed,
    RestrictionLifted,
)
from domain.money import require_positive
from domain.outcomes import SYSTEM, Principal
from domain.reference.authority import require_book, require_every_book, require_role, require_trader
from domain.reference.definitions import require_day, require_known
from domain.reference.state import ReferenceState
from domain.refusals import Refused
from domain.routing import is_log

LIMITING: tuple[Role, ...] = ("risk", "admin")
LISTING: tuple[Role, ...] = ("compliance", "admin")
ADMINISTERING: tuple[Role, ...] = ("admin",)
TURNING: tuple[Role, ...] = ("operations", "admin")
LONGEST_ROLL_DAYS = 31


def set_limit(state: ReferenceState, command: SetLimit, envelope: Envelope, principal: Principal) -> LimitSet:
    """A limit set, or lifted when no amount is given; the gross limit is of the whole book."""
    require_role(principal, LIMITING)
    require_known(state.books, command.book, "book", "book")
    require_book(principal, command.book)
    if command.instrument is not None:
        if command.kind == "gross-notional":
            raise Refused("limit-of-whole-book", "the gross notional is limited for the whole book", "$.instrument")
        require_known(state.instruments, command.instrument, "instrument", "instrument")
    if command.amount is not None:
        require_positive(command.amount, "$.amount")
    elif (command.kind, command.instrument) not in state.limits.get(command.book, {}):
        raise Refused("no-such-limit", "there is no such limit to lift", "$.amount")
    suffix = f":{command.instrument}" if command.instrument else ""
    version = state.versions.get(f"limit:{command.book}:{command.kind}{suffix}", 0) + 1
    return LimitSet(
        **envelope, book=command.book, kind=command.kind, amount=command.amount, instrument=command.instrument,
        version=version,
    )


def restrict(
    state: ReferenceState, command: RestrictInstrument, envelope: Envelope, principal: Principal
) -> InstrumentRestricted:
    require_role(principal, LISTING)
    require_every_book(principal)
    require_known(state.instruments, command.instrument, "instrument", "instrument")
    if command.instrument in state.restricted:
        raise Refused("already-restricted", f"{command.instrument} is on the restricted list", "$.instrument")
    return InstrumentRestricted(**envelope, instrument=command.instrument)


def lift(
    state: ReferenceState, command: LiftRestriction, envelope: Envelope, principal: Principal
) -> RestrictionLifted:
    require_role(principal, LISTING)
    require_every_book(principal)
    if command.instrument not in state.restricted:
        raise Refused("not-restricted", f"{command.instrument} is not on the restricted list", "$.instrument")
    return RestrictionLifted(**envelope, instrument=command.instrument)


def engage(
    state: ReferenceState, command: EngageKillSwitch, envelope: Envelope, principal: Principal
) -> KillSwitchEngaged:
    if _is_engaged(state, command, principal):
        raise Refused("already-engaged", "this kill switch is on already")
    return KillSwitchEngaged(**envelope, book=command.book, trader=command.trader)


def release(
    state: ReferenceState, command: ReleaseKillSwitch, envelope: Envelope, principal: Principal
) -> KillSwitchReleased:
    if not _is_engaged(state, command, principal):
        raise Refused("not-engaged", "this kill switch is not on")
    return KillSwitchReleased(**envelope, book=command.book, trader=command.trader)


def issue_key(state: ReferenceState, command: IssueKey, envelope: Envelope, principal: Principal) -> KeyIssued:
    require_role(principal, ADMINISTERING)
    if command.key_id == SYSTEM.key_id or is_log(command.key_id):
        raise Refused("reserved", f"the key id {command.key_id!r} is Everbook's own", "$.key_id")
    if command.key_id in state.keys:
        raise Refused("key-exists", f"key {command.key_id} was issued before", "$.key_id")
    if command.digest in state.digests:
        raise Refused("key-exists", "a key with this secret was issued before", "$.digest")
    if principal.books and not set(command.books) & set(principal.books) == set(command.books) != set():
        raise Refused("not-permitted", "a key for some books issues keys for these alone", "$.books")
    return KeyIssued(
        **envelope, key_id=command.key_id, name=command.name, digest=command.digest, roles=command.roles,
        books=command.books,
    )


def revoke_key(state: ReferenceState, command: RevokeKey, envelope: Envelope, principal: Principal) -> KeyRevoked:
    require_role(principal, ADMINISTERING)
    if command.key_id not in state.principals:
        raise Refused("unknown-key", f"no key {command.key_id!r} is in force", "$.key_id")
    books = state.principals[command.key_id].books
    if principal.books and not (books and set(books) <= set(principal.books)):
        raise Refused("not-permitted", "a key for some books revokes keys for these alone", "$.key_id")
    # One for some books issues no key for the others.
    admins = [holder.key_id for holder in state.principals.values() if "admin" in holder.roles and not holder.books]
    if admins == [command.key_id]:
        raise Refused("last-admin", "the last key of an admin of every book stays", "$.key_id")
    return KeyRevoked(**envelope, key_id=command.key_id)


def roll(
    state: ReferenceState, command: RollBusinessDate, envelope: Envelope, principal: Principal
) -> BusinessDateRolled:
    require_role(principal, TURNING)
    require_every_book(principal)
    day, previous = command.business_date, state.business_date()
    require_day(day, "business_date")
    if previous is not None and not 0 < (day - previous).days <= LONGEST_ROLL_DAYS:
        raise Refused(
            "date-out-of-range", f"business_date must follow {previous} by at most {LONGEST_ROLL_DAYS} days",
            "$.business_date",
        )
    return BusinessDateRolled(**{**envelope, "business_date": day}, previous=previous)


def close(state: ReferenceState, command: ClosePeriod, envelope: Envelope, principal: Principal) -> PeriodClosed:
    require_role(principal, TURNING)
    require_every_book(principal)
    today, closed = state.business_date(), state.closed_through()
    if today is None or command.through >= today:
        raise Refused("date-out-of-range", f"a period closes before the business date ({today})", "$.through")
    if closed is not None and command.through <= closed:
        raise Refused("already-closed", f"closed through {closed} already", "$.through")
    return PeriodClosed(**envelope, through=command.through)


def _is_engaged(
    state: ReferenceState, command: EngageKillSwitch | ReleaseKillSwitch, principal: Principal
) -> bool:
    require_role(principal, LIMITING)
    if (command.book is None) == (command.trader is None):
        raise Refused("book-or-trader", "name either a book or a trader", "$.book")
    if command.book is not None:
        require_known(state.books, command.book, "book", "book")
        require_book(principal, command.book)
        return command.book in state.killed_books
    require_known(state.traders, command.trader or "", "trader", "trader")
    trader = state.traders[command.trader or ""]
    require_trader(principal, state, trader.desk, trader.books)
    return command.trader in state.killed_traders


RULES: dict[type, Callable[[ReferenceState, Any, Envelope, Principal], Event]] = {
    SetLimit: set_limit, RestrictInstrument: restrict, LiftRestriction: lift, EngageKillSwitch: engage,
    ReleaseKillSwitch: release, IssueKey: issue_key, RevokeKey: revoke_key, RollBusinessDate: roll, ClosePeriod: close,
}
