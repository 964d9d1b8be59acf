"""Backups are made while commands go on, and come back only when they are whole and fit the place."""

import json
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from infra.backup import BadBackup, backup, restore
from infra.everbook import SECRETS, Everbook, data_file
from infra.rebuild import compare, rebuild
from infra.reflected import ReadModelsAhead
from infra.secrets import MissingSecret
from infra.settings import Settings
from infra.stored_logs import stored_logs
from infra.verification import verify
from projections.registry import PROJECTIONS
from tests.command_line import book, ledger_in, run
from tests.damage import EVENTS, Stored

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def settings_in(folder: Path) -> Settings:
    return Settings(data=folder)


def backed_up(data: Path, target: Path) -> Path:
    backup(data_file(settings_in(data)), target, NOW)
    return target


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ledger_in(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def kept(data: Path, tmp_path: Path) -> Path:
    return backed_up(data, tmp_path / "kept")


def bring_secrets(data: Path, new: Path) -> None:
    for name in SECRETS:
        shutil.copy(data / name, new / name)


def heads(data: Path) -> dict[str, tuple[int, str]]:
    with stored_logs(settings_in(data)) as logs:
        reports = [verify(log, recorder) for log, recorder in logs.items()]
    assert all(report.intact for report in reports)
    return {report.log: (report.events, report.root) for report in reports}


def caught_up(data: Path) -> None:
    with Everbook(settings_in(data)) as opened:
        opened.worker().catch_up()


@pytest.mark.parametrize("pepper", ["", "another"])
def test_a_ledger_does_not_open_with_another_pepper(data: Path, pepper: str) -> None:
    (data / "pepper").write_text(pepper)
    with pytest.raises(MissingSecret, match="pepper"):
        Everbook(settings_in(data))


def test_a_backup_comes_back_in_an_empty_place(data: Path, kept: Path, tmp_path: Path) -> None:
    manifest = restore(kept, tmp_path / "new")
    assert heads(tmp_path / "new") == heads(data)
    assert {log: (head.size, head.root) for log, head in manifest.logs.items()} == heads(data)
    with pytest.raises(MissingSecret, match="new/pepper"):
        Everbook(settings_in(tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new").iterdir() if path.name in SECRETS] == []
    bring_secrets(data, tmp_path / "new")
    with Everbook(settings_in(tmp_path / "new")) as opened:
        holder = opened.gate.authenticate((data / "admin-key").read_text().strip())
        assert holder is not None
        assert holder.key_id == "admin"
        assert opened.ledger_id == manifest.ledger_id
        book(opened, 99)
        opened.worker().catch_up()
        assert len(opened.read_models.scan("trades", "")) == 6


def test_commands_go_on_while_a_backup_is_made(data: Path, tmp_path: Path) -> None:
    stop, landed = threading.Event(), [5]

    def go_on() -> None:
        with Everbook(settings_in(data)) as opened:
            while not stop.is_set():
                book(opened, landed[0])
                landed[0] += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        sizes = [backup(data_file(settings_in(data)), tmp_path / str(number), NOW).logs["ledger-0"].size
                 for number in range(8)]
    finally:
        stop.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert landed[0] > 5 + len(sizes)
    for number, size in enumerate(sizes):
        restore(tmp_path / str(number), tmp_path / f"restored-{number}")
        assert heads(tmp_path / f"restored-{number}")["ledger-0"][0] == size
    assert sizes[0] < sizes[-1] <= landed[0] + 1


def _shorter(kept: Path) -> None:
    file = kept / "events.db"
    file.write_bytes(file.read_bytes()[:-4096])


def _other_byte(kept: Path) -> None:
    file = kept / "events.db"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _altered_with_its_sum(kept: Path) -> None:
    """A forger who knows the manifest: the events no longer match their leaves."""
    Stored(kept / "events.db").run(f"UPDATE {EVENTS} SET state = replace(state, 'anna', 'bert')")
    _manifest(kept, sha256=_sum_of(kept / "events.db"))


def _other_root(kept: Path) -> None:
    logs = json.loads((kept / "manifest.json").read_bytes())["logs"]
    _manifest(kept, logs={**logs, "ledger-0": {"size": logs["ledger-0"]["size"], "root": "00" * 32}})


def _other_id(kept: Path) -> None:
    _manifest(kept, ledger_id="11111111-1111-1111-1111-111111111111")


def _no_manifest(kept: Path) -> None:
    (kept / "manifest.json").unlink()


def _no_events(kept: Path) -> None:
    (kept / "events.db").unlink()


def _manifest(kept: Path, **changes: object) -> None:
    file = kept / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **changes}))


