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


def standing_trades(facts: list[Fact]) -> list[Trade]:
    """Every trade that was booked and not cancelled, with the last of its terms."""
    standing = []
    for trade_id in {fact["trade_id"] for fact in facts if "trade_id" in fact and "terms" in fact}:
        own = [fact for fact in facts if fact.get("trade_id") == trade_id and "terms" in fact]
        if all(fact["stored type"] != "trade.cancelled.v1" for fact in own):
            parts = [_part(fact) for fact in own if "settled_on" in fact]
            standing.append(Trade(trade_id, own[-1]["terms"], parts))
    return standing


class Moved(NamedTuple):
    """A transfer of one book that stands: ``sign`` is -1 where it goes, 1 where it comes."""

    transfer_id: str
    sign: int
    what: dict[str, Any]

    def total(self, name: str) -> Fraction:
        return sum((Fraction(lot[name]) for lot in self.what["lots"]), Fraction(0))

    def key(self) -> str:
        return f"{self.what['book']}/{self.what['instrument']}"


def standing_transfers(facts: list[Fact]) -> list[Moved]:
    """Everything that came, and everything that went and did not come back."""
    back = {fact["transfer_id"] for fact in facts if fact["stored type"] == "transfer.returned.v1"}
    signs = {"transfer.sent.v1": -1, "transfer.received.v1": 1}
    moved = [
        Moved(fact["transfer_id"], signs[fact["stored type"]], fact["moved"])
        for fact in facts if fact["stored type"] in signs
    ]
    return [each for each in moved if each.sign > 0 or each.transfer_id not in back]


def _part(fact: Fact) -> Part:
    return Part(fact.get("leg", "start"), Fraction(fact["quantity"]), Fraction(fact["amount"]))
