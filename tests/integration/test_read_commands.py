"""The reads of the command line: what is stale is not given, not even inside a sum."""

from pathlib import Path

import msgspec
import pytest

from infra.everbook import Everbook
from infra.settings import Settings
from tests.command_line import ledger_in, run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A ledger of which one position and one price are stale."""
    ledger_in(tmp_path)
    with Everbook(Settings(data=tmp_path)) as opened:
        opened.worker().catch_up()
        store = opened.read_models
        for model, log, key in (("positions", "ledger-0", "EQ-1/SAN"), ("reference", "market", "prices/SAN")):
            (document,) = store.get_many(model, [key]).values()
            place = store.reflected(model, log)
            stale = msgspec.structs.replace(document, stale=True)
            ((_, leaf),) = opened.recorder(log).select_leaves(place, 1)
            store.write(log, {model: {key: stale}}, expected=place, reflected=place, models=[model], leaf=leaf)
    return tmp_path


@pytest.mark.parametrize(("command", "stale"), [("positions", "EQ-1/SAN"), ("pnl", "EQ-1/SAN"), ("risk", "EQ-1/SAN")])
def test_what_is_stale_is_said_and_not_given(data: Path, command: str, stale: str) -> None:
    said = run(command, "--data", data, code=1)
    assert f"could not be applied: {stale}" in said
    assert "work retry" in said
    assert run(command, "--data", data, "--json", code=1).startswith("error:")


def test_what_the_event_does_not_touch_goes_on(data: Path) -> None:
    assert [each["currency"] for each in run("cash", "--data", data, "--json")] == ["EUR"]


LOOKING = (
    *(("trades",), ("positions",), ("cash",), ("journal",), ("pnl",), ("risk",), ("alerts",), ("audit",), ("replay",),
      ("settlements",)),
    ("explain", "EQ-1/SAN"), ("explain", "EQ-1", "SAN"), ("diff", "--known-from", "2026-11-24"), ("trial-balance",),
    ("positions", "--valid-at", "2026-11-24"), ("cash", "--known-at", "2026-11-24"),
    ("keys", "list"), ("keys", "revoke", "k1"), ("verify",), ("verify", "--read-models"), ("rebuild",), ("checkpoint",),
    ("work", "projections"),
)


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_looking_for_a_ledger_that_is_not_there_makes_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "holds no ledger" in run(*command, "--data", tmp_path / "typo", code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_ledger_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERBOOK_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    run("positions", "--data", tmp_path / "data", code=1)
    assert not (tmp_path / "data").exists()


def test_what_writes_makes_a_ledger(tmp_path: Path) -> None:
    run("keys", "issue", "k1", "--role", "trader", "--data", tmp_path / "new")
    keys = run("keys", "list", "--data", tmp_path / "new", "--json")
    assert [each["key_id"] for each in keys] == ["admin", "k1"]
    assert run("positions", "--data", tmp_path / "new", "--json") == []


@pytest.mark.parametrize("options", [("--to", "2026-11-24"), ("--daily",), ("--known-from", "2026-11-24")])
def test_what_was_earned_needs_where_it_begins(data: Path, options: tuple[str, ...]) -> None:
    assert "--from" in run("pnl", *options, "--data", data, code=2)


def test_one_instant_is_not_two(data: Path) -> None:
    assert "--valid-at" in run("pnl", "--from", "2026-11-23", "--valid-at", "2026-11-24", "--data", data, code=2)


def test_a_module_that_keeps_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.memory")
    for command in (("positions",), ("demo", "--exit"), ("serve",)):
        assert "infra.memory" in run(*command, "--data", tmp_path / "data", code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_nobody_knows_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERBOOK_DATABASE_URL", "foo://bar/baz")
    assert "foo://" in run("keys", "issue", "k1", "--role", "trader", "--data", tmp_path / "data", code=1)


@pytest.mark.parametrize("command", [
    ("checkpoint", "--out", "{}/no/where"), ("import", "{}/empty", "--format", "trades-csv", "--errors", "{}/no/x"),
    ("generate", "--out", "{}"), ("restore", "{}/backup", "--data", "{}/empty"),
])
def test_a_place_that_cannot_be_written_or_read_is_said_in_one_line(
    data: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "empty").touch()
    run("backup", tmp_path / "backup", "--data", data)
    of = () if command[0] in {"generate", "restore"} else ("--data", data)
    said = run(*(each.format(tmp_path) for each in command), *of, code=1)
    assert said.startswith("error: ")
