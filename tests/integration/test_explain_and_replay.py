"""The command line explains a position down to its events, and replays the events: the same as HTTP does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.__main__ import app
from api.cli.benchmarking import run_benchmarks
from tests.command_line import run
from tests.day import lay
from tests.http import Served, results, served


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("explained")) as running:
        lay(running)
        yield running


def replayed(everbook: Served, *arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["replay", "--data", str(everbook.everbook.settings.data), *arguments])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_contributions_of_a_position_sum_to_it_and_are_those_of_http(everbook: Served) -> None:
    data = everbook.everbook.settings.data
    found = run("explain", "EQ-1/SAN", "--data", data, "--json")
    assert found == everbook.api.read("/v1/positions/EQ-1/SAN/explain")
    assert sum(float(each["quantity"]) for each in found["items"]) == float(found["quantity"]) == 6
    table = run("explain", "EQ-1/SAN", "--data", data)
    assert "EQ-1/SAN is 6" in table
    assert found["items"][0]["event"] in table


@pytest.mark.parametrize("position", ["EQ-1/NONE", "EQ-1", "EQ-1/SAN/T1"])
def test_a_position_that_is_not_there_is_said(everbook: Served, position: str) -> None:
    assert "no position" in run("explain", position, "--data", everbook.everbook.settings.data, code=1)


@pytest.mark.parametrize("asked", [
    {}, {"book": "EQ-2"}, {"types": "trade.booked.v1"}, {"after": "ledger-0:3"}, {"from": "2100-01-01T00:00:00Z"},
    {"to": "2100-01-01T00:00:00Z", "types": "trade.cancelled.v1,trade.settled.v1"},
])
def test_a_replay_is_that_of_http(everbook: Served, asked: dict[str, Any]) -> None:
    options = [part for name, wanted in asked.items() for part in (f"--{name}", wanted)]
    assert replayed(everbook, *options) == results(everbook.api.get("/v1/events", **asked))


def test_a_replay_goes_to_a_file(everbook: Served, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    said = run("replay", "--data", everbook.everbook.settings.data, "--out", file)
    assert len(file.read_text().splitlines()) == everbook.recorded()
    assert f"{everbook.recorded()} events" in said


@pytest.mark.parametrize(("option", "wanted", "said"), [
    ("--types", "trade.typo", "'trade.typo' is no event type"), ("--from", "today", "from is no time of RFC 3339"),
    ("--after", "nowhere:3", "'nowhere:3' is no log:sequence"),
])
def test_a_replay_that_makes_no_sense_is_refused(everbook: Served, option: str, wanted: str, said: str) -> None:
    assert said in run("replay", "--data", everbook.everbook.settings.data, option, wanted, code=1)


def test_the_benchmarks_of_a_checkout_are_run_with_what_was_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as missing:
        run_benchmarks(tmp_path, [])
    assert missing.value.exit_code == 1
    assert "checkout" in " ".join(capfd.readouterr().err.split())
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    (tmp_path / "benchmarks" / "__main__.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(3)\n")
    with pytest.raises(typer.Exit) as failed:
        run_benchmarks(tmp_path, ["--quick"])
    assert failed.value.exit_code == 3
    assert capfd.readouterr().out == "['--quick']\n"
