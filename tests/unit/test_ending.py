"""A process that is to end has so long: what holds it up then is left, whether or not anybody hears so."""

import os
import subprocess
import sys
from pathlib import Path

from api.cli.stopping import ENDED

ROOT = Path(__file__).parents[2]
HELD_UP = "from api.cli.stopping import end_in_time; import time; end_in_time(0.2); time.sleep(60)"
IN_TIME = "from api.cli.stopping import end_in_time; end_in_time(60)"


def run(script: str, stderr: int | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, text=True, stderr=stderr)


def test_what_is_held_up_ends_and_says_so() -> None:
    _, said = (process := run(HELD_UP, stderr=subprocess.PIPE)).communicate(timeout=30)
    assert process.returncode == ENDED
    assert said.startswith("ended: what was under way took more than 0.2 seconds")


def test_it_ends_though_nobody_hears_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = run(HELD_UP, stderr=writer)
    os.close(writer)
    assert process.wait(30) == ENDED


def test_what_ends_by_itself_is_let() -> None:
    assert run(IN_TIME).wait(30) == 0
