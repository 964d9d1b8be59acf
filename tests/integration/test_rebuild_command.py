"""A rebuild that is ended: in order it leaves nothing behind, and what it leaves otherwise goes with the next."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.command_line import ledger_in, run
from tests.indices import dropped_after
from tests.processes import ROOT

ENDED_HALFWAY = """
import os, sys
from infra.projection_worker import ProjectionWorker

number = int(sys.argv.pop())
step = ProjectionWorker.step

def ended(*arguments, **options):
    done = step(*arguments, **options)
    if arguments[0]._read_models._generation is not None:
        print("ended", file=sys.stderr, flush=True)
        os.kill(os.getpid(), number)
    return done

ProjectionWorker.step = ended
from api.__main__ import main
main()
"""


def tables(folder: Path, generation: int) -> list[str]:
    """The tables of a generation, by name."""
    connection = sqlite3.connect(folder / "read-models.db")
    found = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE ?", (f"model_%_g{generation}",))
    names = sorted(name for (name,) in found)
    connection.close()
    return names


def ended_halfway(folder: Path, by: signal.Signals, *command: str) -> int:
    arguments = [sys.executable, "-c", ENDED_HALFWAY, *command, "--data", str(folder), str(int(by))]
    ended = subprocess.run(arguments, cwd=ROOT, capture_output=True, timeout=120, check=False, text=True)
    assert "ended" in ended.stderr, ended.stderr
    return ended.returncode


@pytest.mark.parametrize("command", [("rebuild",), ("rebuild", "positions"), ("verify", "--read-models")])
def test_a_request_to_end_drops_what_is_half_built(tmp_path: Path, command: tuple[str, ...]) -> None:
    ledger_in(tmp_path)
    run("rebuild", "--data", tmp_path)
    assert tables(tmp_path, 2)
    assert ended_halfway(tmp_path, signal.SIGTERM, *command) != 0
    assert tables(tmp_path, 3) == []
    assert tables(tmp_path, 2)


def test_what_a_killed_rebuild_leaves_goes_with_the_next(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    run("rebuild", "--data", tmp_path)
    assert ended_halfway(tmp_path, signal.SIGKILL, "rebuild") == -signal.SIGKILL
    assert tables(tmp_path, 3)
    run("rebuild", "--data", tmp_path)
    assert [tables(tmp_path, 2), tables(tmp_path, 3)] == [[], []]
    assert tables(tmp_path, 4)


def test_in_elasticsearch_too(tmp_path: Path, elasticsearch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERBOOK_ELASTICSEARCH_URL", elasticsearch)
    ledger = ledger_in(tmp_path)
    with dropped_after(elasticsearch, {ledger}), Elasticsearch(elasticsearch) as client:
        def generations() -> set[str]:
            found = client.indices.get_alias(index=f"everbook-{ledger}-positions-*").body
            return {name.rpartition("-")[2] for name in found}

        run("rebuild", "positions", "--data", tmp_path)
        assert generations() == {"g2"}
        assert ended_halfway(tmp_path, signal.SIGTERM, "rebuild", "positions") != 0
        assert generations() == {"g2"}
        assert ended_halfway(tmp_path, signal.SIGKILL, "rebuild", "positions") == -signal.SIGKILL
        assert generations() == {"g2", "g3"}
        run("rebuild", "positions", "--data", tmp_path)
        assert generations() == {"g4"}
