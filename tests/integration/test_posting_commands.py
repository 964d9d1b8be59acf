"""Commands that post much: through a small queue, with a store that fails, and never into a ledger by accident."""

from pathlib import Path

import pytest

from tests.command_line import ledger_in, run
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
    run("keys", "issue", "k1", "--role", "trader", "--data", data)
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


@pytest.mark.parametrize("setting", [
    "EVERBOOK_HBASE_URL", "EVERBOOK_ELASTICSEARCH_URL", "EVERBOOK_KAFKA_BOOTSTRAP"
])
def test_a_demo_does_not_book_into_the_cluster_that_is_set(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv(setting, "somewhere:1")
    assert "made-up trades" in run("demo", "--trades", "10", "--exit", code=1)


@pytest.mark.parametrize(("broken", "said"), [
    (b'"T3,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,1\nT4,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,1\n', "unexpected end"),
    (b"T3,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,\xff\nT4,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,1\n", "no UTF-8"),
])
def test_what_came_before_a_line_that_cannot_be_read_is_counted(tmp_path: Path, broken: bytes, said: str) -> None:
    ledger_in(tmp_path / "data", trades=1)
    good = b"".join(b"T%d,EQ-1,anna,ACME,2026-11-24,buy,%s,1,1\n" % (n, name) for n, name in ((1, b"SAN"), (2, b"NO")))
    (tmp_path / "t.csv").write_bytes(
        b"trade_id,book,trader,counterparty,trade_date,side,instrument,quantity,price\n" + good + broken
    )
    found = run("import", tmp_path / "t.csv", "--format", "trades-csv", "--data", tmp_path / "data", "--json", code=2)
    assert (found["accepted"], found["refused"]) == (1, 1)
    problems = {each["line"]: each for each in found["problems"]}
    assert {line: each["code"] for line, each in problems.items()} == {3: "unknown-instrument", 4: "unreadable"}
    assert said in problems[4]["detail"]


def test_a_file_that_is_of_no_format_at_all_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("colour\nred\n")
    assert "t.csv: line 1: there is no column 'colour'" in run(
        "import", tmp_path / "t.csv", "--format", "trades-csv", "--data", tmp_path / "data", code=1
    )
