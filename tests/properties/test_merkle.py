import hashlib

from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of

LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def recursive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + recursive_root(leaves[:split]) + recursive_root(leaves[split:])).digest()


@given(LEAVES)
def test_the_frontier_gives_the_root_that_the_standard_defines(leaves: list[bytes]) -> None:
    assert root_of(leaves) == recursive_root(leaves)


@given(LEAVES, st.integers(0, 70))
def test_a_packed_frontier_goes_on_where_it_stopped(leaves: list[bytes], cut: int) -> None:
    first = Frontier()
    first.extend(leaves[:cut])
    second = Frontier(first.size, first.packed())
    second.extend(leaves[cut:])
    assert (second.size, second.root()) == (len(leaves), root_of(leaves))


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


FIELDS = st.tuples(st.integers(1, 2**63), st.text(max_size=8), st.integers(1, 9), st.text(max_size=8), st.binary())


@given(FIELDS, FIELDS)
def test_two_events_share_a_leaf_hash_only_when_they_are_equal(
    one: tuple[int, str, int, str, bytes], other: tuple[int, str, int, str, bytes]
) -> None:
    assert (leaf_hash(*one) == leaf_hash(*other)) == (one == other)


def test_the_lengths_keep_neighbouring_fields_apart() -> None:
    assert leaf_hash(1, "ab", 1, "c", b"") != leaf_hash(1, "a", 1, "bc", b"")
