"""Whoever appends first has the sequence, on any store: two ledgers of one log never both use the same headroom."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.commands import AnyCommand
from infra.logs import CommandedLogs, OpenLog
from infra.verification import verify
from tests.ledger import founded, limited, send
from tests.rules import booking

Two = tuple[CommandedLogs, CommandedLogs]


def sixty(number: int) -> AnyCommand:
    return booking(f"T{number}", quantity="60", price="1")


class OwnershipContract:
    """Run on every adapter: ``open_log`` opens logs of a store that is empty."""

    @pytest.fixture
    def open_log(self) -> OpenLog:
        raise NotImplementedError

    @pytest.fixture
    def shared(self, open_log: OpenLog) -> Two:
        """Two ledgers, each with a state of its own, on one store."""
        return limited(founded(CommandedLogs(open_log)), 100), CommandedLogs(open_log)

    def test_two_ledgers_with_a_limit_of_100_never_both_accept_60(self, shared: Two) -> None:
        first, second = shared
        assert send(first, sixty(1))[0].status == "accepted"
        outcome = send(second, sixty(2))[0]
        assert (outcome.status, outcome.code) == ("refused", "limit-gross-notional")

    def test_two_ledgers_in_a_race_accept_one_60(self, shared: Two) -> None:
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(send, logs, sixty(number)) for number, logs in enumerate(shared)]
            outcomes = [each.result()[0] for each in sent]
        assert sorted(outcome.status for outcome in outcomes) == ["accepted", "refused"]

    def test_many_commands_of_two_racing_ledgers_all_land_once(self, shared: Two) -> None:
        def run(part: int) -> list[str]:
            logs = shared[part]
            return [send(logs, booking(f"T{part}-{n}", "1", "0.1"))[0].status for n in range(40)]

        with ThreadPoolExecutor(2) as pool:
            outcomes = [status for statuses in pool.map(run, (0, 1)) for status in statuses]
        assert outcomes == ["accepted"] * 80
        report = verify("ledger-0", shared[0].recorders["ledger-0"])
        assert (report.intact, report.events) == (True, 81)
