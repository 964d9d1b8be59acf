"""Elasticsearch has no room for more: real writers fill what it lets wait, and it answers 429."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from faults.rig import Rig

WRITERS = 6
BODY_BYTES = 30_000_000
LINE = b'{"index":{}}\n{"text":"' + b"x" * 1_000_000 + b'"}\n'
FULL = 429
JUNK = {"mappings": {"enabled": False}, "settings": {"number_of_replicas": 0, "refresh_interval": "-1"}}


def bulk_queue_full(rig: Rig) -> str:
    """Others write so much at once that Everbook's bulk requests are refused for a while."""
    url, index = rig.servers.elasticsearch, f"{rig.prefix}-junk"
    body, stopping, own = LINE * (BODY_BYTES // len(LINE)), threading.Event(), [0] * WRITERS
    httpx.put(f"{url}/{index}", json=JUNK, timeout=60)
    before = _refused(url)

    def write(number: int) -> None:
        headers = {"content-type": "application/x-ndjson"}
        with httpx.Client(timeout=60) as client:
            while not stopping.is_set():
                answer = client.post(f"{url}/{index}/_bulk?filter_path=errors", content=body, headers=headers)
                own[number] += answer.status_code == FULL

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        try:
            # Beyond what these writers were refused themselves, it is Everbook that was.
            rig.until(lambda: _refused(url) - before > sum(own) + WRITERS, "Elasticsearch refuses", 60)
        finally:
            stopping.set()
    for each in writing:
        each.result()
    others = _refused(url) - before - sum(own)
    httpx.delete(f"{url}/{index}", timeout=60)
    return f"{others} refused, {sum(own)} of the flood's"


def _refused(url: str) -> int:
    nodes = httpx.get(f"{url}/_nodes/stats/indexing_pressure", timeout=60).json()["nodes"]
    return sum(
        int(node["indexing_pressure"]["memory"]["total"][what])
        for node in nodes.values() for what in ("coordinating_rejections", "primary_rejections")
    )
