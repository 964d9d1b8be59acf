import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.merkle import root_of
from domain.proofs import consistency_proof, inclusion_proof, is_consistent, root_of_inclusion

MOST = 40
LEAVES = [hashlib.sha256(bytes([number])).digest() for number in range(MOST)]
SIZES = range(1, MOST + 1)


def flip(hash_: bytes, bit: int) -> bytes:
    turned = bytearray(hash_)
    turned[bit // 8] ^= 1 << bit % 8
    return bytes(turned)


BITS = st.integers(0, 255)


def test_every_event_of_every_size_is_proven_to_be_in_the_tree() -> None:
    for size in SIZES:
        leaves = LEAVES[:size]
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert root_of_inclusion(leaves[index], index, size, proof) == root_of(leaves)
            assert len(proof) <= (size - 1).bit_length()


def test_every_earlier_size_is_proven_to_be_in_every_later_one() -> None:
    for later in SIZES:
        for size in range(later + 1):
            proof = consistency_proof(LEAVES[:later], size)
            assert is_consistent(size, root_of(LEAVES[:size]), later, root_of(LEAVES[:later]), proof)


@settings(deadline=None)
@given(data=st.data(), size=st.integers(2, MOST), bit=BITS)
def test_an_inclusion_proof_with_one_bit_turned_leads_elsewhere(data: st.DataObject, size: int, bit: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(LEAVES[:size], index), root_of(LEAVES[:size])
    place = data.draw(st.integers(0, len(proof) - 1))
    altered = [*proof[:place], flip(proof[place], bit), *proof[place + 1 :]]
    assert root_of_inclusion(LEAVES[index], index, size, altered) != root
    assert root_of_inclusion(flip(LEAVES[index], bit), index, size, proof) != root


@settings(deadline=None)
@given(data=st.data(), size=st.integers(2, MOST))
def test_an_inclusion_proof_is_of_its_own_place_and_shape(data: st.DataObject, size: int) -> None:
    index, other = data.draw(st.permutations(range(size)))[:2]
    proof, root = inclusion_proof(LEAVES[:size], index), root_of(LEAVES[:size])
    assert root_of_inclusion(LEAVES[index], other, size, proof) != root
    assert root_of_inclusion(LEAVES[index], index, size, proof[:-1]) != root
    assert root_of_inclusion(LEAVES[index], index, size, [*proof, LEAVES[0]]) is None
    assert root_of_inclusion(LEAVES[index], size + index, size, proof) is None
    assert root_of_inclusion(LEAVES[index], -1, size, proof) is None


@settings(deadline=None)
@given(data=st.data(), later=st.integers(2, MOST), bit=BITS)
def test_a_consistency_proof_with_one_bit_turned_proves_nothing(data: st.DataObject, later: int, bit: int) -> None:
    size = data.draw(st.integers(1, later - 1))
    roots = root_of(LEAVES[:size]), root_of(LEAVES[:later])
    proof = consistency_proof(LEAVES[:later], size)
    place = data.draw(st.integers(0, len(proof) - 1))
    altered = [*proof[:place], flip(proof[place], bit), *proof[place + 1 :]]
    assert not is_consistent(size, roots[0], later, roots[1], altered)
    assert not is_consistent(size, flip(roots[0], bit), later, roots[1], proof)
    assert not is_consistent(size, roots[0], later, flip(roots[1], bit), proof)
    assert not is_consistent(size, roots[0], later, roots[1], proof[:-1])
    assert not is_consistent(size, roots[0], later, roots[1], [*proof, LEAVES[0]])


def test_a_tree_that_was_rewritten_is_consistent_with_nothing_earlier() -> None:
    for size in range(1, MOST):
        rewritten = [flip(LEAVES[0], 0), *LEAVES[1:]]
        proof = consistency_proof(rewritten, size)
        assert not is_consistent(size, root_of(LEAVES[:size]), MOST, root_of(rewritten), proof)


def test_a_tree_is_consistent_with_itself_and_with_nothing_and_with_no_smaller_one() -> None:
    root, smaller = root_of(LEAVES), root_of(LEAVES[:7])
    assert is_consistent(MOST, root, MOST, root, [])
    assert not is_consistent(MOST, smaller, MOST, root, [])
    assert is_consistent(0, root_of([]), MOST, root, [])
    assert not is_consistent(0, root_of([]), MOST, root, [smaller])
    assert not is_consistent(MOST, root, 7, smaller, [])
    assert not is_consistent(MOST, root, 7, smaller, consistency_proof(LEAVES, 7))


def test_a_log_that_claims_to_have_grown_has_another_root() -> None:
    for size in (1, 2, 4, 8, 16, 32):
        root = root_of(LEAVES[:size])
        assert not any(is_consistent(size, root, later, root, []) for later in range(size + 1, MOST + 1))
