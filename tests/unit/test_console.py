"""What people see on the command line: as it was written, and no figure cut."""

from decimal import Decimal

import pytest

from api.cli.console import fail, progress, table

MARKED = "oops [see 4711] :100: [/foo]"
LARGE = Decimal("-123456789012.34")


def test_what_people_wrote_is_shown_as_they_wrote_it(capsys: pytest.CaptureFixture[str]) -> None:
    table(f"Of {MARKED}", ("reason",), [(MARKED,)])
    assert capsys.readouterr().out.count(MARKED) == 2
    assert fail(MARKED).exit_code == 1
    assert f"error: {MARKED}" in capsys.readouterr().err
    with progress() as bar:
        bar.add_task(MARKED, total=1)


def test_no_figure_of_a_table_is_cut_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    columns = tuple(f"column-{number}" for number in range(12))
    table("Wide", columns, [(LARGE,) * len(columns)])
    shown = capsys.readouterr().out
    assert shown.count("-123,456,789,012.34") == len(columns)
    assert "…" not in shown
