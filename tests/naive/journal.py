"""The journal, the other way round: what every account must hold after some facts; a fact posts the difference."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from tests.naive.actions import Done
from tests.naive.facts import (
    Fact,
    Margin,
    Moved,
    Part,
    Trade,
    consideration_of,
    held_by,
    margins,
    standing_trades,
    standing_transfers,
)
from tests.naive.positions import done, positions

Account = tuple[str, str, str]
"""Book, account and asset."""
Balances = dict[Account, Fraction]


def balances(facts: list[Fact], at: datetime | None = None) -> Balances:
    """What every account holds, or held at a time; those that hold nothing are left out."""
    held: Balances = {}

    def put(book: str, account: str, asset: str, quantity: Fraction) -> None:
        held[book, account, asset] = held.get((book, account, asset), Fraction(0)) + quantity

    for trade in standing_trades(facts, at):
        for account, asset, quantity in _held(trade):
            put(trade.terms["book"], account, asset, quantity)
        for part in trade.parts:
            for account, asset, quantity in _repaid(part) if part.leg == "maturity" else _paid(part):
                put(part.terms["book"], account, asset, quantity)
        for name, fee in trade.expensed().items():
            put(trade.terms["book"], f"Expense:Fees:{name}", trade.terms["currency"], fee)
        for account, quantity in _contracts(trade.terms["instrument"], trade.closed()):
            put(trade.terms["book"], account, trade.terms["asset"], quantity)
    for book, account, asset, quantity in (*_penalties(facts, at), *_by_actions(facts, at)):
        put(book, account, asset, quantity)
    for moved in standing_transfers(facts, at):
        for account, asset, quantity in _moved(moved):
            put(moved.what["book"], account, asset, quantity)
    currencies = {trade.terms["instrument"]: trade.terms["currency"] for trade in standing_trades(facts, at)}
    for margin in margins(facts, at):
        currencies[margin.key.split("/")[1]] = margin.currency
        for account, asset, quantity in _margin(margin):
            put(margin.key.split("/")[0], account, asset, quantity)
    currencies |= {moved.what["instrument"]: moved.what["currency"] for moved in standing_transfers(facts, at)}
    currencies |= {each.instrument: each.action.currency for whole in done(facts, at).values() for each in whole}
    for key, position in positions(facts, at).items():
        book, instrument = key.split("/")
        put(book, "Income:RealisedPnL", currencies[instrument], -position.realised)
        put(book, f"Equity:Trading:{instrument}", currencies[instrument], position.realised)
    return {account: quantity for account, quantity in held.items() if quantity}


def entries(facts: list[Fact]) -> list[Balances]:
    """What each fact changes in the accounts."""
    found, before = [], balances([])
    for number in range(1, len(facts) + 1):
        fact = facts[number - 1]
        after = balances(facts[:number]) if {"terms", "moved", "contract", "action"} & fact.keys() else before
        changed = {account: after.get(account, Fraction(0)) - before.get(account, Fraction(0))
                   for account in {**before, **after}}
        found.append({account: quantity for account, quantity in changed.items() if quantity})
        before = after
    return found


def _penalties(facts: list[Fact], at: datetime | None) -> Iterator[tuple[str, str, str, Fraction]]:
    """Income while the days charged so far are for us, an expense while they are against us."""
    for fact in facts:
        if "charges" in fact and held_by(fact, at):
            amount = Fraction(fact["amount"])
            total = sum(Fraction(charge["amount"]) for charge in fact["charges"])
            account = "Income:Penalties" if total > 0 or (not total and amount < 0) else "Expense:Penalties"
            yield fact["terms"]["book"], "Assets:Nostro", fact["terms"]["currency"], amount
            yield fact["terms"]["book"], account, fact["terms"]["currency"], -amount


def _held(trade: Trade) -> list[tuple[str, str, Fraction]]:
    """What the terms that hold make us owe and be owed."""
    terms, quantity, currency = trade.terms, trade.number("quantity"), trade.terms["currency"]
    lines = [(_expected_cash(terms), currency, trade.consideration())]
    if trade.is_loan():
        return [*lines, (_loan(terms), terms["asset"], quantity)]
    trading = f"Equity:Trading:{terms['instrument']}"
    interest = "Assets:AccruedInterest" if Fraction(terms["quantity"]) > 0 else "Income:Interest"
    return [
        *lines, (_expected_asset(terms), terms["asset"], quantity),
        (f"Memo:Trading:{terms['instrument']}" if _is_contract(terms) else trading, terms["asset"], -quantity),
        (trading, currency, trade.accrued() - trade.number("amount")), (interest, currency, -trade.accrued()),
        (trading, currency, trade.fees() if terms.get("fees_in_cost") else Fraction(0)),
    ]


def _moved(moved: Moved) -> list[tuple[str, str, Fraction]]:
    """What has come into custody at its cost has gone from what is in transit, and the other way round."""
    quantity, cost = moved.sign * moved.total("quantity"), moved.sign * moved.total("cost")
    name, asset, currency = moved.what["instrument"], moved.what["asset"], moved.what["currency"]
    return [
        ("Assets:Custody", asset, quantity), ("Assets:InTransit", asset, -quantity),
        (f"Equity:Trading:{name}", asset, -quantity), (f"Equity:InTransit:{name}", asset, quantity),
        (f"Equity:Trading:{name}", currency, cost), (f"Equity:InTransit:{name}", currency, -cost),
    ]


def _margin(margin: Margin) -> list[tuple[str, str, Fraction]]:
    """Cash for what was gained; contracts that are closed with it leave."""
    instrument = margin.key.split("/")[1]
    lines = [(account, instrument, quantity) for account, quantity in _contracts(instrument, margin.closed)]
    return [
        *lines, ("Assets:Nostro", margin.currency, margin.amount),
        (f"Equity:Trading:{instrument}", margin.currency, -margin.amount),
    ]


def _contracts(instrument: str, quantity: Fraction) -> list[tuple[str, Fraction]]:
    """Contracts that come or go without a trade."""
    return [("Memo:Contracts", quantity), (f"Memo:Trading:{instrument}", -quantity)]


def _is_contract(terms: dict[str, Any]) -> bool:
    return terms["product"] in {"future", "option"}


def _paid(part: Part) -> list[tuple[str, str, Fraction]]:
    """What came was expected; the money of a loan is all there is."""
    terms, currency, asset = part.terms, part.terms["currency"], part.terms["asset"]
    lines = [(_expected_cash(terms), currency, -part.amount), ("Assets:Nostro", currency, part.amount)]
    if "loan" in terms:
        return lines
    kept = "Assets:Nostro" if terms["product"].startswith("fx-") else "Assets:Custody"
    kept = "Memo:Contracts" if _is_contract(terms) else kept
    return [*lines, (_expected_asset(terms), asset, -part.quantity), (kept, asset, part.quantity)]


def _by_actions(facts: list[Fact], at: datetime | None) -> Iterator[tuple[str, str, str, Fraction]]:
    for key, each in done(facts, at).items():
        for what in each:
            for account, asset, quantity in _acted(what):
                yield key.partition("/")[0], account, asset, quantity


def _acted(what: Done) -> list[tuple[str, str, Fraction]]:
    """What an action did; until it is paid the issuer owes it, or is owed."""
    issuer, net = what.issuer, what.gross - what.tax
    instrument, currency = what.instrument, what.action.currency
    owed = [
        ("Assets:SecuritiesReceivable:", "Liabilities:SecuritiesDeliverable:", "Assets:Custody", instrument,
         what.quantity),
        ("Assets:CashReceivable:", "Liabilities:CashPayable:", "Assets:Nostro", currency, what.proceeds),
        ("Assets:DividendReceivable:", "Liabilities:DividendPayable:", "Assets:Nostro", currency, net),
    ]
    income = "Income:Interest" if what.action.terms["kind"] == "coupon" else "Income:Dividend"
    trading = f"Equity:Trading:{instrument}"
    return [
        *((kept if what.action.paid else (get if size > 0 else give) + issuer, asset, size)
          for get, give, kept, asset, size in owed),
        (trading, instrument, -what.quantity), (trading, currency, -what.proceeds), (income, currency, -what.gross),
        ("Expense:WithholdingTax", currency, what.tax), (trading, currency, what.exchanged),
        (f"Equity:Exchanged:{what.action.instrument}", currency, -what.exchanged),
    ]


def _repaid(part: Part) -> list[tuple[str, str, Fraction]]:
    interest = "Income:Interest" if Fraction(part.terms["loan"]["interest"]) > 0 else "Expense:Interest"
    return [
        ("Assets:Nostro", part.terms["currency"], part.amount), (_loan(part.terms), part.terms["asset"], part.quantity),
        (interest, part.terms["asset"], part.break_cost - part.quantity - part.amount),
        (f"{'Income' if part.break_cost > 0 else 'Expense'}:BreakCosts", part.terms["asset"], -part.break_cost),
    ]


def _expected_cash(terms: dict[str, Any]) -> str:
    expected = "Assets:CashReceivable" if consideration_of(terms) > 0 else "Liabilities:CashPayable"
    return f"{expected}:{terms['counterparty']}"


def _expected_asset(terms: dict[str, Any]) -> str:
    is_bought = Fraction(terms["quantity"]) > 0
    if _is_contract(terms):
        expected = "Memo:ContractsExpected"
    elif terms["product"].startswith("fx-"):
        expected = "Assets:CashReceivable" if is_bought else "Liabilities:CashPayable"
    else:
        expected = "Assets:SecuritiesReceivable" if is_bought else "Liabilities:SecuritiesDeliverable"
    return f"{expected}:{terms['counterparty']}"


def _loan(terms: dict[str, Any]) -> str:
    return f"{'Assets:Loans' if Fraction(terms['quantity']) > 0 else 'Liabilities:Deposits'}:{terms['counterparty']}"
