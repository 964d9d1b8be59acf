"""``everbook verify``: exit code 0 for intact, 2 for not, 1 when it cannot say."""

from pathlib import Path

import pytest

from domain.admission import NotRecorded
from infra.everbook import Everbook
from infra.settings import Settings
from projections.registry import PROJECTIONS
from tests.command_line import book, ledger_in, run
from tests.contracts.comparison_contract import trading
from tests.damage import COMMITS, EVENTS, LOG, RECEIPTS, Stored


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ledger_in(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def kept(tmp_path: Path, data: Path) -> Path:
    """Checkpoints that were kept elsewhere, after which the ledger went on."""
    run("checkpoint", "--data", data, "--out", tmp_path / "kept.txt")
    with Everbook(Settings(data=data)) as opened:
        book(opened, 7, 8)
    return tmp_path / "kept.txt"


def test_a_ledger_that_only_grew_is_intact(data: Path, kept: Path) -> None:
    report = run("verify", "--data", data, "--checkpoint", kept, "--read-models", "--json")
    assert report["intact"] is True
    assert report["differing"] == []
    assert [(each["log"], each["findings"]) for each in report["logs"]] == [
        ("reference", []), ("market", []), (LOG, [])
    ]


def test_an_altered_event_is_named(data: Path) -> None:
    Stored(data / "events.db").run(f"UPDATE {EVENTS} SET state = replace(state, 'anna', 'bert') WHERE sequence = 4")
    report = run("verify", "--data", data, "--json", code=2)
    (finding,) = report["logs"][2]["findings"]
    assert finding.startswith(f"{LOG}:4: ")
    assert "NOT INTACT" in run("verify", "--data", data, "--read-models", code=2)


@pytest.mark.parametrize("state", [b"{", b'{"ledgers":1}', b"\xff", b""])
@pytest.mark.parametrize("log", ["reference", "market", "ledger-0"])
def test_a_ledger_that_no_longer_opens_is_verified_all_the_same(data: Path, log: str, state: bytes) -> None:
    table = f"{log.replace('-', '_')}_events"
    Stored(data / "events.db").run(f"UPDATE {table} SET state = ? WHERE sequence = 1", state)
    reports = {each["log"]: each["findings"] for each in run("verify", "--data", data, "--json", code=2)["logs"]}
    assert [name for name, findings in reports.items() if findings] == [log]
    assert reports[log][0].startswith(f"{log}:1: ")


@pytest.mark.parametrize("cut", [f"{COMMITS} WHERE tree_size > 1", f"{EVENTS} WHERE sequence = 3",
                                 f"{EVENTS} WHERE sequence > 3"])
def test_a_log_that_lacks_something_takes_no_command_and_hangs_nobody(data: Path, cut: str) -> None:
    Stored(data / "events.db").run(f"DELETE FROM {cut}")
    assert run("verify", "--data", data, "--json", code=2)["intact"] is False
    with Everbook(Settings(data=data)) as opened, pytest.raises(NotRecorded, match="ledger-0"):
        book(opened, 9)


def test_read_models_do_not_pass_over_an_event_that_is_missing(data: Path) -> None:
    Stored(data / "events.db").run(f"DELETE FROM {EVENTS} WHERE sequence = 3")
    assert "LogBroken: ledger-0 lacks events after 0" in run("positions", "--data", data, code=1)


def test_a_ledger_that_was_cut_is_found_by_the_checkpoint(data: Path, kept: Path) -> None:
    stored = Stored(data / "events.db")
    for table, column in ((EVENTS, "sequence"), (COMMITS, "tree_size"), (RECEIPTS, "sequence")):
        stored.run(f"DELETE FROM {table} WHERE {column} > 1")
    assert run("verify", "--data", data, "--json")["intact"] is True
    report = run("verify", "--data", data, "--checkpoint", kept, "--json", code=2)
    assert report["logs"][2]["findings"] == [f"{LOG}: a checkpoint knows 6 events, the log has 1: it was cut"]


@pytest.mark.parametrize(("old", "new"), [("\n6\n", "\n5\n"), ("ledger-0 ", "ledger-1 "), ("\u2014 ", ""), ("=", "")])
def test_a_checkpoint_that_was_altered_itself_proves_nothing(data: Path, kept: Path, old: str, new: str) -> None:
    kept.write_text(kept.read_text().replace(old, new))
    assert "BadCheckpoint" in run("verify", "--data", data, "--checkpoint", kept, "--json", code=1)


def test_a_checkpoint_of_another_ledger_proves_nothing(data: Path, tmp_path: Path) -> None:
    ledger_in(tmp_path / "other")
    run("checkpoint", "--data", tmp_path / "other", "--out", tmp_path / "others.txt")
    assert "BadCheckpoint" in run("verify", "--data", data, "--checkpoint", tmp_path / "others.txt", code=1)
    (data / "checkpoint-key").unlink()
    assert "BadCheckpoint" in run("verify", "--data", data, "--checkpoint", tmp_path / "others.txt", code=1)


def test_read_models_are_proven_while_trades_come_in(data: Path) -> None:
    with Everbook(Settings(data=data)) as opened:
        with trading(opened.logs, opened.read_models, PROJECTIONS) as before:
            report = run("verify", "--data", data, "--read-models", "--json")
        assert (report["intact"], report["differing"]) == (True, [])
        assert before < report["read_models"]["positions"]["reflected"][LOG] <= opened.vector()[LOG]


def test_a_document_that_was_altered_is_named(data: Path) -> None:
    run("verify", "--data", data, "--read-models")
    models = Stored(data / "read-models.db")
    positions = next(each.version for each in PROJECTIONS if each.name == "positions")
    models.run(f"UPDATE model_positions_v{positions}_g1 SET document = replace(document, '\"10', '\"11')")
    report = run("verify", "--data", data, "--read-models", "--json", code=2)
    assert (report["differing"], report["read_models"]["positions"]["differing"]) == (["positions"], ["EQ-1/SAN"])
    assert "positions differs from its rebuild: run everbook rebuild; EQ-1/SAN" in run(
        "verify", "--data", data, "--read-models", code=2
    )
    models.run(f"UPDATE model_positions_v{positions}_g1 SET document = '{{'")
    assert "positions cannot be read" in run("verify", "--data", data, "--read-models", code=2)


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    assert "holds no ledger" in run("verify", "--data", tmp_path / "nothing", code=1)
    assert not (tmp_path / "nothing").exists()


def test_a_file_without_a_checkpoint_proves_nothing(data: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").touch()
    assert "holds no checkpoint" in run("verify", "--data", data, "--checkpoint", tmp_path / "kept.txt", code=1)


def test_a_log_of_which_no_checkpoint_was_kept_is_named(data: Path, kept: Path) -> None:
    notes = kept.read_text()
    kept.write_text(notes[notes.index(f"/{LOG}\n") - len(notes.splitlines()[0]) + len("/reference") :].lstrip("\n"))
    report = run("verify", "--data", data, "--checkpoint", kept, "--json")
    assert (report["intact"], report["without_checkpoint"]) == (True, ["reference", "market"])
    assert "has no checkpoint of market" in run("verify", "--data", data, "--checkpoint", kept)
