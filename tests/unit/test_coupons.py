"""Coupons, and what has accrued of them: who held a bond earns both, whoever comes too late neither."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import BondContract, CancelTrade
from domain.commands.corporate_actions import Coupon
from projections.accruals import accrued_on
from tests.corporate_actions import Told, of, roll
from tests.instruments import define, nominal, trade
from tests.rules import DAY
from tests.trade_commands import about

BOND = BondContract(
    coupon=Decimal(5), issue_date=date(2025, 12, 15), maturity_date=date(2030, 12, 15), ex_coupon_days=7
)
EX, LATE, PAID = date(2026, 12, 4), date(2026, 12, 7), date(2026, 12, 15)
COUPON = of("BOND", Coupon(percent=Decimal(5)), "C1", EX, PAID)


def bought(trade_id: str = "T1", **changes: Any) -> Any:
    return trade(nominal("1000000", "100", "BOND"), trade_id, **changes)


def earned(told: Told, day: date) -> tuple[Decimal, Decimal]:
    """The income of the position, and what has accrued beside it."""
    position = told.position(instrument="BOND")
    accrued = accrued_on(position, day)
    assert accrued is not None
    return position.income, accrued


def told(*commands: Any) -> Told:
    return Told(define("BOND", "DBFTFB", BOND), *commands)


def test_a_coupon_is_earned_once_before_and_after_it_has_gone_ex() -> None:
    found = told(roll(DAY), bought(), COUPON)
    # 346 days of 365 were paid for.
    assert earned(found, date(2026, 12, 3)) == (Decimal("-47397.26"), Decimal("48356.16"))
    found.tell(roll(EX))
    assert earned(found, EX) == (Decimal("2602.74"), Decimal("-1506.85"))
    assert earned(found, date(2026, 12, 14)) == (Decimal("2602.74"), Decimal("-136.99"))
    assert earned(found, PAID) == (Decimal("2602.74"), Decimal(0))
    assert earned(found, date(2026, 12, 16)) == (Decimal("2602.74"), Decimal("136.99"))


def test_who_buys_without_the_coupon_is_paid_for_its_days_and_earns_them() -> None:
    found = told(roll(LATE), bought(trade_date=LATE))
    assert earned(found, date(2026, 12, 9)) == (Decimal("821.92"), Decimal("-821.92"))
    assert earned(found, PAID) == (Decimal("821.92"), Decimal(0))


@pytest.mark.parametrize("cancelled", ["T1", "T2"])
def test_in_one_position_what_was_bought_before_and_after_is_told_together(cancelled: str) -> None:
    found = told(bought(), COUPON, roll(EX), roll(LATE), bought("T2", trade_date=LATE))
    # 1,000,000 with its coupon, and another without: eight days of both are still to be earned.
    assert earned(found, LATE) == (Decimal("2602.74") + Decimal("821.92"), Decimal("-2191.78"))
    found.tell(about(CancelTrade, cancelled))
    left = Decimal("2602.74") if cancelled == "T2" else Decimal("821.92")
    assert earned(found, LATE) == (left, Decimal("-1095.89"))


def test_a_coupon_that_goes_ex_a_little_late_leaves_the_next_one_alone() -> None:
    late = of("BOND", Coupon(percent=Decimal(5)), "C1", date(2026, 12, 17), date(2026, 12, 18))
    found = told(roll(DAY), bought(), late, roll(date(2026, 12, 17)))
    assert earned(found, date(2027, 6, 15))[1] == Decimal("24931.51")
