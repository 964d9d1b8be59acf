"""Processes that outlive their starter, and are known again however long ago they were started."""

import os
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

START_TIME, STATE = 19, 0  # among the fields of /proc/…/stat that follow the command's name
DEAD = ("Z", "X")
REAP_SECONDS = 0.02
LOOK_AGAIN_SECONDS = 0.001


class Process(msgspec.Struct, frozen=True):
    """A process by its id, the clock tick it started at, and a word of its command line that no other has."""

    pid: int
    started: int
    mark: str

    def is_running(self) -> bool:
        """Whether this very process runs, and not one that got its id later."""
        fields = _stat(self.pid)
        if fields is None or fields[STATE] in DEAD or int(fields[START_TIME]) != self.started:
            return False
        try:
            return self.mark.encode() in Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    def send(self, what: signal.Signals) -> bool:
        """Signals this very process; whether it was there."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_running():
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, what)
            return True
        finally:
            os.close(handle)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within the time."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            is_there = self.is_running() or self._is_ending()
            ended = not is_there or bool(poll.poll(seconds * 1_000))
        finally:
            os.close(handle)
        if ended:
            _reap(self.pid)
        return ended

    def _is_ending(self) -> bool:
        """Whether its first thread is gone: others may still run, and hold its ports."""
        fields = _stat(self.pid)
        return fields is not None and fields[STATE] in DEAD and int(fields[START_TIME]) == self.started

    def memory_bytes(self) -> int:
        """What it holds in memory now."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")


def start(command: Sequence[str], log: Path, mark: str) -> Process:
    """Starts a command in a session of its own, its output at the end of ``log``."""
    assert mark in command, "it would not be known again"
    log.parent.mkdir(parents=True, exist_ok=True)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(command[0], list(command), os.environ, file_actions=files, setsid=True)
    fields = _stat(pid)
    assert fields is not None, "a child stays known until it is reaped"
    process = Process(pid, int(fields[START_TIME]), mark)
    # The kernel lets the starter go on a moment before the child's command line can be read.
    while not process.is_running() and not _has_ended(pid):
        time.sleep(LOOK_AGAIN_SECONDS)
    return process


def marked(mark: str) -> Process | None:
    """The process that carries a mark, whoever started it."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))) is not None:
            process = Process(int(folder.name), int(fields[START_TIME]), mark)
            if process.is_running():
                return process
    return None


def _has_ended(pid: int) -> bool:
    fields = _stat(pid)
    return fields is None or fields[STATE] in DEAD


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _reap(pid: int) -> None:
    # Only a child can be reaped, and only its parent must; the moment after its end it may not be reapable yet.
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            time.sleep(REAP_SECONDS)
            os.waitpid(pid, os.WNOHANG)
