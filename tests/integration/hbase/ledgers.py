"""Ledgers whose logs are in HBase, in this process or one of its own."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from domain.ports import LogRecorder
from domain.schema import recorded
from infra.hbase.address import address_of
from infra.hbase.connections import Connections
from infra.hbase.recorder import HBaseRecorder
from infra.logs import CommandedLogs
from infra.verification import verify

ROOT = Path(__file__).parents[3]
LEDGER = "ledger-0"


def opener(connections: Connections, name: str) -> Callable[[str], LogRecorder]:
    """What opens the logs of the ledger ``name``."""
    return lambda log: HBaseRecorder(connections, f"{name}:{log}", create=False)


def opened_in_a_process(url: str, name: str) -> CommandedLogs:
    """The ledger ``name``, as it is there."""
    return CommandedLogs(opener(Connections(address_of(url)), name))


def python(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process that runs a script beside the project's code."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *arguments], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )


def finished(process: "subprocess.Popen[str]", seconds: float = 120) -> str:
    """What a process says until it ends by itself, without an error."""
    try:
        said, errors = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return said


def assert_intact(recorder: LogRecorder) -> int:
    """The log proves itself, and its streams are those of its events; how many events it has."""
    report = verify(LEDGER, recorder)
    assert report.findings == []
    events = recorder.select_notifications(1, 1_000_000)
    streams = sorted({str(event.originator_id) for event in events})
    by_stream = sorted(events, key=lambda event: (str(event.originator_id), event.originator_version))
    assert list(recorder.select_streams(streams)) == by_stream
    return report.events


def trades_of(recorder: LogRecorder) -> Sequence[str]:
    """The types of a log's events, without its opening."""
    return [recorded(LEDGER, event.id, event).type for event in recorder.select_notifications(2, 1_000_000)]
