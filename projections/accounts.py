"""The chart of accounts: where each side of a trade is kept."""

from domain.events.trades import Economics
from domain.money import ZERO


def trading_account(terms: Economics) -> str:
    """Against which a position is traded: it holds minus the position in the asset, and its cost in the currency."""
    return f"Equity:Trading:{terms.instrument}"


def loan_account(terms: Economics) -> str:
    """What a counterparty owes us, or we owe it."""
    kind = "Assets:Loans" if terms.quantity > 0 else "Liabilities:Deposits"
    return f"{kind}:{terms.counterparty}"


def interest_account(terms: Economics) -> str:
    """Where a loan's interest goes; of a repayment in parts the rounding goes there too, whichever way it falls."""
    return "Income:Interest" if terms.loan is not None and terms.loan.interest > 0 else "Expense:Interest"


def expected_cash(terms: Economics) -> str:
    """Where the consideration less fees waits for settlement."""
    receives = terms.amount - sum(terms.fees.values(), ZERO) > 0
    return f"{'Assets:CashReceivable' if receives else 'Liabilities:CashPayable'}:{terms.counterparty}"


def expected_delivery(terms: Economics) -> str:
    """Where the asset waits for settlement: the base currency of a pair is cash too."""
    receives = terms.quantity > 0
    if terms.product == "fx-spot":
        return f"{'Assets:CashReceivable' if receives else 'Liabilities:CashPayable'}:{terms.counterparty}"
    return f"{'Assets:SecuritiesReceivable' if receives else 'Liabilities:SecuritiesDeliverable'}:{terms.counterparty}"


def settled_into(terms: Economics) -> str:
    """Where the asset is once it has settled."""
    return "Assets:Nostro" if terms.product == "fx-spot" else "Assets:Custody"
