"""``everbook work retry``, and which models ``work projections`` may be told."""

from pathlib import Path

import pytest

from infra.everbook import Everbook
from infra.projection_worker import ProjectionWorker
from infra.settings import Settings
from projections.projection import families_of
from projections.registry import PROJECTIONS
from tests.command_line import book, ledger_in, run
from tests.integration.test_retry import BrokenPositions, instead


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A ledger whose position of Sanofi could not take the fifth trade."""
    ledger_in(tmp_path)
    with Everbook(Settings(data=tmp_path)) as opened:
        ProjectionWorker(opened.logs.recorders, opened.read_models, instead(BrokenPositions())).catch_up()
        book(opened, 5, 6)
    return tmp_path


def test_what_waits_is_listed_by_model_and_document(data: Path) -> None:
    letters = run("work", "retry", "--list", "--data", data, "--json")
    assert {each["model"] for each in letters} == {"positions", "journal", "cash"}
    assert letters[-1]["error"] == "ZeroDivisionError: poison"
    assert run("work", "retry", "positions", "--list", "--data", data, "--json") == letters[-1:]
    assert run("work", "retry", "positions/EQ-1/SAN", "--list", "--data", data, "--json") == letters[-1:]
    assert run("work", "retry", "exposure", "--list", "--data", data, "--json") == []
    assert "poison" in run("work", "retry", "--list", "--data", data)


def test_a_document_is_retried_with_what_needed_it_and_then_nothing_waits(data: Path) -> None:
    done = run("work", "retry", "positions/EQ-1/SAN", "--data", data, "--json")
    assert {(each["model"], each["error"]) for each in done} == {("positions", ""), ("journal", ""), ("cash", "")}
    assert run("work", "retry", "--list", "--data", data, "--json") == []
    assert run("verify", "--read-models", "--data", data, "--json")["differing"] == []


def test_a_model_that_there_is_not_is_named(data: Path) -> None:
    assert "nonsense: the models are" in run("work", "retry", "nonsense", "--data", data, code=2)
    assert "nonsense: the models are" in run("work", "projections", "--only", "nonsense", "--data", data, code=2)


def test_the_models_of_a_family_go_together() -> None:
    assert [each.name for each in families_of(PROJECTIONS, ["journal"])] == [
        each.name for each in families_of(PROJECTIONS, ["movements"])
    ]
    of_positions = {each.name for each in families_of(PROJECTIONS, ["positions"])}
    assert {"movements", "positions", "journal", "cash"} <= of_positions
    assert [each.name for each in families_of(PROJECTIONS, ["exposure"])] == ["exposure"]
    assert families_of(PROJECTIONS, []) == PROJECTIONS
