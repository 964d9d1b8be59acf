"""Backups of the embedded ledger: copied while it runs, and held against their own manifest before they come back."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from eventsourcing.persistence import PersistenceError

from domain.events import LogOpened
from domain.merkle import root_of
from domain.ports import LogRecorder
from domain.routing import REFERENCE, log_names
from domain.schema import recorded
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import verify

EVENTS = "events.db"
MANIFEST = "manifest.json"
PAGES_AT_ONCE = 2_000
FOLDER_OF_OWNER = 0o700


class BadBackup(Exception):
    """A backup that is not whole, or does not fit the place it is to be restored to."""


class TreeHead(msgspec.Struct, frozen=True):
    """How far a log goes, and its root there."""

    size: int
    root: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; ``sha256`` is that of the events file."""

    ledger_id: str
    created_at: datetime
    logs: dict[str, TreeHead]
    sha256: str


def backup(database: Path, target: Path, created_at: datetime) -> Manifest:
    """Copies the events while commands go on; the read models are folded anew from them.

    Raises:
        BadBackup: when ``target`` holds something already.
    """
    if target.exists() and any(target.iterdir()):
        raise BadBackup(f"{target} is not empty")
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(FOLDER_OF_OWNER)
    copied = target / EVENTS
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copied)) as copy:
        source.backup(copy, pages=PAGES_AT_ONCE)
        copy.execute("PRAGMA journal_mode=DELETE")
    ledger_id, heads = _heads(copied)
    manifest = Manifest(ledger_id=ledger_id, created_at=created_at, logs=heads, sha256=_hash_of(copied))
    (target / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    for written in (copied, target / MANIFEST, target):
        _sync(written)
    return manifest


def restore(source: Path, data: Path, *, force: bool = False) -> Manifest:
    """Puts a backup in the place of a data folder's events, once it is proven whole.

    Raises:
        BadBackup: when it is damaged, of another ledger than what is there, older, or of another history (unless
            forced), or when a process has what is there open: it would go on writing to a file that is no longer there.
    """
    manifest = _manifest(source)
    stored = source / EVENTS
    if not stored.exists() or _hash_of(stored) != manifest.sha256:
        raise BadBackup(f"{stored} is not the file that was backed up")
    incoming = data / "incoming.db"
    data.mkdir(parents=True, exist_ok=True, mode=FOLDER_OF_OWNER)
    shutil.copyfile(stored, incoming)
    try:
        _require_whole(incoming, manifest)
        if (data / EVENTS).exists():
            if not force:
                _require_fit(data / EVENTS, incoming, manifest)
            _require_unused(data / EVENTS)
        for leftover in (EVENTS + "-wal", EVENTS + "-shm"):
            (data / leftover).unlink(missing_ok=True)
        _sync(incoming)
        os.replace(incoming, data / EVENTS)
        _sync(data)
    finally:
        for path in data.glob("incoming.db*"):
            path.unlink()
    return manifest


def _manifest(source: Path) -> Manifest:
    try:
        return msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BadBackup(f"{source} holds no backup: {error}") from error


def _require_whole(database: Path, manifest: Manifest) -> None:
    ledger_id, heads = _heads(database)
    if (ledger_id, heads) != (manifest.ledger_id, manifest.logs):
        raise BadBackup("the backup is not of the ledger and the roots that its manifest names")
    engine = create_engine_for(f"sqlite:///{database}")
    try:
        for log in heads:
            report = verify(log, SqlRecorder(engine, log, create=False))
            if not report.intact:
                raise BadBackup(f"the backup was altered: {report.findings[0]}")
    finally:
        engine.dispose()


def _require_fit(database: Path, incoming: Path, manifest: Manifest) -> None:
    ledger_id, heads = _heads(database)
    if ledger_id != manifest.ledger_id:
        raise BadBackup(f"the place holds ledger {ledger_id}, the backup is of {manifest.ledger_id}")
    for log, head in heads.items():
        if head.size > manifest.logs[log].size:
            raise BadBackup(f"{log} holds {head.size} events, the backup only {manifest.logs[log].size}")
        if _root_at(incoming, log, head.size) != head.root:
            raise BadBackup(f"{log} holds other events than the backup among its first {head.size}")


def _root_at(database: Path, log: str, size: int) -> str:
    engine = create_engine_for(f"sqlite:///{database}")
    try:
        leaves = SqlRecorder(engine, log, create=False).select_leaves(1, size)
        return root_of([leaf for _, leaf in leaves]).hex()
    finally:
        engine.dispose()


def _require_unused(database: Path) -> None:
    """SQLite leaves the write-ahead mode only when nobody else has the file open; one that is no database is unused."""
    with closing(sqlite3.connect(database, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise BadBackup(f"{database} is in use: {error}") from error
        except sqlite3.DatabaseError:
            return


def _heads(database: Path) -> tuple[str, dict[str, TreeHead]]:
    engine = create_engine_for(f"sqlite:///{database}")
    try:
        reference = SqlRecorder(engine, REFERENCE, create=False)
        opened = recorded(REFERENCE, 1, reference.select_notifications(1, 1)[0]).event
        if not isinstance(opened, LogOpened):
            raise BadBackup(f"{database} does not begin with the opening of a ledger")
        names = log_names(opened.ledgers)
        return opened.ledger_id, {log: _head(SqlRecorder(engine, log, create=False)) for log in names}
    except (PersistenceError, IndexError) as error:
        raise BadBackup(f"{database} holds no ledger: {error}") from error
    finally:
        engine.dispose()


def _head(recorder: LogRecorder) -> TreeHead:
    last = recorder.last_commit()
    return TreeHead(last.tree_size, last.root.hex()) if last else TreeHead(0, "")


def _sync(path: Path) -> None:
    """Makes a file, or the names in a folder, outlast a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
