"""A process that is watched: started again when it dies, ever more slowly, and gone when it is stopped."""

import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from api.cli import worker_process
from api.cli.worker_process import Watched, shares
from projections.projection import families_of
from projections.registry import PROJECTIONS

SECONDS = 20


def begun(file: Path, times: int) -> list[float]:
    """The moments at which the process began, once there are so many."""
    deadline = time.monotonic() + SECONDS
    while not file.exists() or len(file.read_text().splitlines()) < times:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [float(line) for line in file.read_text().splitlines()]


def test_it_is_started_again_ever_more_slowly_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker_process, "FIRST_PAUSE_SECONDS", 0.1)
    file = tmp_path / "begun"
    script = f"import time; print(time.monotonic(), file=open({str(file)!r}, 'a')); raise SystemExit(3)"
    watched = Watched([sys.executable, "-c", script])
    try:
        moments = begun(file, 4)
    finally:
        watched.stop()
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert all(pause > least for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=False))
    assert "the process ended (3); it is started again in 0.2 s" in " ".join(capfd.readouterr().err.split())
    time.sleep(1)
    assert begun(file, 4) == moments


def test_one_that_does_not_want_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "STOP_SECONDS", 0.2)
    file = tmp_path / "begun"
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"print(time.monotonic(), file=open({str(file)!r}, 'a'), flush=True); time.sleep(60)"
    )
    watched = Watched([sys.executable, "-c", script])
    begun(file, 1)
    started = time.monotonic()
    watched.stop()
    assert time.monotonic() - started < SECONDS


def test_what_is_typed_to_end_this_process_does_not_reach_it(tmp_path: Path) -> None:
    file = tmp_path / "begun"
    watched = Watched([
        sys.executable, "-c", f"import os, time; print(os.getpgrp(), file=open({str(file)!r}, 'a')); time.sleep(60)"
    ])
    try:
        assert begun(file, 1) != [os.getpgrp()]
    finally:
        watched.stop()


def test_two_processes_share_every_read_model_and_leave_families_whole() -> None:
    first, second = shares((), processors=2)
    assert sorted((*first, *second)) == sorted(projection.name for projection in PROJECTIONS)
    for share in (first, second):
        assert {each.name for each in families_of(PROJECTIONS, share)} == set(share)


def test_one_processor_has_one_process() -> None:
    assert shares((), processors=1) == [()]


def test_what_is_half_of_the_work_at_most_is_not_shared() -> None:
    assert shares(("audit",), processors=2) == [("audit",)]
    assert [set(share) for share in shares(("positions",), processors=2)] == [
        {"movements", "positions", "journal", "cash"}
    ]
