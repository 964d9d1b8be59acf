"""Money lent or taken for a time, and the interest on it."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain.business_days import EARLIEST, LATEST, add_tenor
from domain.commands.trades import LoanTerms
from domain.currencies import require_currency
from domain.events.trades import Economics, LoanSchedule
from domain.money import ONE, require_amount, require_positive
from domain.refusals import Refused
from domain.trades.accrual import interest_between
from domain.trades.products.deal import Deal, ReferenceFacts, require_not_before

HIGHEST_PERCENT = 1000


def loan(terms: LoanTerms, deal: Deal) -> Economics:
    """A loan, or a deposit that we take."""
    currency = require_currency(terms.currency, "$.terms.currency")
    principal = require_positive(terms.principal, "$.terms.principal")
    lends = terms.side == "lend"
    quantity = principal if lends else -principal
    return replace(
        deal.begun(), product="loan-deposit", instrument=("LOAN-" if lends else "DEPOSIT-") + currency,
        asset=currency, currency=currency, issuer=deal.parties.counterparty, quantity=quantity, price=ONE,
        amount=-quantity,
        settlement_date=require_not_before(terms.start_date, deal.trade_date, "$.terms.start_date"),
        notional=deal.notional(principal, currency), loan=_schedule(terms, quantity, deal.reference),
        # Money has no lots whose cost a fee could be part of.
        fees_in_cost=False,
    )


def require_percent(rate: Decimal, spread: Decimal, field: str) -> Decimal:
    """``rate`` when it can be one.

    Raises:
        Refused: naming ``field``.
    """
    if abs(require_amount(rate, field) + require_amount(spread, "$.terms.spread")) > HIGHEST_PERCENT:
        raise Refused("out-of-range", "rate is yearly in percent, at most 1000", field)
    return rate


def _schedule(terms: LoanTerms, quantity: Decimal, reference: ReferenceFacts) -> LoanSchedule:
    if (terms.maturity_date is None) == (terms.tenor is None):
        raise Refused("maturity-or-tenor", "give either maturity_date or tenor", "$.terms.maturity_date")
    if (terms.rate_type == "floating") != (terms.index is not None):
        raise Refused("index-mismatch", "a floating rate needs an index, a fixed rate has none", "$.terms.index")
    if not EARLIEST <= terms.start_date <= LATEST:
        raise Refused("date-out-of-range", "start_date must lie between 1970 and 2200", "$.terms.start_date")
    schedule = LoanSchedule(
        rate_type=terms.rate_type, rate=require_percent(terms.rate, terms.spread, "$.terms.rate"),
        spread=terms.spread, index=terms.index, day_count=terms.day_count, start_date=terms.start_date,
        maturity_date=_maturity(terms, reference), interest=Decimal(0),
    )
    return replace(
        schedule, interest=interest_between(schedule, quantity, terms.currency, schedule.maturity_date)
    )


def _maturity(terms: LoanTerms, reference: ReferenceFacts) -> date:
    maturity = terms.maturity_date or add_tenor(
        terms.start_date, terms.tenor or "0D", reference.currency_calendars(terms.currency)
    )
    if not terms.start_date <= maturity <= LATEST:
        raise Refused("date-out-of-range", "maturity must lie between the start and 2200", "$.terms.maturity_date")
    return maturity
