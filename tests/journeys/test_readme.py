"""What README.md shows is run as it is written."""

import json
import subprocess
from pathlib import Path

from api.generator import Shape, TradingDay
from tests.http import results, served

README = Path(__file__).parents[2] / "README.md"


def example(beginning: str) -> str:
    """The code block that begins so."""
    (block,) = [each for each in README.read_text().split("```\n") if each.startswith(beginning)]
    return block


def test_the_trade_of_the_readme_is_booked_where_a_demo_runs(tmp_path: Path) -> None:
    day = TradingDay(Shape(trades=20))
    with served(tmp_path / "everbook-data", founded=False) as running:
        results(running.api.bulk(*day.reference_commands(), *day.day_commands()))
        script = example("KEY=").replace("127.0.0.1:8321", running.url.removeprefix("http://"))
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=True, timeout=60)
        assert json.loads(done.stdout)["status"] == "accepted"
        assert running.api.read("/v1/trades/T-1")["book"] == "EQ-EUROPE-1"
