"""A demo tells the same of the business whatever its ledger is made of, books into no ledger in use, and is gone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import run
from tests.journeys.test_kill import free_port

ROOT = Path(__file__).parents[2]
DAY = ("--trades", 1_100, "--exit", "--json")
LONGEST_SECONDS = 60
REAL = {
    "EVERBOOK_HBASE_URL": "hbase://127.0.0.1:1/real", "EVERBOOK_ELASTICSEARCH_URL": "http://127.0.0.1:1",
    "EVERBOOK_KAFKA_BOOTSTRAP": "127.0.0.1:1",
}


def test_the_business_is_the_same_in_one_log_and_in_several(tmp_path: Path) -> None:
    one, two, five = (run("demo", *DAY, "--data", tmp_path / str(n), "--ledgers", n) for n in (1, 2, 5))
    assert [len(each["roots"]) for each in (one, two, five)] == [3, 4, 7]
    assert one["digests"] == two["digests"] == five["digests"]
    assert len(set(one["digests"].values())) == len(one["digests"]) == len(one["stored_digests"])
    other = run("demo", *DAY, "--data", tmp_path / "other", "--seed", 8)
    # On no such day anything is transferred.
    assert [name for name, digest in one["digests"].items() if digest == other["digests"][name]] == ["transfers"]


@pytest.mark.parametrize("variable", REAL)
def test_a_demo_does_not_book_into_the_servers_that_are_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, REAL[variable])
    assert "made-up trades" in run("demo", "--trades", 10, "--exit", code=1)


def test_a_demo_on_a_cluster_wants_all_of_its_servers_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERBOOK_KAFKA_BOOTSTRAP", REAL["EVERBOOK_KAFKA_BOOTSTRAP"])
    said = run("demo", "--cluster", "--trades", 10, "--exit", code=1)
    assert "EVERBOOK_HBASE_URL, EVERBOOK_ELASTICSEARCH_URL is not set" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_asked_to_end_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "api", "demo", "--trades", "20", "--port", str(free_port())]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    ) as demo:
        assert demo.stderr is not None
        said = ""
        for line in demo.stderr:
            said += line
            if "Everbook serves" in line:
                break
        assert len(list(tmp_path.glob("everbook-demo-*"))) == 1, said
        demo.send_signal(number)
        assert demo.wait(LONGEST_SECONDS) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_demo_is_told_once_more_what_it_was_told_before(tmp_path: Path) -> None:
    first, again = (run("demo", "--trades", 50, "--exit", "--json", "--data", tmp_path) for _ in range(2))
    assert (again["accepted"], again["refused"]) == (0, 0)
    assert again["duplicates"] == first["accepted"] + first["refused"] + first["duplicates"]
    assert json.dumps(again["digests"]) == json.dumps(first["digests"])
