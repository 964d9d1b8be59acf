"""Corporate actions from all the facts of a log: those that stand, and what each did to a run of trades."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any, NamedTuple

from tests.naive.facts import Fact
from tests.naive.lots import Fill, Open, Outcome, run

_NO = Fraction(0)
ORDER = {
    "cash-dividend": 0, "coupon": 0, "spin-off": 0, "split": 1, "stock-dividend": 1, "redemption": 2, "cash-merger": 2,
    "stock-merger": 2, "mixed-merger": 2,
}
ARRIVING = 3
"""What comes of another instrument comes after all that is done to what was there."""


class Action(NamedTuple):
    """One that stands; ``paid`` when its pay date had come, and we knew. ``into`` is the instrument that it gives."""

    name: str
    instrument: str
    currency: str
    issuer: str
    into: str
    into_issuer: str
    ex_date: str
    terms: dict[str, Any]
    paid: bool

    def place(self, instrument: str) -> tuple[str, int, str]:
        """When it comes to a position in an instrument."""
        return self.ex_date, ORDER[self.terms["kind"]] if instrument == self.instrument else ARRIVING, self.name

    def number(self, name: str) -> Fraction:
        return Fraction(self.terms.get(name, "0"))


class Done(NamedTuple):
    """What one action did to a position; ``exchanged`` is the cost that came from another, or went there."""

    action: Action
    instrument: str
    issuer: str
    quantity: Fraction = _NO
    proceeds: Fraction = _NO
    gross: Fraction = _NO
    tax: Fraction = _NO
    exchanged: Fraction = _NO


def standing_actions(facts: list[Fact], at: datetime | None = None) -> list[Action]:
    """Every action that was applied and not reversed, and whose ex date had come."""
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
    return [
        Action(
            name, each["instrument"], each["currency"], each["issuer"], each["terms"].get("into", ""),
            each.get("into_issuer", ""), each["ex_date"], each["terms"],
            name in paid and _has_come(each["pay_date"], at),
        )
        for name, each in standing.items() if _has_come(each["ex_date"], at)
    ]


def run_through(
    instrument: str, fills: list[tuple[str, Fill]], actions: list[Action], method: str,
    arriving: Callable[[Action], list[Fill]],
) -> tuple[Outcome, list[Done]]:
    """Fills, each with its day, and actions from the first: an action comes before what is traded that day. One that
    changes lots begins anew with them as they are then; what arrives is bought at once.
    """
    begun: list[Fill] = []
    realised = substituted = _NO
    done, waiting = [], fills
    for action in actions:
        begun += [fill for day, fill in waiting if day < action.ex_date]
        waiting = [(day, fill) for day, fill in waiting if day >= action.ex_date]
        if action.instrument != instrument:
            what, came = _arrived(action, arriving(action))
            done.append(what)
            begun += came
            continue
        before = run(begun, method)
        held = sum((lot.quantity for lot in before.lots), _NO)
        what, anew = _changed(action, before, held)
        done.append(what)
        if anew is not None:
            begun, realised, substituted = anew, realised + before.realised, substituted + before.substituted
            if _factor(action) == 0:
                realised += what.proceeds - before.cost - what.exchanged
    result = run([*begun, *(fill for _, fill in waiting)], method)
    return result._replace(
        realised=result.realised + realised, substituted=result.substituted + substituted
    ), done


def handed_on(action: Action, lots: list[Open]) -> list[Fill]:
    """What some lots become in the other instrument, as if it were bought with their names, dates and cost."""
    ratio, found = action.number("new") / action.number("old"), []
    left = round(sum((lot.quantity for lot in lots), _NO) * action.number("amount"), 2)
    for place, lot in enumerate(lots):
        quantity, cost = lot.quantity * ratio, lot.cost
        if action.terms["kind"] == "spin-off":
            cost = round(cost * action.number("cost_percent") / 100, 12)
        elif action.terms["kind"] == "mixed-merger":
            cash = left if place == len(lots) - 1 else lot.quantity * action.number("amount")
            left -= cash
            gain = cash + quantity * action.number("price") - cost
            cost += min(max(gain, _NO), abs(cash)) - cash
        found.append(Fill(lot.trade_id, lot.trade_date, quantity, round(cost / quantity, 12), cost))
    return found


def _arrived(action: Action, came: list[Fill]) -> tuple[Done, list[Fill]]:
    quantity, proceeds = sum((fill.quantity for fill in came), _NO), _NO
    what = Done(action, action.into, action.into_issuer, exchanged=sum((fill.cost for fill in came), _NO))
    if "cash_in_lieu" in action.terms and (fraction := quantity - int(quantity)):
        proceeds = round(fraction * action.number("cash_in_lieu"), 2)
        price = round(proceeds / fraction, 12)
        came = [*came, Fill(action.name, action.ex_date, -fraction, price, -proceeds)]
        quantity -= fraction
    return what._replace(quantity=quantity, proceeds=proceeds), came


def _changed(action: Action, before: Outcome, held: Fraction) -> tuple[Done, list[Fill] | None]:
    """What an action did, and with what to begin anew if the lots are others."""
    what, factor = _income(action, held), _factor(action)
    if held == 0:
        return what, None
    gone = sum((fill.cost for fill in handed_on(action, before.lots)), _NO) if action.into else _NO
    if action.terms["kind"] == "spin-off":
        kept = [
            lot._replace(cost=lot.cost - fill.cost)
            for lot, fill in zip(before.lots, handed_on(action, before.lots), strict=True)
        ]
        return what._replace(exchanged=-gone), [_anew(lot, factor) for lot in kept]
    if factor == 1:
        return what, None
    if factor == 0:
        return what._replace(
            quantity=-held, proceeds=round(held * action.number("amount"), 2), exchanged=-gone
        ), []
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
    gross = round(held * amount, 2) if kind in {"cash-dividend", "coupon"} else _NO
    tax = round(gross * action.number("withholding_percent") / 100, 2) if gross > 0 else _NO
    return Done(action, action.instrument, action.issuer, gross=gross, tax=tax)


def _factor(action: Action) -> Fraction:
    kind = action.terms["kind"]
    if kind == "split":
        return action.number("new") / action.number("old")
    if kind == "stock-dividend":
        return 1 + action.number("units")
    return Fraction(1 if ORDER[kind] == 0 else 0)


def _has_come(day: str, at: datetime | None) -> bool:
    return at is None or datetime.combine(date.fromisoformat(day), time.min, UTC) <= at
