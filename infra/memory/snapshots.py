"""Snapshots in memory: for tests."""


class MemorySnapshots:
    """``infra.snapshots.SnapshotStore`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, log: str) -> bytes | None:
        return self.kept.get(log)

    def write(self, log: str, snapshot: bytes) -> None:
        self.kept[log] = snapshot
