"""What issuers do to all who hold an instrument: announced in the reference log, and carried into each ledger log."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from domain.commands.header import Command, Key, Reference
from domain.money import ZERO


class _Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False,
             tag_field="kind"):
    """Amounts are for one unit held, in the instrument's currency."""


class CashDividend(_Terms, frozen=True, kw_only=True, tag="cash-dividend"):
    """``withholding_percent`` of what a holder receives is kept back as tax; who is short pays the gross amount."""

    amount: Decimal
    withholding_percent: Decimal = ZERO


class Coupon(_Terms, frozen=True, kw_only=True, tag="coupon"):
    """Interest of a bond: ``percent`` of its nominal, which is what is held of it."""

    percent: Decimal
    withholding_percent: Decimal = ZERO


class Split(_Terms, frozen=True, kw_only=True, tag="split"):
    """``new`` units for ``old`` ones: 2 for 1, or in reverse 1 for 20. With ``cash_in_lieu``, the price of a new unit,
    fractions of the whole holding are paid out.
    """

    new: Decimal
    old: Decimal
    cash_in_lieu: Decimal | None = None


class StockDividend(_Terms, frozen=True, kw_only=True, tag="stock-dividend"):
    """``units`` more for each one held."""

    units: Decimal
    cash_in_lieu: Decimal | None = None


class Redemption(_Terms, frozen=True, kw_only=True, tag="redemption"):
    """The holding ends for ``amount`` a unit: of a bond at par 1, for it is held by nominal."""

    amount: Decimal


class CashMerger(_Terms, frozen=True, kw_only=True, tag="cash-merger"):
    """The holding ends for ``amount`` a unit."""

    amount: Decimal


class SpinOff(_Terms, frozen=True, kw_only=True, tag="spin-off"):
    """``new`` units of the instrument ``into`` for ``old`` ones that are kept, and with them ``cost_percent`` of what
    every lot cost.
    """

    into: Reference
    new: Decimal
    old: Decimal
    cost_percent: Decimal
    cash_in_lieu: Decimal | None = None


class StockMerger(_Terms, frozen=True, kw_only=True, tag="stock-merger"):
    """The holding becomes ``new`` units of the instrument ``into`` for ``old`` ones, at its cost."""

    into: Reference
    new: Decimal
    old: Decimal
    cash_in_lieu: Decimal | None = None


class MixedMerger(_Terms, frozen=True, kw_only=True, tag="mixed-merger"):
    """As a merger for stock, and ``amount`` in cash for each old unit. What a lot gained, with a new unit worth
    ``price``, is realised up to that cash; a loss stays in the cost.
    """

    into: Reference
    new: Decimal
    old: Decimal
    amount: Decimal
    price: Decimal
    cash_in_lieu: Decimal | None = None


Exchange = SpinOff | StockMerger | MixedMerger
"""Terms that bring units of another instrument."""
ActionTerms = CashDividend | Coupon | Split | StockDividend | Redemption | CashMerger | Exchange


class CorporateAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who holds at the opening of ``ex_date`` is entitled, and gets it on ``pay_date``; ``revision`` counts what was
    announced, amended and cancelled from 1. ``into_issuer`` is that of the instrument that an exchange brings.
    """

    action: str
    revision: int
    instrument: str
    product: Literal["equity", "bond"] = "equity"
    currency: str
    issuer: str
    into_issuer: str = ""
    ex_date: date
    record_date: date
    pay_date: date
    terms: ActionTerms

    @property
    def into(self) -> str | None:
        """The other instrument that comes by it."""
        return self.terms.into if isinstance(self.terms, Exchange) else None


class AnnounceCorporateAction(Command, frozen=True, kw_only=True):
    """Without ``record_date`` and ``pay_date`` these are the ``ex_date``."""

    action: Key
    instrument: Reference
    ex_date: date
    record_date: date | None = None
    pay_date: date | None = None
    terms: ActionTerms


class AmendCorporateAction(Command, frozen=True, kw_only=True):
    """The full new dates and terms, as if they had been announced from the beginning."""

    action: Reference
    ex_date: date
    record_date: date | None = None
    pay_date: date | None = None
    terms: ActionTerms


class CancelCorporateAction(Command, frozen=True, kw_only=True):
    """The action will not be, and never was."""

    action: Reference


class ActionCommand(Command, frozen=True, kw_only=True):
    """Carries an action into a ledger log. Everbook commands it by itself."""

    action: CorporateAction


class ApplyCorporateAction(ActionCommand, frozen=True, kw_only=True):
    """The ex date has come; an earlier revision no longer holds."""


class PayCorporateAction(ActionCommand, frozen=True, kw_only=True):
    """The pay date has come."""


class ReverseCorporateAction(ActionCommand, frozen=True, kw_only=True):
    """What was applied does not hold, because of ``revision``: it was cancelled, or is to come later."""

    revision: int
