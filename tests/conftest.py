"""Databases and servers for tests: SQLite files, and what there is of the real ones."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests import postgres as real
from tests.servers import cluster_folder, elasticsearch, hbase, kafka, own_kafka

__all__ = ["cluster_folder", "elasticsearch", "hbase", "kafka", "own_kafka"]

# Where a change is judged, the same examples come every time; by hand, others at every run look further.
settings.register_profile("ci", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database; skips where there is no server."""
    given = os.environ.get(real.GIVEN)
    with nullcontext(given) if given else real.server() as server, real.database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, on each kind of server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    with real.database(request.getfixturevalue("postgres")) as url:
        yield url
