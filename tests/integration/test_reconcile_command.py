"""Settlements and reconciliation on the command line; the example of the documentation is what comes of a ledger."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.commands import AnyCommand, RollBusinessDate, SettleTrade
from infra.everbook import Everbook
from infra.settings import Settings
from tests.command_line import run
from tests.ledger import founded, send
from tests.rules import DAY, booking
from tests.trade_commands import about

DOCUMENTED = Path(__file__).parents[2] / "docs" / "reconciliation.md"
COMMANDS: tuple[AnyCommand, ...] = (
    RollBusinessDate(command_id="r1", business_date=DAY), booking("T1", "100"), booking("T2", "40", "101", side="sell"),
    booking("T3", "7", fees={"broker": Decimal("4.50")}),
    RollBusinessDate(command_id="r2", business_date=DAY.replace(day=26)),
    about(SettleTrade, "T1"), about(SettleTrade, "T3"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred and seven Sanofi have come; forty were sold and have not gone."""
    folder: Path = tmp_path_factory.mktemp("ledger")
    with Everbook(Settings(data=folder)) as opened:
        founded(opened.logs)
        for command in COMMANDS:
            (outcome,) = send(opened.logs, command)
            assert outcome.status == "accepted", outcome
    return folder


def examples() -> list[str]:
    return re.findall(r"```csv\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)


def reconciled(data: Path, folder: Path, kind: str, content: str, *, code: int = 2) -> Any:
    file = folder / "statement.csv"
    file.write_text(content)
    return run("reconcile", file, "--kind", kind, "--account", "DEPOT-1=EQ-1", "--account", "NOSTRO-1=EQ-1,EQ-2",
               "--data", data, "--json", code=code)


def test_the_documented_holdings_break_where_the_documentation_says(data: Path, tmp_path: Path) -> None:
    found = reconciled(data, tmp_path, "custody", examples()[0])
    (only,) = found["reconciliation"]["breaks"]
    assert (only["asset"], only["statement"], only["settled"], only["in_flight"]) == ("SAN", "67", "107", "-40")
    assert [(reason["cause"], reason["trade_id"]) for reason in only["reasons"]] == [("unsettled", "T2")]
    assert found["errors"] == []


def test_the_documented_movements_break_where_the_documentation_says(data: Path, tmp_path: Path) -> None:
    found = reconciled(data, tmp_path, "nostro", examples()[1])
    assert found["reconciliation"]["matched"] == 1
    assert [(each["lines"], each["reasons"][0]["cause"]) for each in found["reconciliation"]["breaks"]] == [
        ([3], "fees")
    ]


def test_a_statement_that_says_what_the_books_say_has_no_breaks(data: Path, tmp_path: Path) -> None:
    holdings = "as_of,depot,instrument,quantity\n2026-11-26,DEPOT-1,SAN,107\n"
    assert reconciled(data, tmp_path, "custody", holdings, code=0)["reconciliation"]["matched"] == 1
    money = "as_of,account,currency,balance\n2026-11-26,NOSTRO-1,EUR,-10704.50\n2026-11-25,NOSTRO-1,EUR,0\n"
    assert reconciled(data, tmp_path, "nostro", money, code=0)["reconciliation"]["matched"] == 2


def test_what_the_statement_lacks_and_what_nobody_knows_are_breaks(data: Path, tmp_path: Path) -> None:
    found = reconciled(data, tmp_path, "custody", "as_of,depot,isin,quantity\n2026-11-26,DEPOT-1,US5949181045,3\n")
    by_asset = {each["asset"]: each for each in found["reconciliation"]["breaks"]}
    assert by_asset["US5949181045"]["reasons"][0]["cause"] == "unknown-instrument"
    assert (by_asset["SAN"]["statement"], by_asset["SAN"]["lines"]) == ("0", [])


def test_a_bad_line_is_said_and_the_rest_reconciled(data: Path, tmp_path: Path) -> None:
    content = "as_of,depot,instrument,quantity\n2026-11-26,DEPOT-1,SAN,107\n2026-11-26,DEPOT-1,SAN,many\n"
    found = reconciled(data, tmp_path, "custody", content)
    assert (found["reconciliation"]["matched"], found["reconciliation"]["breaks"]) == (1, [])
    assert [(bad["line"], bad["field"]) for bad in found["errors"]] == [(3, "quantity")]
    said = run("reconcile", tmp_path / "statement.csv", "--kind", "custody", "--account", "DEPOT-1=EQ-1", "--data",
               data, code=2)
    assert "1 lines, 1 matched, 0 breaks, 1 not read" in said
    assert "line 3: quantity: 'many' is no number" in said


def test_breaks_are_a_table_for_people(data: Path, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(examples()[0])
    said = run(
        "reconcile", tmp_path / "s.csv", "--kind", "custody", "--account", "DEPOT-1=EQ-1", "--data", data, code=2
    )
    assert "unsettled" in said
    assert "T2" in said


def test_what_makes_no_sense_is_said(data: Path, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("colour\nred\n")
    assert "line 1: the column 'as_of' is missing" in run(
        "reconcile", tmp_path / "s.csv", "--kind", "custody", "--data", data, code=1
    )
    assert "--kind is custody or nostro" in run("reconcile", tmp_path / "s.csv", "--kind", "x", "--data", data, code=1)
    assert "--account is ACCOUNT=BOOK" in run(
        "reconcile", tmp_path / "s.csv", "--kind", "nostro", "--account", "A", "--data", data, code=1
    )


def test_settlements_are_listed(data: Path) -> None:
    assert [each["trade_id"] for each in run("settlements", "--data", data, "--json")] == ["T2"]
    assert len(run("settlements", "--all", "--book", "EQ-1", "--data", data, "--json")) == 3
    assert "issued" in run("settlements", "--data", data)
    before = run("settlements", "--known-at", "ledger-0:5", "--data", data, "--json")
    assert [(each["trade_id"], each["status"]) for each in before] == [
        ("T1", "issued"), ("T2", "issued"), ("T3", "issued")
    ]


def test_the_shipped_regimes_are_recorded_once(tmp_path: Path) -> None:
    first = run("regimes", "--data", tmp_path, "--json")
    assert first["refused"] == 0
    assert run("regimes", "--data", tmp_path, "--json") == {
        "accepted": 0, "refused": 0, "duplicates": first["accepted"]
    }
