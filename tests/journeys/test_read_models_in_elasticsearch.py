"""The same day with its read models in Elasticsearch: one setting, and nothing else changes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.__main__ import app
from infra.everbook import Everbook
from infra.settings import Settings
from projections.projection import families
from projections.registry import PROJECTIONS
from tests.indices import dropped_after


def run(arguments: Sequence[str], code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if code == 0 else result.output


def test_a_day_is_reported_and_one_family_rebuilt(
    elasticsearch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Everbook(Settings(data=tmp_path)).close()
    with Everbook(Settings(data=tmp_path)) as ledger:
        indices_of = {ledger.ledger_id}
    monkeypatch.setenv("EVERBOOK_ELASTICSEARCH_URL", elasticsearch)
    with dropped_after(elasticsearch, indices_of):
        figures = run(["demo", "--data", str(tmp_path), "--trades", "200", "--exit", "--json"])
        assert (figures["log_verified"], figures["projections_verified"]) == (True, True)
        (family,) = (family for family in families(PROJECTIONS) if "positions" in {each.name for each in family})
        rebuilt = run(["rebuild", "positions", "--data", str(tmp_path), "--json"])
        assert set(rebuilt["digests"]) == {each.name for each in family}
        assert rebuilt["before"] == rebuilt["digests"] == {
            name: figures["stored_digests"][name] for name in rebuilt["digests"]
        }
        assert "no read model" in run(["rebuild", "nothing", "--data", str(tmp_path)], code=1)
