"""The tamper-evident tree over one log: RFC 6962 hashing of the stored bytes of every event."""

import hashlib
from collections.abc import Iterable, Sequence

_sha256 = hashlib.sha256
HASH_BYTES = 32
EMPTY_ROOT = _sha256(b"").digest()


def leaf_hash(sequence: int, stream: str, version: int, type_name: str, state: bytes) -> bytes:
    """SHA-256 over 0x00 and the fields, each preceded by its length in four bytes, integers in eight, big endian."""
    stream_bytes, type_bytes = stream.encode(), type_name.encode()
    return _sha256(
        b"\x00\x00\x00\x00\x08%b%b%b\x00\x00\x00\x08%b%b%b%b%b" % (
            sequence.to_bytes(8, "big"), len(stream_bytes).to_bytes(4, "big"), stream_bytes, version.to_bytes(8, "big"),
            len(type_bytes).to_bytes(4, "big"), type_bytes, len(state).to_bytes(4, "big"), state,
        )
    ).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x01 and both children."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The perfect subtrees of a growing tree, largest first: enough to append and to give the root, nothing more."""

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        self.size = size
        self._hashes = [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash, merging the subtrees it completes."""
        size, hashes = self.size, self._hashes
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The tree's root; the hash of nothing for an empty tree."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def packed(self) -> bytes:
        return b"".join(self._hashes)

    def copy(self) -> "Frontier":
        return Frontier(self.size, self.packed())


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()
