"""Statements as CSV: what can be read, and which line and column cannot."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from api.imports.lines import UnreadableFile, text_lines
from api.imports.statements import Statement, read_statement
from projections.reconciliation.statement import Balance, Entry, Kind

ISINS = {"FR0000120578": "SAN"}
CUSTODY = "as_of,depot,isin,quantity"
BALANCES = "as_of,account,currency,balance"
MOVEMENTS = "value_date,account,currency,amount,reference"


def read(folder: Path, kind: Kind, *lines: str) -> Statement:
    path = folder / "statement.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_statement(text_lines(path), kind, ISINS, frozenset({"SAN"}))


def test_holdings_are_named_as_ours_are(tmp_path: Path) -> None:
    found = read(tmp_path, "custody", CUSTODY, "2026-11-26,D1,FR0000120578,10.5", "", "2026-11-26,D1,US4592001014,3")
    day = date(2026, 11, 26)
    assert found.lines == [
        Balance(line=2, account="D1", as_of=day, name="FR0000120578", asset="SAN", quantity=Decimal("10.5")),
        Balance(line=4, account="D1", as_of=day, name="US4592001014", asset=None, quantity=Decimal(3)),
    ]
    by_name = read(tmp_path, "custody", "as_of,depot,instrument,quantity", "2026-11-26,D1,SAN,1", "2026-11-26,D1,X,1")
    assert [line.asset for line in by_name.lines] == ["SAN", None]


def test_a_bank_tells_balances_or_movements(tmp_path: Path) -> None:
    balances = read(tmp_path, "nostro", BALANCES, "2026-11-26,N1,EUR,-12.30")
    assert not balances.moves
    movements = read(tmp_path, "nostro", MOVEMENTS, "2026-11-26,N1,EUR,-12.30,SI-1")
    assert movements.moves
    assert movements.lines == [Entry(
        line=2, account="N1", value_date=date(2026, 11, 26), asset="EUR", amount=Decimal("-12.30"), reference="SI-1"
    )]


@pytest.mark.parametrize(("kind", "header", "line", "field"), [
    *(("custody", CUSTODY, line, field) for line, field in (
        ("2026-13-26,D1,FR0000120578,1", "as_of"), ("2026-11-26,,FR0000120578,1", "depot"),
        ("2026-11-26,D1,FR0000120579,1", "isin"), ("2026-11-26,D1,,1", "isin"),
        ("2026-11-26,D1,FR0000120578,ten", "quantity"), ("2026-11-26,D1,FR0000120578,NaN", "quantity"),
        ("2026-11-26,D1,FR0000120578,1e99", "quantity"), ("2026-11-26,D1,FR0000120578", "$"),
        ("2026-11-26,D1,FR0000120578,1,1", "$"),
    )),
    ("nostro", BALANCES, "2026-11-26,N1,EURO,1", "currency"),
    ("nostro", MOVEMENTS, "26.11.2026,N1,EUR,1,", "value_date"),
])
def test_a_bad_line_is_named_and_the_rest_is_read(
    tmp_path: Path, kind: Kind, header: str, line: str, field: str
) -> None:
    good = {CUSTODY: "2026-11-26,D1,FR0000120578,1", BALANCES: "2026-11-26,N1,EUR,1",
            MOVEMENTS: "2026-11-26,N1,EUR,1,"}[header]
    found = read(tmp_path, kind, header, good, line, good)
    assert [each.line for each in found.lines] == [2, 4]
    assert [(bad.line, bad.field) for bad in found.bad] == [(3, field)]


@pytest.mark.parametrize(("kind", "header"), [
    ("custody", "as_of,depot,quantity"), ("custody", "as_of,isin,quantity"), ("nostro", CUSTODY), ("custody", BALANCES),
    ("custody", CUSTODY + ",isin"), ("nostro", BALANCES + ",colour"), ("nostro", ""),
])
def test_a_file_with_another_header_is_no_statement(tmp_path: Path, kind: Kind, header: str) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        read(tmp_path, kind, header)


def test_a_quote_that_is_never_closed_is_said_where_it_begins(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="line 3"):
        read(tmp_path, "nostro", BALANCES, "2026-11-26,N1,EUR,1", '2026-11-26,"N1,EUR,1')