def _sum_of(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


DAMAGES = (_shorter, _other_byte, _altered_with_its_sum, _other_root, _other_id, _no_manifest, _no_events)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_and_what_is_there_stays(
    data: Path, kept: Path, damage: Callable[[Path], None]
) -> None:
    before = heads(data)
    damage(kept)
    for force in (False, True):
        with pytest.raises(BadBackup):
            restore(kept, data, force=force)
    assert heads(data) == before
    assert list(data.glob("incoming*")) == []


def test_another_ledger_is_replaced_only_by_force(data: Path, kept: Path, tmp_path: Path) -> None:
    other = ledger_in(tmp_path / "other")
    caught_up(tmp_path / "other")
    with pytest.raises(BadBackup, match=f"the place holds ledger {other}"):
        restore(kept, tmp_path / "other")
    manifest = restore(kept, tmp_path / "other", force=True)
    assert "MissingSecret" in run("positions", "--data", tmp_path / "other", code=1)
    bring_secrets(data, tmp_path / "other")
    assert "OtherReadModels" in run("positions", "--data", tmp_path / "other", code=1)
    run("rebuild", "--data", tmp_path / "other")
    report = run("verify", "--data", tmp_path / "other", "--read-models", "--json")
    assert (report["intact"], report["differing"]) == (True, [])
    assert manifest.ledger_id != other


def test_a_newer_ledger_is_replaced_only_by_force(data: Path, kept: Path) -> None:
    with Everbook(settings_in(data)) as opened:
        book(opened, 6, 7)
    with pytest.raises(BadBackup, match="ledger-0 holds 8 events, the backup only 6"):
        restore(kept, data)
    assert heads(data)["ledger-0"][0] == 8
    restore(kept, data, force=True)
    assert heads(data)["ledger-0"][0] == 6


def test_a_place_that_went_another_way_is_replaced_only_by_force(data: Path, kept: Path, tmp_path: Path) -> None:
    restore(kept, tmp_path / "fork")
    bring_secrets(data, tmp_path / "fork")
    with Everbook(settings_in(tmp_path / "fork")) as fork:
        book(fork, 50)
    with Everbook(settings_in(data)) as opened:
        book(opened, 6, 7)
    later = backed_up(data, tmp_path / "later")
    with pytest.raises(BadBackup, match="ledger-0"):
        restore(later, tmp_path / "fork")


def test_a_ledger_in_use_is_not_replaced_under_whoever_uses_it(data: Path, kept: Path) -> None:
    with Everbook(settings_in(data)) as opened:
        with pytest.raises(BadBackup, match="in use"):
            restore(kept, data, force=True)
        book(opened, 6)
    assert heads(data)["ledger-0"][0] == 7
    restore(kept, data, force=True)


def test_a_folder_that_holds_something_is_no_place_for_a_backup(data: Path, kept: Path) -> None:
    with pytest.raises(BadBackup, match="is not empty"):
        backup(data_file(settings_in(data)), kept, NOW)


def test_read_models_that_are_ahead_after_a_restore_stop_and_a_rebuild_mends_them(data: Path, kept: Path) -> None:
    with Everbook(settings_in(data)) as opened:
        book(opened, 6, 7)
    caught_up(data)
    restore(kept, data, force=True)
    with Everbook(settings_in(data)) as opened:
        with pytest.raises(ReadModelsAhead, match="ledger-0:8"):
            opened.worker().catch_up()
        rebuild(opened.logs.recorders, opened.read_models, PROJECTIONS)
        opened.worker().catch_up()
        assert len(opened.read_models.scan("trades", "")) == 5


def test_read_models_notice_a_restore_after_which_the_log_grew_beyond_them(data: Path, kept: Path) -> None:
    with Everbook(settings_in(data)) as opened:
        book(opened, 6)
    caught_up(data)
    restore(kept, data, force=True)
    with Everbook(settings_in(data)) as opened:
        book(opened, 70, 71, 72)
        with pytest.raises(ReadModelsAhead, match="ledger-0:7"):
            opened.worker().catch_up()
        rebuild(opened.logs.recorders, opened.read_models, PROJECTIONS)
        assert all(live == built for live, built in
                   compare(opened.logs.recorders, opened.read_models, PROJECTIONS).values())


def test_a_backup_and_a_restore_on_the_command_line(data: Path, tmp_path: Path) -> None:
    target, new = tmp_path / "backup", tmp_path / "new"
    made = run("backup", target, "--data", data, "--json")
    assert made["logs"]["ledger-0"]["size"] == 6
    assert "is not empty" in run("backup", target, "--data", data, code=1)
    assert "holds no embedded ledger" in run("backup", tmp_path / "b", "--data", tmp_path / "none", code=1)
    assert run("restore", target, "--data", new, "--json") == made
    assert heads(new) == heads(data)
    with Everbook(settings_in(data)) as opened:
        book(opened, 6)
    caught_up(data)
    assert "the backup only 6" in run("restore", target, "--data", data, code=2)
    said = run("restore", target, "--data", data, "--force")
    assert "everbook rebuild" in said
    assert "bring pepper, admin-key, checkpoint-key of this ledger along" in said
    assert "ReadModelsAhead" in run("positions", "--data", data, code=1)
    assert set(run("rebuild", "--data", data, "--json")["digests"]) >= {"positions", "cash"}
    assert len(run("trades", "--data", data, "--json")) == 5


def test_a_backup_is_for_its_owner_alone(data: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "made", tmp_path / "new"):
        if target.name == "made":
            target.mkdir(mode=0o755)
        backed_up(data, target)
        assert target.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_ledger_in_a_database_is_not_taken_for_the_one_in_the_folder(
    data: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before = heads(data)
    monkeypatch.setenv("EVERBOOK_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    place = tmp_path / "target" if command == "backup" else kept
    assert "EVERBOOK_DATABASE_URL is set" in run(command, place, "--data", data, code=1)
    assert heads(data) == before
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("command", ["backup", "restore"])
@pytest.mark.parametrize(("module", "way"), [
    ("infra.hbase", "snapshot HBase's tables, first the index and then the log"),
    ("another.store", "use what that store has for it"),
])
def test_a_ledger_of_another_persistence_module_is_not_taken_for_the_one_in_the_folder(
    data: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, *, module: str, way: str
) -> None:
    before = heads(data)
    place = tmp_path / "target" if command == "backup" else kept
    with monkeypatch.context() as other:
        other.setenv("PERSISTENCE_MODULE", module)
        said = run(command, place, "--data", data, code=1)
    assert f"PERSISTENCE_MODULE={module} is set: {way} (docs/operations.md, Backup)" in said
    assert heads(data) == before
    assert not (tmp_path / "target").exists()
