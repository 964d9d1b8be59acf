"""Which faults come in which order, from a seed."""

import random
from collections.abc import Sequence

from faults.kinds import Fault


def planned(faults: Sequence[Fault], count: int, seed: int) -> list[Fault]:
    """``count`` faults in their shares, every kind at least once if there is room; the same for the same seed."""
    chance = random.Random(f"plan {seed}")
    once = chance.sample(faults, min(count, len(faults)))
    more = chance.choices(faults, [each.share for each in faults], k=count - len(once))
    return chance.sample([*once, *more], count)
