"""Corporate actions from all the facts of a log: those that stand, and what each did to a run of trades."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any, NamedTuple

from tests.naive.facts import Fact
from tests.naive.lots import Fill, Open, Outcome

_NO = Fraction(0)
ORDER = {"cash-dividend": 0, "coupon": 0, "split": 1, "stock-dividend": 1, "redemption": 2, "cash-merger": 2}


class Action(NamedTuple):
    """One that stands; ``paid`` when its pay date had come, and we knew."""

    name: str
    instrument: str
    issuer: str
    ex_date: str
    terms: dict[str, Any]
    paid: bool

    @property
    def place(self) -> tuple[str, int, str]:
        return self.ex_date, ORDER[self.terms["kind"]], self.name

    def number(self, name: str) -> Fraction:
        return Fraction(self.terms.get(name, "0"))


class Done(NamedTuple):
    """What one action did to a position."""

    action: Action
    quantity: Fraction
    proceeds: Fraction
    gross: Fraction
    tax: Fraction


def standing_actions(facts: list[Fact], at: datetime | None = None) -> list[Action]:
    """Every action that was applied and not reversed, and whose ex date had come, in their order."""
    standing: dict[str, dict[str, Any]] = {}
    paid: set[str] = set()
    for fact in facts:
        kind = fact["stored type"]
        if kind == "corporate-action.applied.v1":
            standing[fact["action"]["action"]] = fact["action"]
            paid.discard(fact["action"]["action"])
        elif kind == "corporate-action.paid.v1":
            paid.add(fact["action"]["action"])
        elif kind == "corporate-action.reversed.v1":
            del standing[fact["action"]["action"]]
    return sorted((
        Action(
            name, each["instrument"], each["issuer"], each["ex_date"], each["terms"],
            name in paid and _has_come(each["pay_date"], at),
        )
        for name, each in standing.items() if _has_come(each["ex_date"], at)
    ), key=lambda action: action.place)


def run_through(
    fills: list[Fill], actions: list[Action], method: Callable[[list[Fill]], Outcome]
) -> tuple[Outcome, list[Done]]:
    """Fills and actions from the first: an action comes before the trades of its day. One that changes the number of
    units begins anew with the lots as they are then.
    """
    begun, realised, done = [], _NO, []
    waiting = list(fills)
    for action in actions:
        begun += [fill for fill in waiting if fill.trade_date < action.ex_date]
        waiting = [fill for fill in waiting if fill.trade_date >= action.ex_date]
        before = method(begun) if begun else Outcome([], _NO, _NO)
        held = sum((lot.quantity for lot in before.lots), _NO)
        done.append(_income(action, held))
        factor = _factor(action)
        if held == 0 or factor == 1:
            continue
        realised += before.realised
        if factor == 0:
            proceeds = round(held * action.number("amount"), 2)
            realised += proceeds - before.cost
            begun = []
            done[-1] = done[-1]._replace(quantity=-held, proceeds=proceeds)
            continue
        begun = _anew(before, factor)
        after = held * factor
        if "cash_in_lieu" in action.terms and (fraction := after - int(after)):
            proceeds = round(fraction * action.number("cash_in_lieu"), 2)
            begun.append(Fill("", action.ex_date, -fraction, proceeds / fraction))
            done[-1] = done[-1]._replace(proceeds=proceeds)
            after -= fraction
        done[-1] = done[-1]._replace(quantity=after - held)
    result = method([*begun, *waiting]) if begun or waiting else Outcome([], _NO, _NO)
    return result._replace(realised=result.realised + realised), done


def _anew(before: Outcome, factor: Fraction) -> list[Fill]:
    """The lots, each as if it were bought as it is now; an average as the whole cost has it."""
    if [lot.trade_id for lot in before.lots] == [""]:
        (lot,) = before.lots
        held = lot.quantity * factor
        return [Fill("", lot.trade_date, held, before.cost / held)]
    return [Fill(lot.trade_id, lot.trade_date, lot.quantity * factor, lot.price / factor) for lot in before.lots]


def _income(action: Action, held: Fraction) -> Done:
    kind = action.terms["kind"]
    amount = action.number("amount") if kind == "cash-dividend" else action.number("percent") / 100
    gross = round(held * amount, 2) if ORDER[kind] == 0 else _NO
    tax = round(gross * action.number("withholding_percent") / 100, 2) if gross > 0 else _NO
    return Done(action, _NO, _NO, gross, tax)


def _factor(action: Action) -> Fraction:
    kind = action.terms["kind"]
    if kind == "split":
        return action.number("new") / action.number("old")
    if kind == "stock-dividend":
        return 1 + action.number("units")
    return Fraction(1 if ORDER[kind] == 0 else 0)


def _has_come(day: str, at: datetime | None) -> bool:
    return at is None or datetime.combine(date.fromisoformat(day), time.min, UTC) <= at


def opened(lots: list[Open]) -> list[Open]:
    """Lots as they are shown: a price has at most twelve decimals."""
    return [lot._replace(price=round(lot.price, 12)) for lot in lots]
