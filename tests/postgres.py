"""A real PostgreSQL for the time of a test run: that of ``EVERBOOK_TEST_POSTGRES_URL``, or one of this machine's."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Engine

GIVEN = "EVERBOOK_TEST_POSTGRES_URL"
USERS = ("postgres", "nobody")
START_SECONDS = 60


def binaries() -> Path | None:
    """The folder of this machine's newest PostgreSQL server."""
    found = [Path(on_path).resolve().parent] if (on_path := shutil.which("postgres")) else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database on a server whose order of texts is a language's, as most are, and not that of bytes."""
    folder = binaries()
    if folder is None:
        pytest.skip(f"no PostgreSQL server here (Debian: apt-get install postgresql), and {GIVEN} names none")
    place = Path(tempfile.mkdtemp(prefix="everbook-postgres-"))
    account = _account(place)
    options = ("--username=everbook", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    order = ("--locale-provider=icu", "--icu-locale=en-US")
    process: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [folder / "initdb", "--pgdata", place / "data", *options, *order], check=True, capture_output=True,
            cwd=place, **account,
        )
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", place / "data", "-k", place, "-c", "listen_addresses=", "-c", "fsync=on"],
                stdout=log, stderr=log, cwd=place, **account,
            )
        url = f"postgresql+psycopg://everbook@/postgres?host={place}"
        _wait_until_it_answers(url, process, place / "log")
        yield url
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
        shutil.rmtree(place)


@contextmanager
def database(postgres: str) -> Iterator[str]:
    """The URL of a new, empty database on a server."""
    name = f"test_{uuid4().hex[:12]}"
    _administer(postgres, f"CREATE DATABASE {name}")
    try:
        yield sqlalchemy.make_url(postgres).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def dispose(engine: Engine) -> None:
    """Closes the connections of an engine, once threads that are about to end have given theirs back."""
    pool: Any = engine.pool
    deadline = time.monotonic() + START_SECONDS
    while pool.checkedout() and time.monotonic() < deadline:
        time.sleep(0.005)
    engine.dispose()


def _account(place: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as an account that has nothing here but its folder."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next((known[name] for name in USERS if name in known), None)
    if entry is None:
        pytest.skip(f"PostgreSQL does not run as root, and there is no account {' or '.join(USERS)}")
    os.chown(place, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(_driver_url(url)).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError(f"PostgreSQL does not start: {log.read_text()}")


def _administer(postgres: str, statement: str) -> None:
    with psycopg.connect(_driver_url(postgres), autocommit=True) as connection:
        connection.execute(statement)


def _driver_url(url: str) -> str:
    return sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
