"""What each leg of a trade obliges to, read off all the facts about the trade, backwards from the last."""

from fractions import Fraction
from typing import NamedTuple

from tests.naive.facts import ENDS, Fact, consideration_of


class Obligation(NamedTuple):
    status: str
    due_on: str
    quantity: Fraction
    amount: Fraction
    settled_quantity: Fraction
    settled_amount: Fraction
    instruction: str
    net: str
    held: bool
    fails: int
    penalties: Fraction


_SETTLED = ("trade.settled.v1", "trade.bought-in.v1", "loan.rolled-over.v1", "loan.repaid-early.v1")
_PARTLY = ("trade.partially-settled.v1", "loan.partly-repaid-early.v1")
_OF_NO_LEG = (
    "trade.affirmed.v1", "option.exercised.v1", "option.assigned.v1", "option.expired.v1", "loan.rate-fixed.v1",
    "trade.reallocated.v1",
)
_REVISED = (
    "trade.amended.v1", "trade.corrected.v1", "trade.partially-novated.v1", "trade.increased.v1", "trade.decreased.v1",
    "trade.terminated.v1",
)
_UNDOING = ("trade.instruction-cancelled.v1", "trade.settlement-unnetted.v1", *_REVISED)
_NO = Fraction(0)


def settlements(facts: list[Fact]) -> dict[str, Obligation]:
    """By book, trade and leg: those of the last terms, and those that earlier terms had too."""
    found: dict[str, Obligation] = {}
    for trade_id in {fact["trade_id"] for fact in facts if "trade_id" in fact and "terms" in fact}:
        own = [fact for fact in facts if fact.get("trade_id") == trade_id and "terms" in fact]
        key = f"{own[0]['terms']['book']}/{trade_id}"
        found[f"{key}/start"] = _obligation(own, "start")
        if any("loan" in fact["terms"] for fact in own):
            found[f"{key}/maturity"] = _obligation(own, "maturity")
    return found


def _obligation(own: list[Fact], leg: str) -> Obligation:
    about = [fact for fact in own if (fact.get("leg", "start") == leg and _tells_of_a_leg(fact)) or _of_all_legs(fact)]
    if leg == "maturity":
        about = [fact for fact in about if fact["stored type"] not in _REVISED or "loan" in fact["terms"]]
    last = next(fact for fact in reversed(own) if leg == "start" or "loan" in fact["terms"])
    terms = last["terms"]
    quantity, amount = Fraction(terms["quantity"]), Fraction(terms["amount"])
    amount -= sum((Fraction(fee) for fee in terms.get("fees", {}).values()), _NO)
    due_on = terms["settlement_date"]
    if leg == "maturity":
        amount = quantity + Fraction(terms["loan"]["interest"]) + Fraction(terms["loan"].get("break_cost", 0))
        quantity, due_on = -quantity, _maturity(terms)
    moved = [fact for fact in about if "settled_on" in fact]
    return Obligation(
        status=_status(own, about, leg), due_on=due_on, quantity=quantity, amount=amount,
        settled_quantity=sum((Fraction(fact["quantity"]) for fact in moved), _NO),
        settled_amount=sum((Fraction(fact["amount"]) for fact in moved), _NO),
        instruction=_last(about, "instruction"), net=_last(about, "net"), held=_held(about),
        fails=sum(fact["stored type"] == "trade.settlement-failed.v1" for fact in about),
        penalties=sum((Fraction(fact["amount"]) for fact in about if "charges" in fact), _NO),
    )


def _maturity(terms: Fact) -> str:
    due_on: str = terms["loan"]["maturity_date"]
    return due_on


def _of_all_legs(fact: Fact) -> bool:
    return fact["stored type"] in {"trade.booked.v1", "trade.cancelled.v1", *ENDS, *_REVISED}


def _tells_of_a_leg(fact: Fact) -> bool:
    return not _of_all_legs(fact) and fact["stored type"] not in _OF_NO_LEG


def _status(own: list[Fact], about: list[Fact], leg: str) -> str:
    told = {fact["stored type"] for fact in own}
    if told & {"trade.cancelled.v1", *ENDS} or (leg == "maturity" and "loan" not in own[-1]["terms"]):
        return "cancelled"
    if "trade.terminated.v1" in told:
        return _of_terminated(own, about)
    if any(fact["stored type"] in _SETTLED for fact in about):
        return "bought-in" if about[-1]["stored type"] == "trade.bought-in.v1" or _bought(about) else "settled"
    moved = any("settled_on" in fact for fact in about)
    for fact in reversed(own):
        if fact["stored type"] == "trade.settlement-failed.v1" and fact in about:
            return "failing"
        if fact["stored type"] in _PARTLY and fact in about:
            return "partially-settled"
        if fact["stored type"] in _REVISED:
            break
    if moved:
        return "partially-settled"
    if not _last(about, "instruction"):
        return "issued"
    return _told(about)


def _told(about: list[Fact]) -> str:
    """What was told last of an instruction."""
    told = [fact["stored type"] for fact in about]
    matched = max((n for n, kind in enumerate(told) if kind == "trade.settlement-matched.v1"), default=-1)
    others = {"trade.settlement-mismatched.v1", "trade.settlement-instructed.v1", "trade.settlement-netted.v1"}
    unmatched = max((n for n, kind in enumerate(told) if kind in {*others, *_UNDOING}), default=-1)
    return "matched" if matched > unmatched else "instructed"


def _of_terminated(own: list[Fact], about: list[Fact]) -> str:
    """Of what is left to pay of it: nothing, or cash, which never makes it fail."""
    if not consideration_of(own[-1]["terms"]):
        return "cancelled"
    if any(fact["stored type"] in _SETTLED for fact in about):
        return "settled"
    return _told(about) if _last(about, "instruction") else "issued"


def _bought(about: list[Fact]) -> bool:
    return any(fact["stored type"] == "trade.bought-in.v1" for fact in about)


def _last(about: list[Fact], name: str) -> str:
    """The instruction or net that is in force: what was told last, unless it was taken back since."""
    for fact in reversed(about):
        kind = fact["stored type"]
        if kind in _UNDOING and not (name == "net" and kind == "trade.instruction-cancelled.v1"):
            return ""
        if kind == "trade.settlement-netted.v1":
            net: str = fact["net"]
            return net
        if kind == "trade.settlement-instructed.v1" and name == "instruction":
            instruction: str = fact["instruction"]
            return instruction
    return ""


def _held(about: list[Fact]) -> bool:
    told = [fact["stored type"] for fact in about if fact["stored type"] in {
        "trade.settlement-held.v1", "trade.settlement-released.v1"
    }]
    return bool(told) and told[-1] == "trade.settlement-held.v1"
