"""Which refusals are breaches, and what is kept of them."""

import ast
from pathlib import Path

import pytest

from projections.breaches import BREACHING
from tests.documents import History

HARD = (
    "limit-order-notional", "limit-order-quantity", "limit-gross-notional", "limit-position-quantity", "price-collar",
    "price-missing", "fx-rate-missing", "kill-switch", "restricted-instrument",
)
RULES = Path(__file__).parents[2] / "domain" / "trades"


@pytest.mark.parametrize("code", HARD)
def test_a_refusal_by_a_limit_switch_or_list_is_a_breach_with_its_evidence(code: str) -> None:
    history = History()
    refused = history.refuse(code)
    (breach,) = history.documents("breaches").values()
    assert breach.id == f"EQ-1/ledger-0-{refused.sequence:012d}"
    assert (breach.code, breach.detail, breach.field) == (code, "too much", "$.terms.quantity")
    assert (breach.book, breach.trader, breach.actor, breach.status) == ("EQ-1", "anna", "anna", "detected")
    assert (breach.event, breach.command, breach.command_id) == (refused.id, "BookTrade", "c")


def test_other_refusals_are_no_breaches() -> None:
    history = History()
    history.refuse("unknown-counterparty")
    assert history.documents("breaches") == {}


def test_every_breaching_code_is_one_that_the_rules_give() -> None:
    given = {
        node.value for path in RULES.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert given >= BREACHING
    assert {code for code in given if isinstance(code, str) and code.startswith("limit-")} <= BREACHING
