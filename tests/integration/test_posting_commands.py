"""Commands that post much: through a small queue, with a store that fails, and never into a ledger by accident."""

from pathlib import Path

import pytest

from tests.command_line import run
from tests.damage import Stored


@pytest.fixture
def day(tmp_path: Path) -> Path:
    run("generate", "--out", tmp_path / "day.ndjson", "--trades", "1500")
    return tmp_path / "day.ndjson"


def test_a_file_goes_through_a_queue_smaller_than_it(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERBOOK_QUEUE_LIMIT", "500")
    counts = run("import", day, "--format", "commands-ndjson", "--data", tmp_path / "data", "--json", code=2)
    assert counts["accepted"] > 1_500


def test_an_import_that_the_store_fails_says_so_without_a_traceback(day: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("keys", "list", "--data", data)
    full = "BEGIN SELECT RAISE(ABORT, 'full'); END"
    Stored(data / "events.db").run(f"CREATE TRIGGER full BEFORE INSERT ON ledger_0_events {full}")
    said = run("import", day, "--format", "commands-ndjson", "--data", data, code=1)
    assert "error: OutcomeUnknown" in said


@pytest.mark.parametrize("setting", ["EVERBOOK_DATABASE_URL", "EVERBOOK_READ_DATABASE_URL"])
def test_a_demo_does_not_book_into_the_database_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(setting, f"sqlite:///{tmp_path / 'real.db'}")
    assert "made-up trades" in run("demo", "--trades", "10", "--exit", code=1)
    assert not (tmp_path / "real.db").exists()
