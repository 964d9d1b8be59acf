"""What has accrued of the coupon of a bond that is held, or of the interest on money, for its value on a day."""

from datetime import date
from decimal import Decimal

import msgspec

from domain.bonds import accrued, accrued_amount
from domain.business_days import WEEKENDS_ONLY
from domain.commands.contracts import BondContract
from domain.money import ZERO
from projections.lending import earned
from projections.positions import Position


def accrued_on(position: Position, day: date | None) -> Decimal | None:
    """The interest that its holder has earned since the last coupon; once the next has gone ex, below zero what is
    still to be earned of it, for it is income already, or the seller's; of money, since each loan began. None when the
    day is not known.
    """
    if position.loans:
        return None if day is None else earned(position.loans, position.currency, day)
    bond = position.contract
    if not isinstance(bond, BondContract) or not position.quantity:
        return ZERO
    if day is None:
        return None
    if not bond.issue_date <= day < bond.maturity_date:
        return ZERO
    bond = msgspec.structs.replace(bond, ex_coupon_days=0)
    found = accrued(bond, day, WEEKENDS_ONLY, gone_ex=position.gone_ex)
    return ZERO if found is None else accrued_amount(position.quantity, found.percent, position.currency)
