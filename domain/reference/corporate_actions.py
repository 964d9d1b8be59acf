"""Rules for what issuers announce, amend and cancel."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from domain.commands.contracts import FutureContract, OptionContract
from domain.commands.corporate_actions import (
    ActionTerms,
    AmendCorporateAction,
    AnnounceCorporateAction,
    CancelCorporateAction,
    CashDividend,
    CorporateAction,
    Coupon,
    Exchange,
    MixedMerger,
    SpinOff,
)
from domain.commands.reference import Role
from domain.decider import Envelope
from domain.events import Event
from domain.events.corporate_actions import (
    CorporateActionAmended,
    CorporateActionAnnounced,
    CorporateActionCancelled,
)
from domain.money import ZERO, require_amount, require_positive
from domain.outcomes import Principal
from domain.reference.authority import require_every_book, require_role
from domain.reference.definitions import require_day, require_known
from domain.reference.state import ReferenceState
from domain.refusals import Refused

ANNOUNCING: tuple[Role, ...] = ("operations", "admin")
HUNDRED = Decimal(100)


def announce(
    state: ReferenceState, command: AnnounceCorporateAction, envelope: Envelope, principal: Principal
) -> CorporateActionAnnounced:
    _require_may(principal)
    require_known(state.instruments, command.instrument, "instrument", "instrument")
    if command.action in state.corporate_actions:
        raise Refused("action-exists", f"corporate action {command.action} was announced before", "$.action")
    instrument = state.instruments[command.instrument]
    if isinstance(instrument.contract, FutureContract | OptionContract):
        raise Refused("not-entitled", "issuers act on shares and bonds", "$.instrument")
    action = CorporateAction(
        action=command.action, revision=1, instrument=command.instrument,
        product="equity" if instrument.contract is None else "bond", currency=instrument.currency,
        issuer=instrument.issuer, into_issuer="", **_dates(command), terms=command.terms,
    )
    return CorporateActionAnnounced(**envelope, action=_checked(state, action))


def amend(
    state: ReferenceState, command: AmendCorporateAction, envelope: Envelope, principal: Principal
) -> CorporateActionAmended:
    before = _standing(state, command.action, principal)
    action = replace(before, revision=before.revision + 1, **_dates(command), terms=command.terms)
    return CorporateActionAmended(**envelope, action=_checked(state, action))


def cancel(
    state: ReferenceState, command: CancelCorporateAction, envelope: Envelope, principal: Principal
) -> CorporateActionCancelled:
    before = _standing(state, command.action, principal)
    return CorporateActionCancelled(**envelope, action=replace(before, revision=before.revision + 1))


def _require_may(principal: Principal) -> None:
    require_role(principal, ANNOUNCING)
    require_every_book(principal)


def _standing(state: ReferenceState, action: str, principal: Principal) -> CorporateAction:
    _require_may(principal)
    require_known(state.corporate_actions, action, "action", "action")
    found = state.corporate_actions[action]
    if found.cancelled:
        raise Refused("wrong-state", f"corporate action {action} is cancelled", "$.action")
    return found.action


def _dates(command: AnnounceCorporateAction | AmendCorporateAction) -> dict[str, date]:
    dates = {
        "ex_date": command.ex_date, "record_date": command.record_date or command.ex_date,
        "pay_date": command.pay_date or command.ex_date,
    }
    for name, day in dates.items():
        require_day(day, name)
    if dates["pay_date"] < command.ex_date:
        raise Refused("date-out-of-range", "pay_date must not lie before the ex date", "$.pay_date")
    return dates


def _checked(state: ReferenceState, action: CorporateAction) -> CorporateAction:
    """The action, with what is known of the instrument that it brings."""
    _require_sense(action.terms)
    if isinstance(action.terms, Exchange):
        return replace(action, into_issuer=_issuer_of(state, action, action.terms.into))
    return replace(action, into_issuer="")


def _require_sense(terms: ActionTerms) -> None:
    if isinstance(terms, CashDividend | Coupon):
        _require_percent(terms.withholding_percent, "withholding_percent", "a part is withheld")
    if isinstance(terms, SpinOff):
        _require_percent(terms.cost_percent, "cost_percent", "a part of the cost goes")
    if (price := getattr(terms, "cash_in_lieu", None)) is not None:
        _require_not_negative(price, "$.terms.cash_in_lieu")
    for name in ("percent", "new", "old", "units", "price"):
        if (value := getattr(terms, name, None)) is not None:
            require_positive(value, f"$.terms.{name}")
    if isinstance(terms, CashDividend | MixedMerger):
        require_positive(terms.amount, "$.terms.amount")
    elif (amount := getattr(terms, "amount", None)) is not None:
        _require_not_negative(amount, "$.terms.amount")


def _issuer_of(state: ReferenceState, action: CorporateAction, into: str) -> str:
    """The issuer of the instrument that comes: cost is carried over without a rate, and lots of shares alone."""
    require_known(state.instruments, into, "terms.into", "instrument")
    instrument = state.instruments[into]
    if into == action.instrument:
        raise Refused("same-instrument", f"{into} does not become itself: that is a split", "$.terms.into")
    if instrument.contract is not None:
        raise Refused("wrong-product", f"{into} is no share: only such are given", "$.terms.into")
    if action.product != "equity":
        raise Refused("wrong-product", f"{action.instrument} is no share: only such are exchanged", "$.terms.kind")
    if instrument.currency != action.currency:
        raise Refused(
            "other-currency", f"{into} is in {instrument.currency}, {action.instrument} in {action.currency}",
            "$.terms.into",
        )
    return instrument.issuer


def _require_percent(value: Decimal, name: str, meaning: str) -> None:
    if not ZERO <= require_amount(value, f"$.terms.{name}") <= HUNDRED:
        raise Refused("out-of-range", f"{meaning}: 0 to 100 percent", f"$.terms.{name}")


def _require_not_negative(value: Decimal, field: str) -> None:
    if require_amount(value, field) < ZERO:
        raise Refused("negative", f"{field} must not be negative", field)


RULES: dict[type, Callable[[ReferenceState, Any, Envelope, Principal], Event]] = {
    AnnounceCorporateAction: announce, AmendCorporateAction: amend, CancelCorporateAction: cancel,
}
