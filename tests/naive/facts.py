"""Stored events as plain dictionaries, and what became of each trade in the end."""

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Fact = dict[str, Any]


def facts_of(stored: Iterable[tuple[str, bytes]]) -> list[Fact]:
    """The types and state bytes of a log as dictionaries, the type among the fields."""
    return [{**json.loads(state, parse_float=Decimal), "stored type": kind} for kind, state in stored]


class Part(NamedTuple):
    """One settlement: what moved, and on which leg."""

    leg: str
    quantity: Fraction
    amount: Fraction


class Trade(NamedTuple):
    """A trade that stands: its last terms, and all that has settled of it."""

    trade_id: str
    terms: dict[str, Any]
    parts: list[Part]

    def dealt(self) -> list[dict[str, Any]]:
        """Each time that some of it was dealt: once, unless it is made of parts."""
        parts: list[dict[str, Any]] = self.terms.get("parts", [{**self.terms, "origin": self.trade_id}])
        return parts

    def number(self, name: str) -> Fraction:
        return Fraction(self.terms[name])

    def fees(self) -> Fraction:
        return sum((Fraction(fee) for fee in self.terms.get("fees", {}).values()), Fraction(0))

    def consideration(self) -> Fraction:
        """What we are to receive (or to pay, below zero) for the trade, fees taken off."""
        return self.number("amount") - self.fees()

    def settled_quantity(self, leg: str) -> Fraction:
        return sum((part.quantity for part in self.parts if part.leg == leg), Fraction(0))

    def settled_amount(self, leg: str) -> Fraction:
        return sum((part.amount for part in self.parts if part.leg == leg), Fraction(0))

    def is_loan(self) -> bool:
        return "loan" in self.terms


ENDED = {
    "trade.cancelled.v1", "trade.allocated.v1", "trade.allocation-withdrawn.v1", "trade.novated.v1",
    "trade.compressed.v1",
}


def standing_trades(facts: list[Fact]) -> list[Trade]:
    """Every trade that was booked and has not ended, with the last of its terms."""
    standing = []
    for trade_id in {fact["trade_id"] for fact in facts if "trade_id" in fact and "terms" in fact}:
        own = [fact for fact in facts if fact.get("trade_id") == trade_id and "terms" in fact]
        if all(fact["stored type"] not in ENDED for fact in own):
            parts = [_part(fact) for fact in own if "settled_on" in fact]
            standing.append(Trade(trade_id, own[-1]["terms"], parts))
    return standing


def _part(fact: Fact) -> Part:
    return Part(fact.get("leg", "start"), Fraction(fact["quantity"]), Fraction(fact["amount"]))
