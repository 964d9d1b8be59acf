"""A demo tells the same of the business whatever its ledger is made of, books into no ledger in use, and is gone."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run
from tests.journeys.test_kill import free_port

ROOT = Path(__file__).parents[2]
DAY = ("--trades", 1_100, "--exit", "--json")
LONGEST_SECONDS = 60
LIFE_CYCLE = {
    "corporate-action.applied", "corporate-action.paid", "corporate-action.reversed", "loan.rolled-over",
    "margin.settled", "option.assigned", "option.exercised", "option.expired", "trade.allocated", "trade.compressed",
    "trade.decreased", "trade.increased", "trade.penalty-booked", "trade.settled", "transfer.returned",
}
ACTIONS = {
    "TOTAL": ("cash-dividend paid", "paid"), "APPLE": ("split paid", "units"), "VOD": ("split paid", "units"),
    "NESTLE": ("stock-dividend paid", "units"), "TARKETT": ("cash-merger paid", "paid"),
    "HAVAS": ("spin-off paid, of VIVENDI", "units"), "STELLAN": ("stock-merger paid, of PEUGEOT", "units"),
    "INGENICO": ("mixed-merger paid", "paid"), "OAT": ("coupon paid", "paid"), "BTF-SHORT": ("redemption paid", "paid"),
}
"""What issuers did, and a figure of it that is not zero."""
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
    assert [name for name, digest in one["digests"].items() if digest == other["digests"][name]] == []
    for each in (one, two, five):
        require_whole(each)


def require_whole(told: dict[str, Any]) -> None:
    """The books are balanced, proven, and tell of all that became of trades and of what issuers did."""
    assert (told["log_verified"], told["projections_verified"]) == (True, True)
    assert {asset: total for asset, total in told["trial_balance"].items() if Decimal(total)} == {}
    assert {"USD", "SANOFI", "OAT", "CAC-NEAR", "AIRBUS-C150", "ETF-WORLD"} <= set(told["trial_balance"])
    posted = told["life_cycle"]
    assert LIFE_CYCLE - set(posted) == set()
    assert posted["transfer.sent"] == posted["transfer.received"] + posted["transfer.returned"]
    lines = {each["instrument"]: each for each in told["corporate_actions"]}
    assert all(Decimal(each["owed"]) == 0 for each in lines.values())
    for instrument, (actions, figure) in ACTIONS.items():
        assert (lines[instrument]["actions"], bool(Decimal(lines[instrument][figure]))) == ([actions], True), instrument
    assert [lines[name]["actions"] for name in ("ORANGE", "HSBC")] == [["cash-dividend cancelled"]] * 2
    assert [lines[name]["positions"] for name in ("ORANGE", "HSBC")] == [0, 0]


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
        try:
            assert demo.wait(LONGEST_SECONDS) == 0
        finally:
            # Leaving the block would wait for ever for one that does not end.
            demo.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_demo_is_told_once_more_what_it_was_told_before(tmp_path: Path) -> None:
    first, again = (run("demo", "--trades", 50, "--exit", "--json", "--data", tmp_path) for _ in range(2))
    assert (again["accepted"], again["refused"]) == (0, 0)
    assert again["duplicates"] == first["accepted"] + first["refused"] + first["duplicates"]
    assert json.dumps(again["digests"]) == json.dumps(first["digests"])
