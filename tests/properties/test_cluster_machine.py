"""The whole cluster in simulation, under schedules of crashes, zombies, lost replies, lost topics and rebalances."""

import os
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.checker import require_all, settle
from tests.simulation.cluster import cluster

SCHEDULES = int(os.environ.get("EVERBOOK_SIMULATION_SCHEDULES", "250"))


@settings(deadline=None, max_examples=SCHEDULES)
@given(schedule=st.lists(st.integers(0, 1 << 32), min_size=20, max_size=90))
def test_whatever_happens_nothing_is_lost_doubled_skipped_or_disordered(schedule: Sequence[int]) -> None:
    with cluster() as simulated:
        for number in schedule:
            simulated.act(number)
        settle(simulated)
        require_all(simulated)
