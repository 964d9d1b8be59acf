"""A writer that dies between any two steps leaves all of its commit or nothing, and whoever comes next goes on."""

from concurrent.futures import ThreadPoolExecutor
from signal import SIGKILL
from uuid import uuid4

from infra.hbase.connections import Connections
from infra.logs import CommandedLogs
from tests.integration.hbase.ledgers import LEDGER, assert_intact, finished, opener, python, trades_of
from tests.ledger import founded, send
from tests.rules import booking

DIES = """
    import os, signal, sys, threading
    from thriftpy2.thrift import TClient
    from tests.integration.hbase.ledgers import opened_in_a_process
    from tests.ledger import send
    from tests.rules import booking

    url, name, last, moment = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    send_request, receive, calls, lock = TClient._send, TClient._recv, [], threading.Lock()

    def die_at(method, now):
        if now == moment and len(calls) == last:
            print(" ".join(calls), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    def sent(client, method, **arguments):
        with lock:
            calls.append(method)
            die_at(method, "before")
        send_request(client, method, **arguments)
        die_at(method, "between")

    def received(client, method):
        answer = receive(client, method)
        die_at(method, "after")
        return answer

    logs = opened_in_a_process(url, name)
    send(logs, booking("T0"))
    recorder = logs.recorders["ledger-0"]
    recorder._tail.settle()
    TClient._send, TClient._recv = sent, received
    send(logs, booking("T1"), booking("T2"))
    recorder.connections.close()
    print("finished", *calls)
"""
MOMENTS = ("before", "between", "after")


def died(url: str, name: str, last: int, moment: str) -> list[str]:
    """The calls of a writer that was killed at the last of them; the first is ``finished`` when it came to its end."""
    process = python(DIES, url, name, str(last), moment)
    said, errors = process.communicate(timeout=120)
    assert process.returncode in (0, -SIGKILL), errors
    return said.split()


def test_a_writer_killed_at_any_call_leaves_all_or_nothing(connections: Connections, hbase_url: str) -> None:
    name = f"whole-{uuid4().hex[:8]}"
    founded(CommandedLogs(opener(connections, name)))
    finished_calls = finished(python(DIES, hbase_url, name, "0", "never")).split()
    assert finished_calls[0] == "finished"
    calls = len(finished_calls) - 1
    assert {"checkAndPut", "mutateRows"} <= set(finished_calls)
    points = [(last, moment) for last in range(1, calls + 1) for moment in MOMENTS]

    def killed(point: tuple[int, str]) -> str:
        last, moment = point
        name = f"killed-{uuid4().hex[:8]}"
        founded(CommandedLogs(opener(connections, name)))
        method = died(hbase_url, name, last, moment)[-1]
        logs = CommandedLogs(opener(connections, name))
        there = trades_of(logs.recorders[LEDGER])
        assert there in (["trade.booked.v1"], ["trade.booked.v1"] * 3), (point, there)
        outcomes = send(logs, booking("T1"), booking("T2"))
        assert [outcome.status for outcome in outcomes] == ["accepted"] * 2
        assert {outcome.repeated for outcome in outcomes} == {len(there) == 3}
        assert send(logs, booking("T1", command_id="again"))[0].status == "refused"
        assert assert_intact(CommandedLogs(opener(connections, name)).recorders[LEDGER]) == 5
        return f"{method} {moment} {len(there)}"

    with ThreadPoolExecutor(2) as pool:
        seen = set(pool.map(killed, points))
    assert {"checkAndPut before 1", "checkAndPut after 3", "mutateRows before 3"} <= seen
