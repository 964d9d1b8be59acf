"""The command line, in this process."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.__main__ import app
from infra.everbook import Everbook
from infra.settings import Settings
from tests.ledger import founded, send
from tests.rules import booking


def run(*arguments: object, code: int = 0) -> Any:
    """What a command says: JSON when that was asked for, else its text and that of its errors, on one line."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout) if "--json" in arguments and result.stdout else " ".join(result.output.split())


def ledger_in(folder: Path, trades: int = 5) -> str:
    """An embedded ledger with a few trades; its id."""
    with Everbook(Settings(data=folder)) as opened:
        founded(opened.logs)
        book(opened, *range(trades))
        return opened.ledger_id


def book(opened: Everbook, *numbers: int) -> None:
    send(opened.logs, *[booking(f"T{number}", "2", "1") for number in numbers])
