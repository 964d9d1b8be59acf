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
    break_cost: Fraction


class Closing(NamedTuple):
    """Contracts of an option that left on a day, for nothing."""

    trade_id: str
    on: str
    effective_at: datetime
    quantity: Fraction


class Margin(NamedTuple):
    """What a future paid of a day, and the contracts that were closed with it."""

    key: str
    currency: str
    amount: Fraction
    closed: Fraction
    price: Fraction


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
    closings: list[Closing]

    @property
    def holds(self) -> bool:
        return bool(self.rows)

    def number(self, name: str) -> Fraction:
        return sum((Fraction(row.dealt[name]) for row in self.rows), Fraction(0))

    def expensed(self) -> dict[str, Fraction]:
        """The fees that are no part of what lots cost."""
        return {} if self.terms.get("fees_in_cost") else self.fee_lines()

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

    def closed(self) -> Fraction:
        return sum((each.quantity for each in self.closings), Fraction(0))

    def cost_of_one(self) -> Fraction:
        return Fraction(self.terms["price"]) * multiplier(self.terms)

    def accrued(self) -> Fraction:
        """What came with the price for interest: below zero when we paid."""
        return Fraction(self.terms["accrued"]["amount"]) if self.holds and "accrued" in self.terms else Fraction(0)

    def is_loan(self) -> bool:
        return "loan" in self.terms

    def is_future(self) -> bool:
        return bool(self.terms["product"] == "future")


def multiplier(fact: dict[str, Any]) -> Fraction:
    """A bond is priced in percent, a contract for as many units as it is of, all else for one."""
    contract = fact.get("contract", {"kind": "share", "multiplier": "1"})
    return Fraction(1, 100) if contract["kind"] == "bond" else Fraction(contract["multiplier"])


def margins(facts: list[Fact], at: datetime | None = None) -> list[Margin]:
    """Every payment, in the end or by some time."""
    return [
        Margin(
            f"{fact['book']}/{fact['instrument']}", fact["currency"], Fraction(fact["amount"]),
            Fraction(fact.get("closed", 0)), Fraction(fact["price"]) * multiplier(fact),
        )
        for fact in facts
        if fact["stored type"] == "margin.settled.v1" and (at is None or _effective(fact) <= at)
    ]


class Moved(NamedTuple):
    """A transfer of one book that stands: ``sign`` is -1 where it goes, 1 where it comes."""

    transfer_id: str
    sign: int
    what: dict[str, Any]
    holds: bool

    def total(self, name: str) -> Fraction:
        return sum((Fraction(lot[name]) for lot in self.what["lots"]), Fraction(0)) if self.holds else Fraction(0)

    def key(self) -> str:
        return f"{self.what['book']}/{self.what['instrument']}"


def standing_transfers(facts: list[Fact], at: datetime | None = None) -> list[Moved]:
    """Everything that came, and everything that went and did not come back; in the end, or as it held ``at`` a time."""
    back = {fact["transfer_id"] for fact in facts if fact["stored type"] == "transfer.returned.v1"}
    signs = {"transfer.sent.v1": -1, "transfer.received.v1": 1}
    return [
        Moved(fact["transfer_id"], sign, fact["moved"], held_by(fact, at))
        for fact in facts if (sign := signs.get(fact["stored type"])) and (sign > 0 or fact["transfer_id"] not in back)
    ]


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
            closings = [_closing(fact) for fact in own if "left" in fact and (at is None or _effective(fact) <= at)]
            terms = min(rows or ever, key=lambda row: row.since).terms if ever else own[-1]["terms"]
            standing.append(Trade(trade_id, terms, rows, parts, closings))
    return standing


ENDS = {"trade.allocated.v1", "trade.allocation-withdrawn.v1", "trade.novated.v1", "trade.compressed.v1"}


def _rows(own: list[Fact]) -> list[Row]:
    """All that was dealt under a trade, each with the time for which it held."""
    rows: list[Row] = []
    for fact in own:
        open_since = min((row.since for row in rows if row.until is None), default=None)
        if fact["stored type"] == "trade.booked.v1":
            rows = _dealt(fact, _effective(fact))
        elif fact["stored type"] == "trade.corrected.v1":
            assert open_since is not None
            redealt = fact["terms"]["executed_at"] != fact["previous"]["executed_at"]
            since = _effective(fact) if redealt else open_since
            rows = [*(row for row in rows if row.until is not None), *_dealt(fact, since)]
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
    return Part(
        fact.get("leg", "start"), Fraction(fact["quantity"]), Fraction(fact["amount"]), fact["terms"],
        Fraction(fact.get("break_cost", 0)),
    )


def _closing(fact: Fact) -> Closing:
    return Closing(fact["trade_id"], fact["on"], _effective(fact), Fraction(fact["quantity"]))
