"""The journal, the other way round: what every account must hold after some facts; a fact posts the difference."""

from collections.abc import Iterator
from fractions import Fraction

from tests.naive.facts import Fact, Trade, standing_trades
from tests.naive.positions import positions

Account = tuple[str, str, str]
"""Book, account and asset."""
Balances = dict[Account, Fraction]


def balances(facts: list[Fact]) -> Balances:
    """What every account holds; those that hold nothing are left out."""
    held: Balances = {}

    def put(book: str, account: str, asset: str, quantity: Fraction) -> None:
        held[book, account, asset] = held.get((book, account, asset), Fraction(0)) + quantity

    for trade in standing_trades(facts):
        for account, asset, quantity in [*_cash(trade), *_asset(trade)]:
            put(trade.terms["book"], account, asset, quantity)
        for name, fee in trade.terms.get("fees", {}).items():
            put(trade.terms["book"], f"Expense:Fees:{name}", trade.terms["currency"], Fraction(fee))
    for book, account, currency, amount in _penalties(facts):
        put(book, account, currency, amount)
    currencies = {trade.terms["instrument"]: trade.terms["currency"] for trade in standing_trades(facts)}
    for key, position in positions(facts).items():
        book, instrument = key.split("/")
        put(book, "Income:RealisedPnL", currencies[instrument], -position.realised)
        put(book, f"Equity:Trading:{instrument}", currencies[instrument], position.realised)
    return {account: quantity for account, quantity in held.items() if quantity}


def entries(facts: list[Fact]) -> list[Balances]:
    """What each fact changes in the accounts."""
    found, before = [], balances([])
    for number in range(1, len(facts) + 1):
        after = balances(facts[:number]) if "terms" in facts[number - 1] else before
        changed = {account: after.get(account, Fraction(0)) - before.get(account, Fraction(0))
                   for account in {**before, **after}}
        found.append({account: quantity for account, quantity in changed.items() if quantity})
        before = after
    return found


def _penalties(facts: list[Fact]) -> Iterator[tuple[str, str, str, Fraction]]:
    """Income while the days charged so far are for us, an expense while they are against us."""
    for fact in facts:
        if "charges" in fact:
            amount = Fraction(fact["amount"])
            total = sum(Fraction(charge["amount"]) for charge in fact["charges"])
            account = "Income:Penalties" if total > 0 or (not total and amount < 0) else "Expense:Penalties"
            yield fact["terms"]["book"], "Assets:Nostro", fact["terms"]["currency"], amount
            yield fact["terms"]["book"], account, fact["terms"]["currency"], -amount


def _cash(trade: Trade) -> list[tuple[str, str, Fraction]]:
    """What is still expected of the consideration, and what has gone through the nostro account."""
    terms, whole, paid = trade.terms, trade.consideration(), trade.settled_amount("start")
    expected = "Assets:CashReceivable" if whole > 0 else "Liabilities:CashPayable"
    return [
        (f"{expected}:{terms['counterparty']}", terms["currency"], whole - paid),
        ("Assets:Nostro", terms["currency"], paid + trade.settled_amount("maturity")),
    ]


def _asset(trade: Trade) -> list[tuple[str, str, Fraction]]:
    terms, quantity, settled = trade.terms, trade.number("quantity"), trade.settled_quantity("start")
    party, asset, is_bought = terms["counterparty"], terms["asset"], trade.number("quantity") > 0
    if trade.is_loan():
        repaid, received = trade.settled_quantity("maturity"), trade.settled_amount("maturity")
        interest = "Income:Interest" if Fraction(terms["loan"]["interest"]) > 0 else "Expense:Interest"
        account = f"Assets:Loans:{party}" if is_bought else f"Liabilities:Deposits:{party}"
        return [(account, asset, quantity + repaid), (interest, asset, -repaid - received)]
    if terms["product"] == "fx-spot":
        expected, kept = "Assets:CashReceivable" if is_bought else "Liabilities:CashPayable", "Assets:Nostro"
    else:
        expected = "Assets:SecuritiesReceivable" if is_bought else "Liabilities:SecuritiesDeliverable"
        kept = "Assets:Custody"
    trading = f"Equity:Trading:{terms['instrument']}"
    return [
        (f"{expected}:{party}", asset, quantity - settled), (kept, asset, settled),
        (trading, asset, -quantity), (trading, terms["currency"], -trade.number("amount")),
    ]
