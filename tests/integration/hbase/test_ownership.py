"""Two ledgers on one log in HBase: whoever claims a sequence first has it, the other decides again."""

import os
import signal
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from infra.hbase.connections import Connections
from infra.logs import CommandedLogs, OpenLog
from tests.contracts.ownership_contract import OwnershipContract
from tests.integration.hbase.ledgers import LEDGER, assert_intact, opener, python
from tests.ledger import founded, limited, send
from tests.rules import booking

STOPS = """
    import os, signal, sys
    from thriftpy2.thrift import TClient
    from infra.hbase.recorder import HBaseRecorder
    from tests.integration.hbase.ledgers import opened_in_a_process
    from tests.ledger import send
    from tests.rules import booking

    url, name, place, trade = sys.argv[1:]
    insert, send_request = HBaseRecorder.insert_events, TClient._send

    def stop():
        HBaseRecorder.insert_events, TClient._send = insert, send_request
        os.kill(os.getpid(), signal.SIGSTOP)

    def inserted(recorder, *arguments, **named):
        stop()
        return insert(recorder, *arguments, **named)

    def sent(client, method, **arguments):
        if method == "checkAndPut":
            stop()
        send_request(client, method, **arguments)

    logs = opened_in_a_process(url, name)
    logs.by_log["ledger-0"].begin()
    if place == "append":
        HBaseRecorder.insert_events = inserted
    else:
        TClient._send = sent
    outcome = send(logs, booking(trade, "60", "1"))[0]
    print(outcome.status, outcome.code, outcome.repeated, flush=True)
    logs.recorders["ledger-0"].connections.close()
"""


class TestHBase(OwnershipContract):
    @pytest.fixture
    def open_log(self, connections: Connections) -> OpenLog:
        return opener(connections, f"shared-{uuid4().hex[:8]}")


@pytest.mark.parametrize("place", ["append", "check-and-put"])
@pytest.mark.parametrize("trade", ["T1", "T2"])
def test_a_writer_stopped_before_it_claims_decides_again(
    connections: Connections, hbase_url: str, place: str, trade: str
) -> None:
    name = f"stopped-{uuid4().hex[:8]}"
    logs = limited(founded(CommandedLogs(opener(connections, name))), 100)
    writer = python(STOPS, hbase_url, name, place, trade)
    try:
        wait_until_stopped(writer)
        assert send(logs, booking("T2", "60", "1"))[0].status == "accepted"
        os.kill(writer.pid, signal.SIGCONT)
        said, errors = writer.communicate(timeout=60)
    finally:
        writer.kill()
        writer.communicate()
    said_of = {"T1": ["refused", "limit-gross-notional", "False"], "T2": ["accepted", "True"]}
    assert said.split() == said_of[trade], errors
    assert_intact(CommandedLogs(opener(connections, name)).recorders[LEDGER])


def wait_until_stopped(writer: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and writer.poll() is None:
        if Path(f"/proc/{writer.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.01)
    raise AssertionError("the writer never reached its claim")
