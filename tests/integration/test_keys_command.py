"""``everbook keys``: what was typed wrong never reaches the log, which could not be read again."""

from pathlib import Path

import pytest

from tests.command_line import run


@pytest.mark.parametrize(
    ("typed", "field"),
    [(("k1", "--role", "superuser"), "$.roles[0]"), (("k/1", "--role", "trader"), "$.command_id"),
     (("k1", "--role", "trader", "--book", "EQ 1"), "$.books[0]")],
)
def test_a_key_of_a_wrong_shape_is_not_issued_and_the_ledger_still_opens(
    tmp_path: Path, typed: tuple[str, ...], field: str
) -> None:
    assert field in run("keys", "issue", *typed, "--data", tmp_path, code=1)
    assert [each["key_id"] for each in run("keys", "list", "--data", tmp_path, "--json")] == ["admin"]
    assert run("keys", "issue", "k1", "--role", "trader", "--data", tmp_path, "--json")["key_id"] == "k1"


def test_a_key_has_its_name_for_ever(tmp_path: Path) -> None:
    issue = ("keys", "issue", "k1", "--role", "trader", "--data", tmp_path)
    run(*issue)
    assert "k1 is in force" in run(*issue, code=1)
    run("keys", "revoke", "k1", "--data", tmp_path)
    assert "k1 is revoked for ever" in run(*issue, code=1)
