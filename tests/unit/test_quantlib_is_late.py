"""QuantLib takes a quarter of a second to load: nothing pays for it but what asks for a date of its kind."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
import api.__main__
from domain.commands import CancelTrade
from tests.documents import History
from tests.rules import booking
from tests.trade_commands import about, euros, money
History(booking(), booking("T2", terms=euros()), booking("T3", terms=money()), about(CancelTrade))
assert "QuantLib" not in sys.modules, "shares, spot and simple loans need no QuantLib"
from tests.instruments import INSTRUMENTS, nominal, trade
History(*INSTRUMENTS, trade(nominal(), "T4"))
assert "QuantLib" in sys.modules
"""


def test_neither_the_command_line_nor_a_booking_of_shares_loads_it() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
