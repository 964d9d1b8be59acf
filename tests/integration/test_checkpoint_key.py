"""Processes of one ledger, each with a data folder of its own: what one signs, another one's key vouches for."""

from pathlib import Path

import pytest

from infra.checkpoints import BadCheckpoint, opened, public_of
from infra.everbook import Everbook
from infra.settings import Settings
from tests.command_line import run

KEY, PEPPER = "5a" * 32, "pepper"


def of_one_ledger(folder: Path, name: str, checkpoint_key: str = "") -> Everbook:
    events = f"sqlite:///{folder / 'events.db'}"
    return Everbook(Settings(
        data=folder / name, database_url=events, read_database_url=f"sqlite:///{folder / 'read.db'}", pepper=PEPPER,
        checkpoint_key=checkpoint_key,
    ))


def test_processes_with_the_same_key_vouch_for_each_other(tmp_path: Path) -> None:
    with of_one_ledger(tmp_path, "one", KEY) as one, of_one_ledger(tmp_path, "other", KEY) as other:
        for log in one.names():
            head = opened(one.signed_checkpoint(log), public_of(other.verifier_key(log)))
            assert head == other.checkpoint(log)


def test_a_process_with_a_key_of_its_own_vouches_for_nobody(tmp_path: Path) -> None:
    with of_one_ledger(tmp_path, "one", KEY) as one, of_one_ledger(tmp_path, "other") as other:
        note, public = one.signed_checkpoint("market"), public_of(other.verifier_key("market"))
    with pytest.raises(BadCheckpoint, match="not signed by this ledger's key"):
        opened(note, public)


def test_who_only_verifies_needs_the_key_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with of_one_ledger(tmp_path, "one", KEY) as one:
        kept = tmp_path / "kept.txt"
        kept.write_text("\n".join(one.signed_checkpoint(log) for log in one.names()))
    monkeypatch.setenv("EVERBOOK_DATABASE_URL", f"sqlite:///{tmp_path / 'events.db'}")
    verifying = ("verify", "--data", tmp_path / "nothing", "--checkpoint", kept)
    assert "no EVERBOOK_CHECKPOINT_KEY" in run(*verifying, code=1)
    monkeypatch.setenv("EVERBOOK_CHECKPOINT_KEY", KEY)
    assert run(*verifying, "--json")["intact"] is True
    assert not (tmp_path / "nothing").exists()
    monkeypatch.setenv("EVERBOOK_CHECKPOINT_KEY", "5b" * 32)
    assert "BadCheckpoint" in run(*verifying, code=1)
