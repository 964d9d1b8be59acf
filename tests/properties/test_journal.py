"""Conservation: whatever is commanded, debits equal credits in every asset."""

from decimal import Decimal

from hypothesis import given, settings

from domain.commands import AnyCommand
from domain.events import StatusEvent, TradeEvent
from projections.trial_balance import sums_by_asset, trial_balance
from tests.documents import read_models
from tests.properties.test_replay import events_of, ledger_after
from tests.strategies import histories


@settings(max_examples=80, deadline=None)
@given(histories())
def test_every_entry_and_so_every_trial_balance_is_zero_in_each_asset(history: list[AnyCommand]) -> None:
    events = events_of(ledger_after(history, ledgers=2))
    entries = [
        entry for log in ("ledger-0", "ledger-1")
        for entry in read_models(events[log], at_once=True)["journal"].values()
    ]
    for entry in entries:
        totals: dict[str, Decimal] = {}
        for posting in entry.postings:
            totals[posting.asset] = totals.get(posting.asset, Decimal(0)) + posting.quantity
        assert set(totals.values()) <= {0}
    assert set(sums_by_asset(trial_balance(entries)).values()) <= {0}
    posting_events = {
        each.id for log in ("ledger-0", "ledger-1") for each in events[log]
        if isinstance(each.event, TradeEvent) and not isinstance(each.event, StatusEvent)
    }
    assert {f"{entry.log}:{entry.sequence}" for entry in entries} == posting_events
