"""What every store of read models keeps of a mending: whole, for its place alone, and undone by nobody."""

import time
from collections.abc import Sequence
from decimal import Decimal
from threading import Thread

import pytest

from domain.commands import AffirmTrade, CorrectTrade, EquityTerms, SettleTrade
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.retry import dead_letters, retry
from projections.ports import ReadModelsMoved, ReadModelStore
from projections.projection import Document, Projection
from tests.contracts.read_models_contract import Open, catch_up, digests, require_equal_to_rebuild
from tests.counting import Counting, Doubling
from tests.ledger import send
from tests.rules import booking


def correct(logs: CommandedLogs, times: int) -> None:
    """Corrects T7 again and again, as people at work do."""
    for number in range(times):
        terms = EquityTerms(side="buy", instrument="SAN", quantity=Decimal(number + 1), price=Decimal(97))
        send(logs, CorrectTrade(command_id=f"c{number}", trade_id="T7", book="EQ-1", terms=terms, reason="typo"))
        time.sleep(0.02)


class MendingContract:
    """Beside ``ReadModelsContract``, whose fixtures it uses."""

    def test_parked_documents_are_mended_as_a_rebuild_has_them(self, logs: CommandedLogs, opened: Open) -> None:
        poisoned = counting, _ = Counting(), Doubling()
        store = opened(poisoned, logs.ledger_id)
        self.park(logs, store, poisoned)
        require_equal_to_rebuild(logs, store, poisoned)
        assert {each.error for each in retry(logs.recorders, store, poisoned)} != {""}
        assert len(store.scan("dead-letters", "")) == 4
        require_equal_to_rebuild(logs, store, poisoned)
        counting.broken = False
        done = retry(logs.recorders, store, poisoned)
        assert [(each.model, each.events, each.error) for each in done] == [("counting", 2, ""), ("doubling", 2, "")]
        assert store.scan("dead-letters", "") == []
        require_equal_to_rebuild(logs, store, poisoned)
        send(logs, booking("T-more"), SettleTrade(command_id="m", trade_id="T8", book="EQ-1"))
        catch_up(logs, store, poisoned)
        require_equal_to_rebuild(logs, store, poisoned)

    def test_a_mended_document_that_is_not_to_be_is_gone_and_may_come_again(
        self, logs: CommandedLogs, opened: Open
    ) -> None:
        store = opened((Counting(),), logs.ledger_id)
        self.park(logs, store, (Counting(),))
        at = store.reflected("counting", "ledger-0")
        (parked,) = {each.parked for each in dead_letters(store)}
        store.mend({parked: None}, [], at=at, models=["counting"])
        assert (store.get_many("counting", ["EQ-1/T7"]), store.scan("dead-letters", "")) == ({}, [])
        assert store.get_many("dead-letters", ["counting/EQ-1/T7/ledger-0-000000000032"]) == {}
        assert len(store.scan("counting", "")) == 29
        again = Counting.document("EQ-1/T7", at + 1)
        store.write(
            "ledger-0", {"counting": {again.id: again}}, expected=at, reflected=at + 1, models=["counting"],
            parked=set(),
        )
        assert dict(store.get_many("counting", [again.id])) == {again.id: again}

    def test_what_was_mended_keeps_its_place_though_its_last_events_change_nothing(
        self, logs: CommandedLogs, opened: Open
    ) -> None:
        store = opened((Counting(),), logs.ledger_id)
        self.park(logs, store, (Counting(),))
        (parked,) = {each.parked for each in dead_letters(store)}
        mended = Counting.document("EQ-1/T7", 9)
        store.mend({parked: mended}, [], at=store.reflected("counting", "ledger-0"), models=["counting"])
        assert dict(store.get_many("counting", [mended.id])) == {mended.id: mended}

    def test_a_mending_for_another_place_is_refused_whole(self, logs: CommandedLogs, opened: Open) -> None:
        store = opened((Counting(),), logs.ledger_id)
        self.park(logs, store, (Counting(),))
        before, letters = digests(store, (Counting(),)), store.scan("dead-letters", "")
        at = store.reflected("counting", "ledger-0")
        (parked,) = {each.parked for each in dead_letters(store)}
        for other in (at - 1, at + 1):
            with pytest.raises(ReadModelsMoved):
                store.mend({parked: None}, [], at=other, models=["counting"])
        assert (digests(store, (Counting(),)), store.scan("dead-letters", "")) == (before, letters)

    def test_what_was_folded_before_a_mending_is_refused(self, logs: CommandedLogs, opened: Open) -> None:
        projections = (counting,) = (Counting(),)
        store = opened(projections, logs.ledger_id)
        self.park(logs, store, projections)
        at = store.reflected("counting", "ledger-0")
        known = {each.parked for each in dead_letters(store)}
        counting.broken = False
        retry(logs.recorders, store, projections)
        stray = {"counting": {"EQ-1/T7": Document(id="EQ-1/T7", log="ledger-0", sequence=at + 1, stale=True)}}
        with pytest.raises(ReadModelsMoved):
            store.write("ledger-0", stray, expected=at, reflected=at + 1, models=["counting"], parked=known)
        assert store.reflected("counting", "ledger-0") == at
        require_equal_to_rebuild(logs, store, projections)

    def test_a_mending_sticks_while_workers_write_the_same_document(self, logs: CommandedLogs, opened: Open) -> None:
        projections = (counting, _) = Counting(), Doubling()
        store = opened(projections, logs.ledger_id)
        send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
        catch_up(logs, store, projections)
        counting.broken = False
        workers = [ProjectionWorker(logs.recorders, store, projections, at_once) for at_once in (2, 3)]
        trading = Thread(target=correct, args=(logs, 60))
        trading.start()
        for worker in workers:
            worker.start()
        time.sleep(0.3)
        done = retry(logs.recorders, store, projections)
        assert {each.error for each in done} == {""}
        assert store.scan("dead-letters", "") == []
        trading.join()
        for worker in workers:
            worker.stop()
        catch_up(logs, store, projections)
        assert store.scan("dead-letters", "") == []
        require_equal_to_rebuild(logs, store, projections)

    def park(self, logs: CommandedLogs, store: ReadModelStore, projections: Sequence[Projection]) -> None:
        """Parks what is counted of T7: an event that cannot be applied, and one that waits for it."""
        send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
        catch_up(logs, store, projections)
        send(logs, SettleTrade(command_id="c", trade_id="T7", book="EQ-1"))
        catch_up(logs, store, projections)
