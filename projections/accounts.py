"""The chart of accounts: where each side of a trade is kept."""

from decimal import Decimal

from domain.events.trades import PAIRS, Economics, Product
from domain.events.transfers import Moved

CONTRACTS = frozenset({"future", "option"})


def position_id(terms: Economics | Moved) -> str:
    """The id of the position that ``terms`` belong to."""
    return f"{terms.book}/{terms.instrument}"


def held_as(terms: Economics | Moved) -> Product:
    """The product of the position: a currency is the same whenever it comes."""
    return "fx-spot" if terms.product in PAIRS else terms.product


def trading_account(instrument: str) -> str:
    """Against which a position is traded: it holds minus the position in the asset, and its cost in the currency."""
    return f"Equity:Trading:{instrument}"


def contra_account(terms: Economics) -> str:
    """Against which the asset itself is traded: contracts are no asset, and stand in the memo."""
    return f"Memo:Trading:{terms.instrument}" if terms.product in CONTRACTS else trading_account(terms.instrument)


def accrued_account(terms: Economics) -> str:
    """Where interest goes that is paid, or received, with the price of a bond: what we buy will be paid back."""
    return "Assets:AccruedInterest" if terms.quantity > 0 else "Income:Interest"


def in_transit_account(instrument: str) -> str:
    """Against which a position is on its way between two books, as against the trading accounts of these."""
    return f"Equity:InTransit:{instrument}"


def exchange_account(instrument: str) -> str:
    """Against which the cost goes that an exchange takes from one instrument to another: in the end it holds nothing.
    """
    return f"Equity:Exchanged:{instrument}"


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
    if terms.product in PAIRS:
        return _expected_money(terms, terms.quantity)
    if terms.product in CONTRACTS:
        return f"Memo:ContractsExpected:{terms.counterparty}"
    kind = "Assets:SecuritiesReceivable" if terms.quantity > 0 else "Liabilities:SecuritiesDeliverable"
    return f"{kind}:{terms.counterparty}"


def settled_into(terms: Economics) -> str:
    """Where the asset is once it has settled."""
    if terms.product in PAIRS:
        return "Assets:Nostro"
    return "Memo:Contracts" if terms.product in CONTRACTS else "Assets:Custody"


def _expected_money(terms: Economics, amount: Decimal) -> str:
    return f"{'Assets:CashReceivable' if amount > 0 else 'Liabilities:CashPayable'}:{terms.counterparty}"
