"""Who did what, when and why: one entry an event, in every log."""

from decimal import Decimal

from domain.commands import CancelTrade, EngageKillSwitch, SetLimit
from domain.routing import MARKET, REFERENCE
from tests.documents import History
from tests.rules import DAY, booking


def test_every_event_of_every_log_has_one_entry_by_log_and_sequence() -> None:
    history = History(booking(), CancelTrade(command_id="x", trade_id="T1", book="EQ-1", reason="twice"))
    entries = history.documents("audit")
    assert set(entries) == {f"{event.log}/{event.sequence:012d}" for event in history.events}
    assert {entry.event.split(":")[0] for entry in entries.values()} == {REFERENCE, MARKET, "ledger-0"}


def test_an_entry_of_a_trade_says_who_what_when_and_why() -> None:
    cancel = CancelTrade(command_id="x", trade_id="T1", book="EQ-1", reason="twice", source="desk-7")
    history = History(booking(), cancel)
    entry, event = history.documents("audit")["ledger-0/000000000002"], history.events[-1].event
    assert (entry.type, entry.stream, entry.version) == ("trade.cancelled.v1", "trade:T1", 2)
    assert (entry.actor, entry.source, entry.command_id, entry.reason) == (event.actor, "desk-7", "x", "twice")
    assert (entry.recorded_at, entry.effective_at) == (event.recorded_at, event.effective_at)
    assert (entry.business_date, entry.book, entry.trade_id) == (DAY, "EQ-1", "T1")
    assert (entry.trader, entry.instrument, entry.code) == ("anna", "SAN", None)


def test_an_entry_of_a_refusal_says_what_was_asked_and_why_it_was_refused() -> None:
    history = History()
    refused = history.refuse("kill-switch")
    entry = history.documents("audit")[f"ledger-0/{refused.sequence:012d}"]
    assert (entry.type, entry.code, entry.detail) == ("command.refused.v1", "kill-switch", "too much")
    assert (entry.book, entry.trader, entry.trade_id) == ("EQ-1", "anna", "T9")


def test_entries_of_reference_facts_name_book_trader_and_instrument() -> None:
    limit = SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(5), instrument="SAN")
    entries = History(limit, EngageKillSwitch(command_id="k", trader="anna")).documents("audit")
    of = {entry.type: entry for entry in entries.values()}
    assert (of["limit.set.v1"].book, of["limit.set.v1"].instrument) == ("EQ-1", "SAN")
    assert (of["kill-switch.engaged.v1"].trader, of["kill-switch.engaged.v1"].book) == ("anna", None)
