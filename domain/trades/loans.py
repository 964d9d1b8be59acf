"""What becomes of a loan or deposit once its money has moved: rates are fixed, it is rolled over or repaid early."""

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from domain.commands.products import FixRate, RepayEarly, RollOverLoan
from domain.commands.trades import LoanTerms, SettleTrade
from domain.decider import Envelope
from domain.events import LoanPartlyRepaidEarly, LoanRepaidEarly, LoanRolledOver, RateFixed, TradeSettled
from domain.events.trades import Economics, Fixing, LoanSchedule
from domain.money import require_amount, require_positive
from domain.refusals import Refused
from domain.trades import obligations
from domain.trades.accrual import interest_between, refixed
from domain.trades.products.loan import require_percent
from domain.trades.settlement import settle
from domain.trades.state import TradeState


def fix(trade: TradeState, command: FixRate, dated: Envelope) -> RateFixed:
    """The interest of a floating loan with one more fixing, or another one of that day.

    Raises:
        Refused: when nothing is to be fixed on that day.
    """
    loan, terms = schedule_of(trade), trade.terms
    if loan.rate_type != "floating":
        raise Refused("not-floating", f"the rate of trade {trade.trade_id} is fixed", "$.trade_id")
    obligations.require_open(trade)
    if trade.leg == "maturity" and trade.settled_quantity:
        raise Refused("already-settled", f"a part of trade {trade.trade_id} is repaid: its interest stands")
    if not loan.start_date <= command.fixed_from < loan.maturity_date:
        raise Refused("date-out-of-range", "a rate is fixed for a day of the loan's life", "$.fixed_from")
    require_percent(command.rate, loan.spread, "$.rate")
    fixing = Fixing(fixed_from=command.fixed_from, rate=command.rate)
    return RateFixed(
        **dated, trade_id=trade.trade_id, revision=trade.revision, rate=command.rate, fixed_from=command.fixed_from,
        terms=replace(terms, loan=refixed(loan, fixing, terms.quantity, terms.currency)),
    )


def roll_over(trade: TradeState, command: RollOverLoan, dated: Envelope, today: date | None) -> LoanRolledOver:
    """The repayment of the old loan on the day it falls due.

    Raises:
        Refused: when it is not due, or a part of it is repaid.
    """
    loan = _require_running(trade)
    if trade.settled_quantity:
        raise Refused("already-settled", f"a part of trade {trade.trade_id} is repaid: what is left is not rolled over")
    if loan.maturity_date > (today or loan.maturity_date):
        raise Refused("not-due", f"trade {trade.trade_id} is due on {loan.maturity_date}, not before")
    asked = SettleTrade(
        command_id=command.command_id, trade_id=command.trade_id, book=command.book, settled_on=loan.maturity_date
    )
    moved = obligations.moved(settle(trade, asked, dated["business_date"], today))
    return LoanRolledOver(**obligations.about(trade, dated), **moved, successor=command.new_trade_id)


def renewed(terms: Economics, command: RollOverLoan) -> LoanTerms:
    """The terms of the loan that follows."""
    loan = terms.loan
    assert loan is not None
    principal = terms.quantity + loan.interest if command.capitalises else terms.quantity
    return LoanTerms(
        side="lend" if terms.quantity > 0 else "take", currency=terms.currency, principal=abs(principal),
        rate_type=loan.rate_type, rate=command.rate, index=loan.index, day_count=loan.day_count,
        spread=loan.spread if command.spread is None else command.spread, start_date=loan.maturity_date,
        maturity_date=command.maturity_date, tenor=command.tenor,
    )


def drawn(trade_id: str, terms: Economics, dated: Envelope) -> TradeSettled:
    """The start of the loan that follows: its money is what the old one repays."""
    return TradeSettled(
        **dated, trade_id=trade_id, terms=terms, quantity=terms.quantity, amount=terms.amount,
        settled_quantity=terms.quantity, settled_amount=terms.amount, settled_on=terms.settlement_date,
    )


def repay(
    trade: TradeState, command: RepayEarly, dated: Envelope, today: date | None
) -> LoanRepaidEarly | LoanPartlyRepaidEarly:
    """What is repaid before maturity: the interest on it ends that day, that on the rest goes on.

    Raises:
        Refused: when it is not early, or more than is open.
    """
    loan, terms = _require_running(trade), trade.terms
    day: date = command.repaid_on or dated["business_date"]
    if not loan.start_date <= day < loan.maturity_date or (today is not None and day > today):
        raise Refused(
            "date-out-of-range", f"early is from {loan.start_date} on, before {loan.maturity_date}", "$.repaid_on"
        )
    break_cost = require_amount(command.break_cost, "$.break_cost")
    still_open = terms.quantity + trade.settled_quantity
    part = _part(command, still_open)
    amount = part + interest_between(loan, part, terms.currency, day) + break_cost
    rest = still_open - part
    due = rest + interest_between(loan, rest, terms.currency, loan.maturity_date)
    costs = loan.break_cost + break_cost
    interest = trade.settled_amount + amount + due - terms.quantity - costs
    if trade.settled_quantity and interest * loan.interest < 0:
        raise Refused("interest-turns", "the interest would turn round, of which a part is paid", "$.repaid_on")
    changed = replace(loan, interest=interest, break_cost=costs, maturity_date=loan.maturity_date if rest else day)
    fields: dict[str, Any] = {
        **obligations.about(trade, dated), "terms": replace(terms, loan=changed), "quantity": -part, "amount": amount,
        "settled_quantity": trade.settled_quantity - part, "settled_amount": trade.settled_amount + amount,
        "settled_on": day, "break_cost": break_cost,
    }
    return LoanPartlyRepaidEarly(**fields) if rest else LoanRepaidEarly(**fields)


def schedule_of(trade: TradeState) -> LoanSchedule:
    if trade.terms.loan is None:
        raise Refused("wrong-product", f"trade {trade.trade_id} is no loan or deposit", "$.trade_id")
    return trade.terms.loan


def _require_running(trade: TradeState) -> LoanSchedule:
    loan = schedule_of(trade)
    obligations.require_open(trade)
    if trade.leg != "maturity":
        raise Refused("wrong-state", f"trade {trade.trade_id} is {trade.status}: its money has not moved yet")
    obligations.require_not_netted(trade)
    obligations.require_not_held(trade)
    return loan


def _part(command: RepayEarly, still_open: Decimal) -> Decimal:
    """Signed as the terms."""
    if command.quantity is None:
        return still_open
    quantity = require_positive(command.quantity, "$.quantity")
    if quantity > abs(still_open):
        raise Refused("more-than-open", f"only {abs(still_open):f} is open", "$.quantity")
    return quantity.copy_sign(still_open)
