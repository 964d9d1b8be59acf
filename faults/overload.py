"""Elasticsearch lets little wait: real writers fill its queue, and it answers 429."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec

from faults.rig import Missed, Rig

LITTLE_ROOM = {"thread_pool.write.queue_size": 40}
"""Settings of a node whose queue of writes a few writers can fill, and Everbook alone does not."""
WRITERS, INDICES = 12, 12
FULL = 429
REFUSED_AT_LEAST = 5
LONGEST_SECONDS = 60.0
JUNK = {"mappings": {"enabled": False}, "settings": {"number_of_replicas": 0, "refresh_interval": "-1"}}
NDJSON = {"content-type": "application/x-ndjson"}


class _Result(msgspec.Struct):
    status: int


class _Item(msgspec.Struct):
    index: _Result


class _Items(msgspec.Struct):
    items: list[_Item] = []


def bulk_queue_full(rig: Rig) -> str:
    """Others write so much at once that Everbook's bulk requests are refused, until some were."""
    flood = _Flood(rig.servers.elasticsearch, f"{rig.prefix}-junk")
    before = flood.refused_to_anyone()
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(flood.write) for _ in range(WRITERS)]
        ends = time.monotonic() + LONGEST_SECONDS
        try:
            # As many as the flood has on their way may be its own, and not counted yet.
            rig.until(
                lambda: flood.refused_to_anyone() - before - flood.own > WRITERS * INDICES + REFUSED_AT_LEAST
                or time.monotonic() > ends, "Everbook is refused",
            )
        finally:
            flood.stopping.set()
    for each in writing:
        each.result()
    others = flood.refused_to_anyone() - before - flood.own
    if others < REFUSED_AT_LEAST:
        raise Missed(f"the flood was refused {flood.own} writes, and Everbook {others}")
    return f"{others} writes refused beside {flood.own} of the flood's"


class _Flood:
    """Every item of a bulk request goes to a shard of its own, and so takes a place in the queue of its own."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        indices = [f"{prefix}-{number}" for number in range(INDICES)]
        for index in indices:
            # It may be there from the last time.
            httpx.put(f"{url}/{index}", json=JUNK, timeout=60)
        self._body = "".join(f'{{"index":{{"_index":"{index}"}}}}\n{{"junk":1}}\n' for index in indices).encode()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self.own = 0

    def write(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60, headers=NDJSON) as client:
            while not self.stopping.is_set():
                answer = client.post("/_bulk?filter_path=items.*.status", content=self._body)
                items = msgspec.json.decode(answer.content, type=_Items).items
                with self._lock:
                    self.own += sum(each.index.status == FULL for each in items)

    def refused_to_anyone(self) -> int:
        """How many writes the node has refused since it was started."""
        nodes = httpx.get(f"{self._url}/_nodes/stats/thread_pool", timeout=60).json()["nodes"]
        return sum(int(node["thread_pool"]["write"]["rejected"]) for node in nodes.values())
