"""Proofs over one log's tree: that an event is in it, and that a later tree contains an earlier one (RFC 6962)."""

from collections.abc import Callable, Iterator, Sequence

from domain.merkle import node_hash, root_of

Roots = Callable[[int, int], bytes]
"""The root over the leaves from one place up to another."""


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf ``index`` (from 0) to the root of all ``leaves`` (RFC 6962 section 2.1.1)."""
    return inclusion_path(_roots_of(leaves), index, len(leaves))


def inclusion_path(root: Roots, index: int, size: int) -> list[bytes]:
    """``inclusion_proof`` for a tree of ``size`` leaves that is read where it is needed."""
    siblings: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        half = start + largest_power_below(end - start)
        siblings.append((half, end) if index < half else (start, half))
        start, end = (start, half) if index < half else (half, end)
    return [root(*sibling) for sibling in reversed(siblings)]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The hashes that show the tree of the first ``size`` leaves in that of all (RFC 6962 section 2.1.2)."""
    return consistency_path(_roots_of(leaves), size, len(leaves))


def consistency_path(root: Roots, size: int, later_size: int) -> list[bytes]:
    """``consistency_proof`` for a tree that is read where it is needed."""
    return [] if size in {0, later_size} else _subproof(root, (0, later_size), size, whole=True)


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


def _roots_of(leaves: Sequence[bytes]) -> Roots:
    return lambda start, end: root_of(leaves[start:end])


def _subproof(root: Roots, of: tuple[int, int], size: int, *, whole: bool) -> list[bytes]:
    start, end = of
    if size == end:
        return [] if whole else [root(start, end)]
    half = start + largest_power_below(end - start)
    if size <= half:
        return [*_subproof(root, (start, half), size, whole=whole), root(half, end)]
    return [*_subproof(root, (half, end), size, whole=False), root(start, half)]


def largest_power_below(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1
