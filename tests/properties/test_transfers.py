"""Transfers over random histories, in one log and in several: nothing is lost, doubled or earned by the way."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import EngageKillSwitch, ReleaseKillSwitch, TransferPosition
from domain.commands.trades import TradeCommand
from domain.events import TransferSent
from domain.routing import log_names
from domain.trades import TradeDecider
from infra.logs import CommandedLogs
from projections.as_of import Instant
from tests.documents import read_models
from tests.ledger import send
from tests.naive.facts import facts_of
from tests.naive.journal import balances, entries
from tests.naive.positions import NOTHING, positions
from tests.properties.instants import grouped, said
from tests.properties.test_as_of import OF_THE_LAST_EVENT, fields
from tests.properties.test_second_model import posted, shown
from tests.rules import DAY
from tests.strategies import BOOKS, SHARES, bookings, changes, numbered
from tests.transfers import events_in, in_transit_of, with_lots
from tests.world import world

OWN = [book for book, trader in BOOKS.items() if trader == "anna"]
IDS = [f"T{number}" for number in range(1, 15) if list(BOOKS)[number % len(BOOKS)] in OWN]
TRADES = st.sampled_from(IDS)
CARRY = "carry"


class Send(NamedTuple):
    """So much of what is held goes from one book, or the next that holds any, to another, or the next; where it is
    ``unwanted`` the other book is closed to it before it arrives.
    """

    book: int
    to_book: int
    share: Fraction
    day: int
    unwanted: bool


def sends(days: st.SearchStrategy[int]) -> st.SearchStrategy[Send]:
    numbers = st.integers(0, len(OWN) - 1)
    share = st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(1)])
    return st.builds(Send, numbers, numbers, share, days, st.sampled_from([False, False, True]))


def histories(days: st.SearchStrategy[int]) -> st.SearchStrategy[list[Any]]:
    """Books that trade, are sent from and sent to, and now and then take nothing."""
    steps = st.one_of(
        bookings(TRADES, SHARES), *[changes(TRADES, SHARES)] * 3, *[sends(days)] * 3, st.just(CARRY)
    )
    first = st.tuples(*(bookings(st.just(each), SHARES) for each in IDS[:8]))
    later = st.integers(4, 24).flatmap(lambda count: st.lists(steps, min_size=count, max_size=count))
    return st.tuples(first, later).map(lambda both: [*both[0], *both[1]])


def after(history: Sequence[Any], ledgers: int) -> CommandedLogs:
    """What is sent is carried on only where the history says so."""
    logs = world(ledgers)
    for number, step in enumerate(history):
        if step == CARRY:
            logs.carry_all()
        elif isinstance(step, Send):
            send_lots(logs, step, number)
        else:
            send(logs, *numbered([step], f"h{number}-"))
    return logs


def send_lots(logs: CommandedLogs, step: Send, number: int) -> None:
    holders = {
        book: abs(quantity) for decider in deciders(logs)
        for (book, instrument), quantity in decider.positions.items()
        if instrument == "SAN" and quantity and book in OWN
    }
    if not holders:
        return
    book = next(each for each in [*OWN[step.book :], *OWN] if each in holders)
    to_book = next(each for each in [*OWN[step.to_book :], *OWN] if each != book)
    quarters = max(int(holders[book] * 4 * step.share.numerator / step.share.denominator), 1)
    asked = TransferPosition(
        command_id=f"h{number}", transfer_id=f"M{number}", book=book, to_book=to_book, instrument="SAN",
        transfer_date=DAY + timedelta(step.day), quantity=Decimal(quarters) / 4,
    )
    send(logs, ReleaseKillSwitch(command_id=f"on-{number}", book=to_book))
    (outcome,) = send(logs, with_lots(asked, logs))
    assert outcome.status == "accepted" or outcome.code == "kill-switch", outcome
    if step.unwanted:
        send(logs, EngageKillSwitch(command_id=f"off-{number}", book=to_book))


def deciders(logs: CommandedLogs) -> list[TradeDecider]:
    return [each.decider for each in logs.by_log.values() if isinstance(each.decider, TradeDecider)]


def models_of(logs: CommandedLogs) -> list[Any]:
    return [
        read_models(events_in(log, logs.recorders[log]), at_once=True) for log in log_names(logs.ledgers)[2:]
    ]


ANY_DAY, AT_THE_END = st.integers(-3, 1), st.just(1)


@settings(max_examples=120, deadline=None)
@given(histories(ANY_DAY), st.sampled_from([1, 3]))
def test_positions_and_journal_are_what_the_second_model_finds(history: list[Any], ledgers: int) -> None:
    logs = after(history, ledgers)
    logs.carry_all()
    for log, models in zip(log_names(ledgers)[2:], models_of(logs), strict=True):
        stored = logs.recorders[log].select_notifications(1, 10_000)
        facts = facts_of((each.topic, each.state) for each in stored)
        found = positions(facts)
        assert {key: shown(each) for key, each in models["positions"].items()} == {
            key: found.get(key, NOTHING)._asdict() for key in {*models["positions"], *found}
        }
        assert posted(models["journal"].values()) == balances(facts)
        by_sequence = {each.sequence: posted([each]) for each in models["journal"].values()}
        assert [by_sequence.get(number, {}) for number in range(1, len(facts) + 1)] == entries(facts)


@settings(max_examples=80, deadline=None)
@given(histories(ANY_DAY), st.sampled_from([1, 3]))
def test_what_all_books_hold_and_what_is_in_transit_is_what_was_traded(history: list[Any], ledgers: int) -> None:
    logs = after(history, ledgers)
    models = models_of(logs)
    waiting = in_transit_of(models)
    assert accounts(models)["Assets:InTransit", "SAN"] == waiting.get("SAN", 0)
    assert held(models) + Fraction(waiting.get("SAN", 0)) == traded(models)
    assert cost_less_profit(models) + Fraction(accounts(models)["Equity:InTransit:SAN", "EUR"]) == paid(models)
    logs.carry_all()
    models = models_of(logs)
    assert in_transit_of(models) == {}
    assert held(models) == traded(models)
    assert cost_less_profit(models) == paid(models)
    assert {accounts(models)[name, asset] for name in IN_TRANSIT for asset in ("SAN", "EUR")} == {0}
    logs.carry_all()
    assert [len(each["transfers"]) for each in models_of(logs)] == [len(each["transfers"]) for each in models]


@settings(max_examples=80, deadline=None)
@given(histories(AT_THE_END), st.sampled_from([1, 3]))
def test_sending_earns_nothing_and_takes_the_lots_that_were_open(history: list[Any], ledgers: int) -> None:
    logs = after(history, ledgers)
    logs.carry_all()
    for log, models in zip(log_names(ledgers)[2:], models_of(logs), strict=True):
        for event in events_in(log, logs.recorders[log]):
            if isinstance(event.event, TransferSent):
                entry = models["journal"][f"{event.event.moved.book}/{log}-{event.sequence:012d}"]
                assert {each.account for each in entry.postings if each.account.startswith("Income")} == set()


@settings(max_examples=60, deadline=None)
@given(histories(ANY_DAY))
def test_for_ever_and_as_known_now_is_what_the_live_documents_say(history: list[Any]) -> None:
    logs = after(history, 3)
    for log, models in zip(log_names(3)[2:], models_of(logs), strict=True):
        last = logs.recorders[log].max_notification_id() or 0
        found = said(grouped(models["movements"].values()), Instant(None, last))
        live = {key: fields(each, *OF_THE_LAST_EVENT) for key, each in models["positions"].items()}
        assert {key: fields(each, *OF_THE_LAST_EVENT) for key, each in found["positions"].items()} == live
        assert found["accounts"] == posted(models["journal"].values())


@settings(max_examples=40, deadline=None)
@given(histories(ANY_DAY), st.randoms(use_true_random=False))
def test_a_receiver_keeps_what_it_got_whatever_becomes_of_the_trades_it_came_from(
    history: list[Any], random: Any
) -> None:
    logs = after(history, 3)
    logs.carry_all()
    before = arrivals(models_of(logs))
    later = [each for each in history if isinstance(each, TradeCommand)]
    random.shuffle(later)
    for command in numbered(later, "later-"):
        send(logs, command)
    logs.carry_all()
    assert arrivals(models_of(logs)) == before


IN_TRANSIT = ("Assets:InTransit", "Equity:InTransit:SAN")


def arrivals(models: Sequence[Any]) -> dict[str, Any]:
    return {
        key: (each.quantity, each.brings, each.is_live)
        for found in models for key, each in found["movements"].items() if each.kind == "transfer-in"
    }


def accounts(models: Sequence[Any]) -> Any:
    """What all books together hold in each account and asset."""
    sums: dict[tuple[str, str], Decimal] = dict.fromkeys(
        [(name, asset) for name in IN_TRANSIT for asset in ("SAN", "EUR")], Decimal(0)
    )
    for found in models:
        for (_, account, asset), quantity in posted(found["journal"].values()).items():
            sums[account, asset] = sums.get((account, asset), Decimal(0)) + quantity
    return sums


def live_trades(models: Sequence[Any]) -> list[Any]:
    return [
        each for found in models for each in found["movements"].values() if each.is_live and each.kind == "trade"
    ]


def held(models: Sequence[Any]) -> Fraction:
    return sum((Fraction(each.quantity) for found in models for each in found["positions"].values()), Fraction(0))


def traded(models: Sequence[Any]) -> Fraction:
    return sum((Fraction(each.quantity) for each in live_trades(models)), Fraction(0))


def cost_less_profit(models: Sequence[Any]) -> Fraction:
    found = [each for model in models for each in model["positions"].values()]
    return sum((Fraction(each.cost) - Fraction(each.realised) for each in found), Fraction(0))


def paid(models: Sequence[Any]) -> Fraction:
    return sum((Fraction(-each.amount) + Fraction(each.beyond) for each in live_trades(models)), Fraction(0))
