"""Who uses the processor: the servers of this machine that are talked to, the workers, and the load."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from infra.settings import Settings

LISTENS = "0A"
TICKS = os.sysconf("SC_CLK_TCK")
WORKERS = {"work\0ledger": "ledger worker", "work\0projections": "projection worker"}


class Processors:
    """Names processes once; servers of other machines are none of them."""

    def __init__(self, settings: Settings) -> None:
        urls = {
            "Kafka": f"//{settings.kafka_bootstrap}", "HBase": settings.hbase_url,
            "Elasticsearch": settings.elasticsearch_url,
        }
        sockets = _listening()
        wanted = {
            f"socket:[{inode}]": name for name, url in urls.items()
            for inode in sockets.get(urlsplit(url.split(",")[0]).port or 0, ())
        }
        self._names = {os.getpid(): "the load itself"} | {
            int(folder.name): name for folder in _folders()
            if (name := _worker(folder) or next((wanted[each] for each in _open(folder) if each in wanted), ""))
        }

    def seconds(self) -> dict[str, float]:
        """The processor time that each kind has used so far."""
        ticks: Counter[str] = Counter()
        for pid, name in self._names.items():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks[name] += int(fields[11]) + int(fields[12])
        return {name: count / TICKS for name, count in ticks.items()}


def _folders() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*")


def _listening() -> dict[int, list[str]]:
    """The inodes of listening sockets, by port."""
    found: dict[int, list[str]] = {}
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == LISTENS:
                found.setdefault(int(fields[1].rpartition(":")[2], 16), []).append(fields[9])
    return found


def _open(folder: Path) -> list[str]:
    try:
        return [os.readlink(each) for each in (folder / "fd").iterdir()]
    except OSError:
        # It ended just now, or is another user's.
        return []


def _worker(folder: Path) -> str:
    """What a worker that this process started is called."""
    try:
        parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        command = (folder / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    if int(parent) != os.getpid():
        return ""
    return next((name for part, name in WORKERS.items() if part in command), "")
