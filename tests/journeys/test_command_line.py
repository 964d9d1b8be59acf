"""A stranger's first hour: a demo, a file imported twice, and the market simulator's own closing figures."""

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.imports.atom import closing_of
from infra.everbook import Everbook
from infra.settings import Settings
from tests.ledger import founded, send
from tests.rules import booking

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT.parent / "shared" / "data" / "atom" / "day-sample.txt.gz"
SELF_TRADES = 225


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.output


def test_one_command_books_a_day_and_proves_it(tmp_path: Path) -> None:
    figures = run("demo", "--data", str(tmp_path), "--trades", "300", "--exit", "--json")
    assert figures["accepted"] > 300
    assert figures["log_verified"]
    assert figures["projections_verified"]
    assert {float(total) for total in figures["trial_balance"].values()} == {0.0}
    assert set(figures["digests"]) >= {"positions", "cash", "journal", "trades"}


def test_the_demo_tells_positions_by_desk_as_they_are_in_the_books(tmp_path: Path) -> None:
    figures = run("demo", "--data", str(tmp_path), "--trades", "120", "--exit", "--json")
    held = run("positions", "--data", str(tmp_path), "--limit", "-1", "--json")
    counted = Counter(each["desk"] for each in held if Decimal(each["quantity"]))
    assert {line["name"]: line["holdings"] for line in figures["positions"]} == counted
    for line in figures["positions"]:
        assert Decimal(line["long"]) >= 0 >= Decimal(line["short"])
        assert abs(Decimal(line["long"]) + Decimal(line["short"]) - Decimal(line["net"])) < Decimal("0.01")
    assert "Positions by desk" in run("demo", "--data", str(tmp_path), "--trades", "120", "--exit")


def test_the_demo_is_the_same_figures_for_the_same_seed(tmp_path: Path) -> None:
    first, second = (
        run("demo", "--data", str(tmp_path / name), "--trades", "120", "--exit", "--json") for name in "ab"
    )
    for name in ("accepted", "refused", "duplicates", "profit", "exposures", "alerts", "breaches"):
        assert first[name] == second[name]


def test_a_generated_file_imported_twice_changes_nothing(tmp_path: Path) -> None:
    file, data = str(tmp_path / "day.ndjson"), str(tmp_path / "data")
    run("generate", "--out", file, "--trades", "400")
    # A generated day of some size has commands that are to be refused.
    first = run("import", file, "--format", "commands-ndjson", "--data", data, "--json", code=2)
    second = run("import", file, "--format", "commands-ndjson", "--data", data, "--json", code=2)
    assert (second["accepted"], second["refused"]) == (0, 0)
    # Whoever runs it again after a crash is told what the first run refused.
    assert second["problems"] == first["problems"] != []
    assert second["duplicates"] == first["accepted"] + first["refused"] + first["duplicates"]


def test_what_is_wrong_with_a_file_is_said_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "commands.ndjson"
    file.write_text('{"type":"AffirmTrade","command_id":"c1","trade_id":"T1","book":"NONE"}\n{nonsense\n')
    report = run("import", str(file), "--format", "commands-ndjson", "--data", str(tmp_path / "d"), "--json", code=2)
    found = sorted((each["line"], each["code"]) for each in report["problems"])
    assert found == [(1, "unknown-book"), (2, "malformed")]


def test_whoever_has_read_enough_of_a_replay_is_told_nothing_more(tmp_path: Path) -> None:
    with Everbook(Settings(data=tmp_path)) as ledger:
        founded(ledger.logs)
        send(ledger.logs, *[booking(f"T{number}") for number in range(500)])
    command = [sys.executable, "-m", "api", "replay", "--data", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as replaying:
        assert replaying.stdout is not None
        assert replaying.stderr is not None
        assert replaying.stdout.readline().startswith(b'{"log":"reference"')
        replaying.stdout.close()
        assert replaying.stderr.read() == b""


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample trace of the ATOM simulator is not beside the project")
def test_the_simulators_own_closing_figures_come_out(tmp_path: Path) -> None:
    report = run("import", str(SAMPLE), "--format", "atom", "--data", str(tmp_path), "--json")
    assert report["refused"] == report["malformed"] == 0
    cash, holdings = closing_of(SAMPLE)
    with Everbook(Settings(data=tmp_path)) as ledger:
        ledger.worker().catch_up()
        balances: Any = ledger.read_models.scan("cash", "")
        positions: Any = ledger.read_models.scan("positions", "")
        alerts: Any = ledger.read_models.scan("alerts", "")
    assert {each.book: each.total for each in balances} == cash
    assert {(each.book, each.instrument): each.quantity for each in positions} == holdings
    assert Counter(each.kind for each in alerts)["wash-same-owner"] == SELF_TRADES
