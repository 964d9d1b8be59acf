from hypothesis import given
from hypothesis import strategies as st

from domain.undo import UndoLog

CHANGES = st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers()), max_size=30)


def change(undo: UndoLog, table: dict[int, int], changes: list[tuple[int, int | None]]) -> None:
    for key, value in changes:
        if value is None:
            undo.remove(table, key)
        else:
            undo.put(table, key, value)


@given(st.dictionaries(st.integers(0, 4), st.integers()), CHANGES, CHANGES)
def test_undo_restores_the_state_at_any_mark(
    before: dict[int, int], first: list[tuple[int, int | None]], second: list[tuple[int, int | None]]
) -> None:
    undo, table = UndoLog(), dict(before)
    change(undo, table, first)
    mark, halfway = undo.mark(), dict(table)
    change(undo, table, second)
    undo.undo(mark)
    assert table == halfway
    undo.undo()
    assert table == before


@given(st.dictionaries(st.integers(0, 4), st.integers()), CHANGES, CHANGES)
def test_what_is_kept_is_the_state_without_what_may_still_step_back(
    before: dict[int, int], first: list[tuple[int, int | None]], second: list[tuple[int, int | None]]
) -> None:
    undo, table = UndoLog(), dict(before)
    change(undo, table, first)
    mark, halfway = undo.mark(), dict(table)
    change(undo, table, second)
    undo.keep(mark)
    assert undo.kept(table) == halfway
    undo.undo()
    assert table == halfway
