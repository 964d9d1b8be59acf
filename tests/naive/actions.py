"""Corporate actions from all the facts of a log: those that stand, and what each did to a run of trades."""

from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any, NamedTuple

from tests.naive.facts import Fact
from tests.naive.lots import Fill, Open, Outcome, run

_NO = Fraction(0)
ORDER = {"cash-dividend": 0, "coupon": 0, "split": 1, "stock-dividend": 1, "redemption": 2, "cash-merger": 2}


class Action(NamedTuple):
    """One that stands; ``paid`` when its pay date had come, and we knew."""

    name: str
    instrument: str
    currency: str
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
            name, each["instrument"], each["currency"], each["issuer"], each["ex_date"], each["terms"],
            name in paid and _has_come(each["pay_date"], at),
        )
        for name, each in standing.items() if _has_come(each["ex_date"], at)
    ), key=lambda action: action.place)


def run_through(fills: list[tuple[str, Fill]], actions: list[Action], method: str) -> tuple[Outcome, list[Done]]:
    """Fills, each with its day, and actions from the first: an action comes before what is traded that day. One that
    changes the number of units begins anew with the lots as they are then.
    """
    begun: list[Fill] = []
    realised = substituted = _NO
    done, waiting = [], fills
    for action in actions:
        begun += [fill for day, fill in waiting if day < action.ex_date]
        waiting = [(day, fill) for day, fill in waiting if day >= action.ex_date]
        before = run(begun, method)
        held = sum((lot.quantity for lot in before.lots), _NO)
        what, anew = _changed(action, before, held)
        done.append(what)
        if anew is not None:
            begun, realised, substituted = anew, realised + before.realised, substituted + before.substituted
            if _factor(action) == 0:
                realised += what.proceeds - before.cost
    result = run([*begun, *(fill for _, fill in waiting)], method)
    return result._replace(
        realised=result.realised + realised, substituted=result.substituted + substituted
    ), done


def _changed(action: Action, before: Outcome, held: Fraction) -> tuple[Done, list[Fill] | None]:
    """What an action did, and with what to begin anew if the number of units is another."""
    what, factor = _income(action, held), _factor(action)
    if held == 0 or factor == 1:
        return what, None
    if factor == 0:
        return what._replace(quantity=-held, proceeds=round(held * action.number("amount"), 2)), []
    anew, after, proceeds = [_anew(lot, factor) for lot in before.lots], held * factor, _NO
    if "cash_in_lieu" in action.terms and (fraction := after - int(after)):
        proceeds = round(fraction * action.number("cash_in_lieu"), 2)
        anew.append(Fill("", action.ex_date, -fraction, proceeds / fraction, -proceeds))
        after -= fraction
    return what._replace(quantity=after - held, proceeds=proceeds), anew


def _anew(lot: Open, factor: Fraction) -> Fill:
    """A lot as if it were bought as it is now."""
    quantity = lot.quantity * factor
    return Fill(lot.trade_id, lot.trade_date, quantity, round(lot.cost / quantity, 12), lot.cost)


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
