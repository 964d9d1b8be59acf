"""Proofs over one log's tree: that an event is in it, and that a later tree contains an earlier one (RFC 6962)."""

from collections.abc import Iterator, Sequence

from domain.merkle import node_hash, root_of


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf ``index`` (from 0) to the root of all ``leaves`` (RFC 6962 section 2.1.1)."""
    if len(leaves) == 1:
        return []
    half = _largest_power_below(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The hashes that show the tree of the first ``size`` leaves in that of all (RFC 6962 section 2.1.2)."""
    return [] if size in {0, len(leaves)} else _subproof(leaves, size, whole=True)


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2); None when the proof has another shape."""
    if not 0 <= index < size:
        return None
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(size: int, root: bytes, later_size: int, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows the tree of ``size`` and ``root`` in the later one (RFC 9162 section 2.1.4.2)."""
    if size in {0, later_size}:
        return not proof and (size == 0 or root == later_root)
    hashes = iter(proof if size & (size - 1) else [root, *proof])
    node, last = size - 1, later_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = next(hashes, None)
    return first is not None and _climb(hashes, first, (node, last)) == (root, later_root)


def _climb(hashes: Iterator[bytes], first: bytes, place: tuple[int, int]) -> tuple[bytes, bytes] | None:
    node, last = place
    earlier = later = first
    for sibling in hashes:
        if last == 0:
            return None
        if node & 1 or node == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            later = node_hash(later, sibling)
        node, last = node >> 1, last >> 1
    return (earlier, later) if last == 0 else None


def _subproof(leaves: Sequence[bytes], size: int, *, whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = _largest_power_below(len(leaves))
    if size <= half:
        return [*_subproof(leaves[:half], size, whole=whole), root_of(leaves[half:])]
    return [*_subproof(leaves[half:], size - half, whole=False), root_of(leaves[:half])]


def _largest_power_below(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1
