"""What an instrument promises: the coupons of a bond, the size of a future, the right of an option."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from domain.commands.header import Key

BondDayCount = Literal["ACT/ACT-ICMA", "ACT/ACT-ISDA", "30/360-US", "30E/360", "ACT/360", "ACT/365F"]
Frequency = Literal[1, 2, 4, 12]


class BondContract(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False,
    tag_field="kind", tag="bond",
):
    """Interest runs from ``issue_date`` at ``coupon`` percent a year, paid ``frequency`` times a year on days counted
    back from ``maturity_date``; a bill has a coupon of 0. From ``ex_coupon_days`` business days before a coupon on it
    stays with the seller. ``end_of_month`` puts every coupon at its month's end when the maturity is at one.
    """

    coupon: Decimal
    frequency: Frequency = 1
    day_count: BondDayCount = "ACT/ACT-ICMA"
    issue_date: date
    maturity_date: date
    first_coupon_date: date | None = None
    ex_coupon_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 0
    end_of_month: bool = False


class FutureContract(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False,
    tag_field="kind", tag="future",
):
    """One contract is ``multiplier`` units of what is priced; prices are whole numbers of ``tick``."""

    multiplier: Decimal
    tick: Decimal
    last_trading_day: date
    underlying: Key | None = None


class OptionContract(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False,
    tag_field="kind", tag="option",
):
    """The right to buy (a call) or to sell (a put) ``multiplier`` shares of ``underlying`` at ``strike``: on the day of
    ``expiry`` alone when the style is european, on any day up to it when it is american.
    """

    right: Literal["call", "put"]
    style: Literal["american", "european"] = "american"
    underlying: Key
    strike: Decimal
    multiplier: Decimal
    expiry: date


Contract = BondContract | FutureContract | OptionContract
