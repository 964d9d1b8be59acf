"""Cash from all the facts of a log: what has been paid and received, and what the standing trades still owe."""

from collections.abc import Iterator
from fractions import Fraction

from tests.naive.facts import Fact, Trade, standing_trades

FIGURES = ("settled", "receivable", "payable", "total", "fees", "penalties")


def cash(facts: list[Fact]) -> dict[str, dict[str, Fraction]]:
    """Figures by book and currency."""
    found: dict[str, dict[str, Fraction]] = {}
    for trade in standing_trades(facts):
        for currency, whole, paid in _flows(trade):
            figures = found.setdefault(f"{trade.terms['book']}/{currency}", dict.fromkeys(FIGURES, Fraction(0)))
            figures["settled"] += paid
            figures["receivable"] += whole - paid if whole > 0 else 0
            figures["payable"] += paid - whole if whole <= 0 else 0
            figures["total"] += whole
        figures = found[f"{trade.terms['book']}/{trade.terms['currency']}"]
        figures["fees"] += trade.fees()
        if trade.is_loan():
            figures["settled"] += trade.settled_amount("maturity")
            figures["total"] += trade.settled_amount("maturity")
    for fact in facts:
        if "charges" in fact:
            key = f"{fact['terms']['book']}/{fact['terms']['currency']}"
            figures = found.setdefault(key, dict.fromkeys(FIGURES, Fraction(0)))
            for name in ("settled", "total", "penalties"):
                figures[name] += Fraction(fact["amount"])
    return found


def _flows(trade: Trade) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Each currency of a trade: what is to be paid of it in whole, and what has been."""
    yield trade.terms["currency"], trade.consideration(), trade.settled_amount("start")
    if trade.terms["product"] == "fx-spot":
        yield trade.terms["asset"], trade.number("quantity"), trade.settled_quantity("start")
