"""What an owner takes of its partition at once, and where that partition is."""

from collections.abc import Iterator, Sequence

import msgspec

from infra.kafka.records import Asked


class Place(msgspec.Struct, frozen=True):
    """A partition of one creation of the commands topic."""

    topic_id: str
    partition: int

    @property
    def tracking(self) -> str:
        return f"kafka:{self.topic_id}:{self.partition}"


class Share(msgspec.Struct, frozen=True):
    """Records that are taken together, up to an offset. Of the ``problems`` nothing is recorded, which is said when the
    log knows that they were taken: until then another owner might decide them.
    """

    ready: Sequence[Asked]
    problems: Sequence[tuple[Asked, str]]
    upto: int

    @property
    def asked(self) -> Sequence[Asked]:
        """Every record of it, in their order."""
        by_offset = {each.offset: each for each in (*(each for each, _ in self.problems), *self.ready)}
        return [by_offset[offset] for offset in sorted(by_offset)]


def shares(asked: Sequence[Asked], limit: int) -> Iterator[list[Asked]]:
    """Records in shares that count for at most ``limit`` commands; one of more stays whole."""
    share: list[Asked] = []
    count = 0
    for each in asked:
        weight = each.unit.weight
        if share and count + weight > limit:
            yield share
            share, count = [], 0
        share.append(each)
        count += weight
    if share:
        yield share
