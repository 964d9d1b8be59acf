"""The tamper-evident tree over one log: RFC 6962 hashing of the stored bytes of every event."""

import hashlib
from collections.abc import Iterable, Sequence
from struct import Struct

_sha256 = hashlib.sha256
HASH_BYTES = 32
EMPTY_ROOT = _sha256(b"").digest()
_INTEGER = 8
_before_stream = Struct(">xIQI").pack
_before_type = Struct(">IQI").pack
_before_state = Struct(">I").pack


def leaf_hash(sequence: int, stream: str, version: int, type_name: str, state: bytes) -> bytes:
    """SHA-256 over 0x00 and the fields, each preceded by its length in four bytes, integers in eight, big endian."""
    stream_bytes, type_bytes = stream.encode(), type_name.encode()
    return _sha256(b"".join((
        _before_stream(_INTEGER, sequence, len(stream_bytes)), stream_bytes,
        _before_type(_INTEGER, version, len(type_bytes)), type_bytes, _before_state(len(state)), state,
    ))).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256 over 0x01 and both children."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The perfect subtrees of a growing tree, largest first: enough to append and to give the root, nothing more."""

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        self.size = size
        self._hashes = [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Adds leaf hashes in order, each merging the subtrees that it completes."""
        size, hashes = self.size, self._hashes
        for leaf in leaves:
            node, full = leaf, size
            while full & 1:
                node = _sha256(b"\x01" + hashes.pop() + node).digest()
                full >>= 1
            hashes.append(node)
            size += 1
        self.size = size

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
