"""The filter of what was ever written: however full, it never says no to what was added."""

from collections.abc import Iterable
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

import infra.seen
from infra.seen import Seen

NAMES = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 50)), max_size=60)


@given(st.lists(NAMES, max_size=4), NAMES, st.sampled_from([1 << 3, 1 << 6, 1 << 20]))
def test_what_was_added_is_among_what_may_have_been(
    added: list[list[tuple[str, int]]], asked: list[tuple[str, int]], bits: int
) -> None:
    with patch.object(infra.seen, "BITS", bits):
        seen = Seen()
        for names in added:
            seen.add(names)
        there = {name for names in added for name in names}
        assert {each for each in asked if each in there} <= set(seen.among(asked))
        assert seen.among(_twice(there)) == [*_twice(there)]


def test_few_names_are_taken_for_others() -> None:
    with patch.object(infra.seen, "BITS", 1 << 16):
        seen = Seen()
        seen.add(f"trade:T{number}" for number in range(2_000))
        # By one place of each it would be one of 33, by two it is one of 280.
        assert len(seen.among(f"trade:U{number}" for number in range(10_000))) < 100


def _twice(names: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [each for name in sorted(names) for each in (name, name)]
