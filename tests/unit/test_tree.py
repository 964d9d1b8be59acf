"""The tree over a log for proofs: the same hashes as from all leaves, read once."""

from hashlib import sha256

import pytest

from domain.merkle import root_of
from domain.proofs import consistency_path, consistency_proof, inclusion_path, inclusion_proof
from domain.tree import KEPT_LEAVES, LogTree

LEAVES = [sha256(str(number).encode()).digest() for number in range(5 * KEPT_LEAVES + 77)]


class Read:
    """Leaves that say how many were read, and how many at once."""

    def __init__(self) -> None:
        self.leaves = self.most = 0

    def __call__(self, start: int, end: int) -> list[bytes]:
        self.leaves += end - start
        self.most = max(self.most, end - start)
        return LEAVES[start:end]


@pytest.mark.parametrize("size", [1, 2, 77, KEPT_LEAVES, KEPT_LEAVES + 1, 4 * KEPT_LEAVES, len(LEAVES)])
def test_the_proofs_are_those_of_all_leaves(size: int) -> None:
    tree, leaves = LogTree(Read()), LEAVES[:size]
    assert tree.root(0, size) == root_of(leaves)
    for sequence in {1, size // 2 or 1, max(size - 3, 1), size}:
        assert inclusion_path(tree.root, sequence - 1, size) == inclusion_proof(leaves, sequence - 1)
        assert consistency_path(tree.root, sequence, size) == consistency_proof(leaves, sequence)


def test_what_was_hashed_once_is_not_read_again() -> None:
    read = Read()
    tree = LogTree(read)
    tree.root(0, len(LEAVES))
    assert read.leaves == len(LEAVES)
    read.leaves = 0
    tree.root(0, len(LEAVES))
    inclusion_path(tree.root, 2_000, len(LEAVES))
    assert read.leaves <= 77 * 2 + KEPT_LEAVES
    assert read.most <= KEPT_LEAVES


def test_a_tree_that_grew_has_another_root() -> None:
    tree = LogTree(Read())
    for size in (KEPT_LEAVES - 1, KEPT_LEAVES, KEPT_LEAVES + 1, 2 * KEPT_LEAVES, 3 * KEPT_LEAVES):
        assert tree.root(0, size) == root_of(LEAVES[:size])
