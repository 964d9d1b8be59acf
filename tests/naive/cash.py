"""Cash from all the facts of a log: what has been paid and received, and what the standing trades still owe."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from tests.naive.facts import Fact, Trade, consideration_of, held_by, margins, standing_trades
from tests.naive.positions import done

FIGURES = ("settled", "receivable", "payable", "total", "fees", "penalties")


def cash(facts: list[Fact], at: datetime | None = None) -> dict[str, dict[str, Fraction]]:
    """Figures by book and currency, in the end or at some time."""
    found: dict[str, dict[str, Fraction]] = {}
    for trade in standing_trades(facts, at):
        for currency, whole, expected, paid in _flows(trade):
            figures = found.setdefault(f"{trade.terms['book']}/{currency}", dict.fromkeys(FIGURES, Fraction(0)))
            figures["settled"] += paid
            figures["receivable"] += expected - paid if whole > 0 else 0
            figures["payable"] += paid - expected if whole <= 0 else 0
            figures["total"] += expected
        figures = found[f"{trade.terms['book']}/{trade.terms['currency']}"]
        figures["fees"] += sum(trade.expensed().values())
        if trade.is_loan():
            figures["settled"] += trade.settled_amount("maturity")
            figures["total"] += trade.settled_amount("maturity")
    for key, each in done(facts, at).items():
        book = key.partition("/")[0]
        for what in each:
            figures = found.setdefault(f"{book}/{what.action.currency}", dict.fromkeys(FIGURES, Fraction(0)))
            for amount in (what.proceeds, what.gross - what.tax):
                waiting = "settled" if what.action.paid else "receivable" if amount > 0 else "payable"
                figures[waiting] += amount if waiting != "payable" else -amount
                figures["total"] += amount
    for margin in margins(facts, at):
        key = f"{margin.key.split('/')[0]}/{margin.currency}"
        figures = found.setdefault(key, dict.fromkeys(FIGURES, Fraction(0)))
        for name in ("settled", "total"):
            figures[name] += margin.amount
    for fact in facts:
        if "charges" in fact and held_by(fact, at):
            key = f"{fact['terms']['book']}/{fact['terms']['currency']}"
            figures = found.setdefault(key, dict.fromkeys(FIGURES, Fraction(0)))
            for name in ("settled", "total", "penalties"):
                figures[name] += Fraction(fact["amount"])
    return found


def _flows(trade: Trade) -> Iterator[tuple[str, Fraction, Fraction, Fraction]]:
    """Each currency of a trade: the whole, by which it is to be received or paid; what is expected; what was paid."""
    nothing = Fraction(0)
    yield trade.terms["currency"], consideration_of(trade.terms), trade.consideration(), nothing
    if trade.terms["product"].startswith("fx-"):
        yield trade.terms["asset"], Fraction(trade.terms["quantity"]), trade.number("quantity"), nothing
    for part in trade.parts:
        if part.leg == "start":
            yield part.terms["currency"], consideration_of(part.terms), nothing, part.amount
            if part.terms["product"].startswith("fx-"):
                yield part.terms["asset"], Fraction(part.terms["quantity"]), nothing, part.quantity
