"""A whole ledger on PostgreSQL: booked, projected, verified, and the same from a second process."""

from pathlib import Path

import pytest

from infra.everbook import Everbook
from infra.rebuild import compare, rebuild
from infra.settings import settings_from
from projections.registry import PROJECTIONS
from tests.command_line import book, run
from tests.ledger import founded
from tests.postgres import database


def test_a_ledger_on_postgresql_books_projects_and_proves(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database(postgres) as events, database(postgres) as read_models:
        monkeypatch.setenv("EVERBOOK_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("EVERBOOK_DATABASE_URL", events)
        monkeypatch.setenv("EVERBOOK_READ_DATABASE_URL", read_models)
        with Everbook(settings_from()) as opened:
            founded(opened.logs)
            book(opened, *range(40))
            opened.worker().catch_up()
            assert len(opened.read_models.scan("trades", "EQ-1/")) == 40
            assert all(live == built for live, built in
                       compare(opened.logs.recorders, opened.read_models, PROJECTIONS).values())
            before = opened.read_models.digest("positions")
            assert rebuild(opened.logs.recorders, opened.read_models, PROJECTIONS)["positions"] == (before, before)
            book(opened, *range(40, 50))
        assert not list((tmp_path / "data").glob("*.db"))
        run("checkpoint", "--out", tmp_path / "kept.txt")
        report = run("verify", "--checkpoint", tmp_path / "kept.txt", "--read-models", "--json")
        assert (report["intact"], report["differing"]) == (True, [])
        assert [each["events"] for each in report["logs"]][2] == 51
        assert run("positions", "--json")
        assert "such as pg_dump" in run("backup", tmp_path / "backup", code=1)


def test_a_demo_runs_on_postgresql(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with database(postgres) as url:
        monkeypatch.setenv("EVERBOOK_DATABASE_URL", url)
        monkeypatch.setenv("EVERBOOK_READ_DATABASE_URL", url)
        figures = run("demo", "--data", tmp_path / "data", "--trades", "200", "--exit", "--json")
    assert (figures["log_verified"], figures["projections_verified"]) == (True, True)
    assert {float(total) for total in figures["trial_balance"].values()} == {0.0}
