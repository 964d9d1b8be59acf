"""The templates of the journal: what every event posts to which account."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from domain.events import PenaltyBooked, SettlementEvent, TransferEvent, TransferSent, VariationMarginSettled
from domain.events.products import LoanPartlyRepaidEarly, LoanRepaidEarly, OptionEvent
from domain.events.trades import Economics
from domain.money import ZERO
from projections.accounts import (
    accrued_account,
    contra_account,
    expected_cash,
    expected_delivery,
    in_transit_account,
    interest_account,
    loan_account,
    settled_into,
    trading_account,
)


class Posting(msgspec.Struct, frozen=True, gc=False):
    """Signed ``quantity`` of ``asset``: a debit above zero, a credit below."""

    account: str
    asset: str
    quantity: Decimal


def trade_postings(terms: Economics, whole: Economics | None = None) -> list[Posting]:
    """What the terms oblige both sides to, against the trading account (or the loan), and the fees. What is a part of a
    ``whole`` is on the side of that.
    """
    quantity, currency = terms.quantity, terms.currency
    whole = whole or terms
    if terms.loan is not None:
        postings = [Posting(loan_account(whole), terms.asset, quantity)]
    else:
        postings = [
            Posting(expected_delivery(whole), terms.asset, quantity),
            Posting(contra_account(terms), terms.asset, -quantity),
            Posting(trading_account(terms.instrument), currency, _cost(terms)),
        ]
        if (accrued := terms.accrued) is not None:
            postings.append(Posting(accrued_account(terms), currency, -accrued.amount))
    postings.append(Posting(expected_cash(whole), currency, terms.amount - terms.total_fees))
    if terms.fees_in_cost and terms.loan is None:
        return postings
    for name, fee in terms.fees.items():
        postings.append(Posting(f"Expense:Fees:{name}", currency, fee))
    return postings


def transfer_postings(fact: TransferEvent) -> list[Posting]:
    """Out of custody, and out of the trading account at cost, on the way to the other book; or in from there."""
    moved = fact.moved
    sign = -1 if isinstance(fact, TransferSent) else 1
    quantity, cost = sign * moved.quantity, sign * moved.cost
    trading, in_transit = trading_account(moved.instrument), in_transit_account(moved.instrument)
    postings = [
        Posting("Assets:Custody", moved.asset, quantity), Posting("Assets:InTransit", moved.asset, -quantity),
        Posting(trading, moved.asset, -quantity), Posting(in_transit, moved.asset, quantity),
        Posting(trading, moved.currency, cost), Posting(in_transit, moved.currency, -cost),
    ]
    return [posting for posting in postings if posting.quantity]


def _cost(terms: Economics) -> Decimal:
    """What the lots of a trade cost: the cash, but for interest, and the fees where they are part of it."""
    cost = -terms.amount if terms.accrued is None else terms.value
    return cost + terms.total_fees if terms.fees_in_cost else cost


def realised_postings(instrument: str, currency: str, realised: Decimal) -> tuple[Posting, ...]:
    """What is realised of an instrument goes from its trading account to income."""
    return Posting(trading_account(instrument), currency, realised), Posting("Income:RealisedPnL", currency, -realised)


def settlement_postings(fact: SettlementEvent) -> Iterator[Posting]:
    """What a settlement moves, out of where it was expected."""
    terms = fact.terms
    yield Posting("Assets:Nostro", terms.currency, fact.amount)
    if fact.leg == "maturity":
        yield Posting(loan_account(terms), terms.asset, fact.quantity)
        yield from _interest_postings(fact)
        return
    yield Posting(expected_cash(terms), terms.currency, -fact.amount)
    if terms.loan is None:
        yield Posting(settled_into(terms), terms.asset, fact.quantity)
        yield Posting(expected_delivery(terms), terms.asset, -fact.quantity)


def _interest_postings(fact: SettlementEvent) -> Iterator[Posting]:
    terms, interest = fact.terms, fact.quantity + fact.amount
    if isinstance(fact, LoanRepaidEarly | LoanPartlyRepaidEarly):
        interest -= fact.break_cost
        account = "Income:BreakCosts" if fact.break_cost > 0 else "Expense:BreakCosts"
        yield Posting(account, terms.currency, -fact.break_cost)
    yield Posting(interest_account(terms), terms.currency, -interest)


def closing_postings(fact: OptionEvent) -> Iterator[Posting]:
    """Contracts that were used or lost leave the memo."""
    yield Posting(settled_into(fact.terms), fact.terms.asset, fact.quantity)
    yield Posting(contra_account(fact.terms), fact.terms.asset, -fact.quantity)


def margin_postings(fact: VariationMarginSettled) -> Iterator[Posting]:
    """Cash through the clearing house, against what it realises; what is closed leaves the memo."""
    yield Posting("Assets:Nostro", fact.currency, fact.amount)
    yield Posting(trading_account(fact.instrument), fact.currency, -fact.amount)
    yield Posting("Memo:Contracts", fact.instrument, fact.closed)
    yield Posting(f"Memo:Trading:{fact.instrument}", fact.instrument, -fact.closed)


def penalty_postings(fact: PenaltyBooked) -> Iterator[Posting]:
    """The depository takes and gives penalties without being asked; what was too much goes back where it was."""
    total = sum((charge.amount for charge in fact.charges), ZERO)
    account = "Income:Penalties" if (total or -fact.amount) > 0 else "Expense:Penalties"
    yield Posting("Assets:Nostro", fact.terms.currency, fact.amount)
    yield Posting(account, fact.terms.currency, -fact.amount)
