"""Positions from all the facts of a log: what stands, sorted by when it was traded, and run through from the first."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from tests.naive.actions import Action, Done, handed_on, run_through, standing_actions
from tests.naive.facts import (
    Fact,
    Margin,
    Moved,
    Row,
    Trade,
    held_by,
    margins,
    multiplier,
    standing_trades,
    standing_transfers,
)
from tests.naive.lots import Fill, Open, Outcome


class Position(NamedTuple):
    quantity: Fraction
    settled: Fraction
    in_flight: Fraction
    cost: Fraction
    realised: Fraction
    fees: Fraction
    penalties: Fraction
    income: Fraction
    tax: Fraction
    substituted: Fraction
    trades: int
    lots: list[Open]


_NO = Fraction(0)
NOTHING = Position(_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, 0, [])


class End(NamedTuple):
    """What a trade that ended early has become is dealt back at a place, and what actions did to it is undone."""

    trade_id: str
    place: tuple[str, int, datetime, str]
    fill: Fill
    undone: list[Done]


class Books(NamedTuple):
    """What there is of the positions of all books: by key, trades and transfers; and the actions that stand."""

    held: dict[str, tuple[list[Trade], list[Moved]]]
    actions: list[Action]

    def about(self, key: str) -> list[Action]:
        """The actions that come to a position, in their order."""
        name = key.partition("/")[2]
        own = [action for action in self.actions if name in {action.instrument, action.into}]
        return sorted(own, key=lambda action: action.place(name))

    def method(self, key: str) -> str:
        book = key.partition("/")[0]
        terms = (
            each.terms if isinstance(each, Trade) else each.what
            for other, both in self.held.items() if other.startswith(f"{book}/") for kind in both for each in kind
        )
        return str(next(terms)["lot_method"])

    def run(self, key: str, until: Action | None = None) -> tuple[Outcome, list[Done]]:
        """A position from the first of its trades, up to one of its actions or to the end."""
        book, _, name = key.partition("/")
        ends, actions = self.ends(key), self.about(key)
        if until is not None:
            ends = [end for end in ends if end.place[0] < until.ex_date]
        fills = _dated(*self.held.get(key, ([], [])), ends)
        if until is not None:
            fills = [(day, fill) for day, fill in fills if day < until.ex_date]
            actions = [action for action in actions if action.place(name) < until.place(name)]

        def arriving(action: Action) -> list[Fill]:
            return handed_on(action, self.run(f"{book}/{action.instrument}", action)[0].lots)

        outcome, acted = run_through(name, fills, actions, self.method(key), arriving)
        undone = [each for end in ends for each in end.undone]
        return outcome, [
            what._replace(
                quantity=what.quantity + sum(each.quantity for each in undone if each.action == what.action),
                exchanged=what.exchanged + sum(each.exchanged for each in undone if each.action == what.action),
            )
            for what in acted
        ]

    def ends(self, key: str) -> list[End]:
        """What is dealt back in a position of trades that issuers did something to between their day and their end: in
        a world where there was nothing but the trade, it is what is there then.
        """
        book, found = key.partition("/")[0], []
        for other, (trades, _) in self.held.items():
            for trade in trades if other.startswith(f"{book}/") else ():
                back = sorted((row for row in trade.rows if row.dealt.get("unwinds")), key=_place)
                if not back:
                    continue
                kept = trade._replace(rows=[row for row in trade.rows if row not in back])
                day = back[0].dealt["trade_date"]
                alone = Books({other: ([kept], [])}, [each for each in self.actions if each.ex_date <= day])
                undone = [
                    each._replace(quantity=-each.quantity, exchanged=-each.exchanged, proceeds=_NO, gross=_NO, tax=_NO)
                    for each in alone.run(key)[1] if each.quantity or each.exchanged
                ]
                if undone:
                    found.append(_end(back if other == key else [], _place(back[0]), trade.trade_id, undone))
        return found


def positions(facts: list[Fact], at: datetime | None = None) -> dict[str, Position]:
    """Positions by book and instrument, for every book and instrument with something that stands, or stood at a time.
    """
    books = _books(facts, at)
    paid: dict[str, list[Margin]] = {}
    for margin in margins(facts, at):
        paid.setdefault(margin.key, []).append(margin)
    held = books.held
    futures = {key for key, (trades, _) in held.items() if any(trade.is_future() for trade in trades)}
    found = {key: _position(key, books) for key in held if key not in futures}
    # Where something could have come, and nothing did, there is none.
    found = {key: each for key, each in found.items() if each != NOTHING or any(held[key])}
    found |= {key: _future(held.get(key, ([], []))[0], paid.get(key, [])) for key in {*futures, *paid}}
    for key, amount in _penalties(facts, at).items():
        found[key] = (before := found.get(key, NOTHING))._replace(penalties=before.penalties + amount)
    return found


def _penalties(facts: list[Fact], at: datetime | None) -> dict[str, Fraction]:
    """What fails cost, or brought, by the book and instrument that failed: also of a trade that stands no more."""
    found: dict[str, Fraction] = {}
    for fact in facts:
        if "charges" in fact and held_by(fact, at):
            key = f"{fact['terms']['book']}/{fact['terms']['instrument']}"
            found[key] = found.get(key, _NO) + Fraction(fact["amount"])
    return found


def done(facts: list[Fact], at: datetime | None = None) -> dict[str, list[Done]]:
    """What corporate actions did to each position."""
    books = _books(facts, at)
    return {key: books.run(key)[1] for key in books.held if books.about(key)}


def _books(facts: list[Fact], at: datetime | None) -> Books:
    """With the positions in which something may have come of others."""
    books = Books(_held(facts, at), standing_actions(facts, at))
    for _ in books.actions:
        for key in list(books.held):
            for action in books.actions:
                if action.into and action.instrument == key.partition("/")[2]:
                    books.held.setdefault(f"{key.partition('/')[0]}/{action.into}", ([], []))
    return books


def _held(facts: list[Fact], at: datetime | None) -> dict[str, tuple[list[Trade], list[Moved]]]:
    held: dict[str, tuple[list[Trade], list[Moved]]] = {}
    for trade in standing_trades(facts, at):
        held.setdefault(f"{trade.terms['book']}/{trade.terms['instrument']}", ([], []))[0].append(trade)
    for moved in standing_transfers(facts, at):
        held.setdefault(moved.key(), ([], []))[1].append(moved)
    return held


def _future(trades: list[Trade], paid: list[Margin]) -> Position:
    """Nothing is kept at a price: what it costs is what was paid for it, and what it gained is what it has paid."""
    traded = sum((trade.number("quantity") for trade in trades), _NO)
    closed = sum((margin.closed for margin in paid), _NO)
    settled = sum((trade.settled_quantity("start") for trade in trades), closed)
    gained = sum((margin.amount for margin in paid), _NO)
    cost = sum((trade.number("quantity") * trade.cost_of_one() for trade in trades), _NO)
    cost += gained + sum((margin.closed * margin.price for margin in paid), _NO)
    return Position(
        quantity=traded + closed, settled=settled, in_flight=traded + closed - settled, cost=cost, realised=gained,
        fees=sum((trade.fees() for trade in trades), _NO), income=_NO, trades=sum(trade.holds for trade in trades),
        tax=_NO, substituted=_NO, lots=[], penalties=_NO,
    )


def _position(key: str, books: Books) -> Position:
    trades, transfers = books.held[key]
    traded = sum((trade.number("quantity") for trade in trades), Fraction(0))
    came = sum((moved.sign * moved.total("quantity") for moved in transfers), Fraction(0))
    repaid = sum((trade.settled_quantity("maturity") for trade in trades), Fraction(0))
    received = sum((trade.settled_amount("maturity") for trade in trades), Fraction(0))
    closed = sum((trade.closed() for trade in trades), Fraction(0))
    settled = sum((trade.settled_quantity("start") for trade in trades), Fraction(0)) + repaid + came + closed
    quantity = traded + repaid + came + closed
    # Money lent is worth what it is: it has no lots, and earns interest and no profit.
    is_loan = any(trade.is_loan() for trade in trades)
    result, acted = (Outcome([], quantity, Fraction(0)), []) if is_loan else books.run(key)
    quantity += sum((each.quantity for each in acted), _NO)
    settled += sum((each.quantity for each in acted if each.action.paid), _NO)
    tax = sum((each.tax for each in acted), _NO)
    interest = repaid + received + sum((trade.accrued() for trade in trades), Fraction(0))
    interest += sum((each.gross for each in acted), _NO) - tax
    return Position(
        quantity=quantity, settled=settled, in_flight=quantity - settled, cost=result.cost, realised=result.realised,
        fees=sum((fee for trade in trades for fee in trade.expensed().values()), Fraction(0)),
        income=interest, tax=tax, substituted=result.substituted, trades=sum(trade.holds for trade in trades),
        lots=result.lots, penalties=_NO,
    )


def _end(back: list[Row], place: Any, trade_id: str, undone: list[Done]) -> End:
    quantity = sum((_fill(row).quantity for row in back), _NO) + sum((each.quantity for each in undone), _NO)
    cost = sum((_fill(row).cost for row in back), _NO) + sum((each.exchanged for each in undone), _NO)
    price = round(cost / quantity, 12) if quantity else _NO
    return End(trade_id, place, Fill(place[3], place[0], quantity, price, cost), undone)


def _dated(trades: list[Trade], transfers: list[Moved], ends: list[End]) -> list[tuple[str, Fill]]:
    """All that was dealt, each with its day."""
    by_id = sorted(trades, key=lambda trade: trade.trade_id)
    ended, runs = {end.trade_id: end for end in ends}, []
    for trade in by_id:
        for row in trade.rows:
            if not (row.dealt.get("unwinds") and trade.trade_id in ended):
                runs.append((_place(row), [_fill(row)]))
            elif (end := ended[trade.trade_id]).place == _place(row) and end in ends:
                # An end stands where its first row does, before what else of the trade was dealt back then.
                runs.append((end.place, [end.fill]))
                ends = [each for each in ends if each is not end]
    runs += [(end.place, [end.fill]) for end in ends]
    runs += [(_place_of(moved), list(_fills(moved))) for moved in transfers if moved.holds]
    for closing in (each for trade in trades for each in trade.closings):
        # What expires comes after all that was traded that day.
        place = (closing.on, 2, closing.effective_at, closing.trade_id)
        runs.append((place, [Fill(closing.trade_id, closing.on, closing.quantity, Fraction(0), Fraction(0))]))
    return [(place[0], fill) for place, each in sorted(runs, key=lambda entry: entry[0]) for fill in each]


def _fill(row: Row) -> Fill:
    quantity, price = Fraction(row.dealt["quantity"]), Fraction(row.dealt["price"]) * multiplier(row.terms)
    cost = quantity * price
    if row.terms.get("fees_in_cost") and row.first:
        cost += sum((Fraction(fee) for fee in row.terms.get("fees", {}).values()), _NO)
    names = tuple((lot["trade_id"], Fraction(lot["quantity"])) for lot in row.dealt.get("closes", []))
    return Fill(row.dealt["origin"], row.dealt["trade_date"], quantity, price, cost, names)


def _fills(moved: Moved) -> Iterator[Fill]:
    """What goes is sold for what it cost; what comes is bought lot by lot, each on the day it was acquired."""
    lots = [
        (lot.get("trade_id", moved.transfer_id), lot["trade_date"], Fraction(lot["quantity"]), Fraction(lot["cost"]))
        for lot in moved.what["lots"]
    ]
    if moved.sign > 0:
        for trade_id, day, quantity, cost in lots:
            yield Fill(trade_id, day, quantity, round(cost / quantity, 12), cost)
        return
    quantity, cost = -moved.total("quantity"), -moved.total("cost")
    names = tuple((trade_id, abs(size)) for trade_id, _, size, _ in lots)
    yield Fill(
        moved.transfer_id, moved.what["transfer_date"], quantity, round(cost / quantity, 12), cost, names
    )


def _place(row: Row) -> tuple[str, int, datetime, str]:
    dealt = row.dealt
    return dealt["trade_date"], 1, datetime.fromisoformat(dealt["executed_at"]), dealt["origin"]


def _place_of(moved: Moved) -> tuple[str, int, datetime, str]:
    executed_at = datetime.fromisoformat(moved.what["executed_at"])
    return moved.what["transfer_date"], 1, executed_at, moved.transfer_id
