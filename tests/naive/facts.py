"""Stored events as plain dictionaries, and what became of each trade: in the end, or as it held at some time."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Fact = dict[str, Any]


def facts_of(stored: Iterable[tuple[str, bytes]]) -> list[Fact]:
    """The types and state bytes of a log as dictionaries, the type among the fields."""
    return [{**json.loads(state, parse_float=Decimal), "stored type": kind} for kind, state in stored]


class Part(NamedTuple):
    """One settlement: what moved, on which leg, under which terms."""

    leg: str
    quantity: Fraction
    amount: Fraction
    terms: dict[str, Any]


class Row(NamedTuple):
    """Something that was dealt, under the terms of a trade, for as long as it held; the fees go with the ``first``."""

    since: datetime
    until: datetime | None
    terms: dict[str, Any]
    dealt: dict[str, Any]
    first: bool

    def holds(self, at: datetime | None) -> bool:
        return self.until is None if at is None else self.since <= at and (self.until is None or at < self.until)


class Trade(NamedTuple):
    """A trade that was not cancelled: the terms that hold, or will, or did; what was dealt, and what has settled."""

    trade_id: str
    terms: dict[str, Any]
    rows: list[Row]
    parts: list[Part]

    @property
    def holds(self) -> bool:
        return bool(self.rows)

    def number(self, name: str) -> Fraction:
        return sum((Fraction(row.dealt[name]) for row in self.rows), Fraction(0))

    def fee_lines(self) -> dict[str, Fraction]:
        pays = any(row.first for row in self.rows)
        return {name: Fraction(fee) for name, fee in self.terms.get("fees", {}).items()} if pays else {}

    def fees(self) -> Fraction:
        return sum(self.fee_lines().values(), Fraction(0))

    def consideration(self) -> Fraction:
        """What we are to receive (or to pay, below zero) for the trade, fees taken off."""
        return self.number("amount") - self.fees()

    def settled_quantity(self, leg: str) -> Fraction:
        return sum((part.quantity for part in self.parts if part.leg == leg), Fraction(0))

    def settled_amount(self, leg: str) -> Fraction:
        return sum((part.amount for part in self.parts if part.leg == leg), Fraction(0))

    def is_loan(self) -> bool:
        return "loan" in self.terms


def consideration_of(terms: dict[str, Any]) -> Fraction:
    """What terms say we are to receive, or to pay, below zero."""
    return Fraction(terms["amount"]) - sum((Fraction(fee) for fee in terms.get("fees", {}).values()), Fraction(0))


def standing_trades(facts: list[Fact], at: datetime | None = None) -> list[Trade]:
    """Every trade that was booked and not cancelled: as it holds in the end, or as it held ``at`` a time."""
    standing = []
    for trade_id in {fact["trade_id"] for fact in facts if "trade_id" in fact and "terms" in fact}:
        own = [fact for fact in facts if fact.get("trade_id") == trade_id and "terms" in fact]
        if all(fact["stored type"] != "trade.cancelled.v1" for fact in own):
            ever = _rows(own)
            rows = [row for row in ever if row.holds(at)]
            parts = [_part(fact) for fact in own if "settled_on" in fact and (at is None or _effective(fact) <= at)]
            terms = min(rows or ever, key=lambda row: row.since).terms if ever else own[-1]["terms"]
            standing.append(Trade(trade_id, terms, rows, parts))
    return standing


ENDS = {"trade.allocated.v1", "trade.allocation-withdrawn.v1", "trade.novated.v1", "trade.compressed.v1"}


def _rows(own: list[Fact]) -> list[Row]:
    """All that was dealt under a trade, each with the time for which it held."""
    rows: list[Row] = []
    for fact in own:
        open_since = min((row.since for row in rows if row.until is None), default=None)
        if fact["stored type"] == "trade.booked.v1":
            rows = _dealt(fact, datetime.fromisoformat(fact["terms"]["executed_at"]))
        elif fact["stored type"] == "trade.corrected.v1":
            assert open_since is not None
            rows = [*(row for row in rows if row.until is not None), *_dealt(fact, open_since)]
        elif "previous" in fact:
            assert open_since is not None
            rows = [*_cut(rows, _effective(fact)), *_dealt(fact, max(_effective(fact), open_since))]
        elif fact["stored type"] in ENDS:
            rows = _cut(rows, _effective(fact))
    return rows


def _cut(rows: list[Row], moment: datetime) -> list[Row]:
    """What held until then, and what it was thought would hold since is not there."""
    past = [row for row in rows if row.until is not None]
    return [*past, *(row._replace(until=moment) for row in rows if row.until is None and row.since < moment)]


def _dealt(fact: Fact, since: datetime) -> list[Row]:
    """The parts of the terms, each since its own time, or all of them since one."""
    terms = fact["terms"]
    if "parts" not in terms:
        return [Row(since, None, terms, {**terms, "origin": fact["trade_id"]}, first=True)]
    return [
        Row(datetime.fromisoformat(part["held_from"]), None, terms, part, first=place == 0)
        for place, part in enumerate(terms["parts"])
    ]


def held_by(fact: Fact, at: datetime | None) -> bool:
    """Whether a fact held at a time; all of them do in the end."""
    return at is None or _effective(fact) <= at


def _effective(fact: Fact) -> datetime:
    return datetime.fromisoformat(fact["effective_at"])


def _part(fact: Fact) -> Part:
    return Part(fact.get("leg", "start"), Fraction(fact["quantity"]), Fraction(fact["amount"]), fact["terms"])
