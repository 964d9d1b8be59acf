"""The chart of accounts: where each side of a trade is kept."""

from decimal import Decimal

from domain.events.trades import Economics


def position_id(terms: Economics) -> str:
    """The id of the position that ``terms`` belong to."""
    return f"{terms.book}/{terms.instrument}"


def trading_account(instrument: str) -> str:
    """Against which a position is traded: it holds minus the position in the asset, and its cost in the currency."""
    return f"Equity:Trading:{instrument}"


def loan_account(terms: Economics) -> str:
    """What a counterparty owes us, or we owe it."""
    kind = "Assets:Loans" if terms.quantity > 0 else "Liabilities:Deposits"
    return f"{kind}:{terms.counterparty}"


def interest_account(terms: Economics) -> str:
    """Where a loan's interest goes; of a repayment in parts the rounding goes there too, whichever way it falls."""
    return "Income:Interest" if terms.loan is not None and terms.loan.interest > 0 else "Expense:Interest"


def expected_cash(terms: Economics) -> str:
    """Where the consideration less fees waits for settlement."""
    return _expected_money(terms, terms.amount - terms.total_fees)


def expected_delivery(terms: Economics) -> str:
    """Where the asset waits for settlement: the base currency of a pair is cash too."""
    if terms.product == "fx-spot":
        return _expected_money(terms, terms.quantity)
    kind = "Assets:SecuritiesReceivable" if terms.quantity > 0 else "Liabilities:SecuritiesDeliverable"
    return f"{kind}:{terms.counterparty}"


def settled_into(terms: Economics) -> str:
    """Where the asset is once it has settled."""
    return "Assets:Nostro" if terms.product == "fx-spot" else "Assets:Custody"


def _expected_money(terms: Economics, amount: Decimal) -> str:
    return f"{'Assets:CashReceivable' if amount > 0 else 'Liabilities:CashPayable'}:{terms.counterparty}"
