"""Committing to a log that others write too: who decides long on much is overtaken, so less is decided at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from eventsourcing.persistence import OperationalError

from domain.batch import Unit
from domain.ledger import Ledger, LogDoesNotRest
from domain.outcomes import Outcome
from infra.nonces import Nonces

TRIES_IN_VAIN = 300
UNBOUNDED = 1 << 30


class Contention:
    """What is left of a batch while others keep moving the log: half as much after each failure, then more again."""

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces
        self._most_at_once = UNBOUNDED

    def commit(self, ledger: Ledger, units: Sequence[Unit], dry_run: bool = False) -> list[Outcome]:
        """The outcomes of ``units``: in one commit, or in several when the log does not rest.

        Raises:
            LogDoesNotRest: nothing was recorded.
            OperationalError: of the store; or only a part was recorded.
        """
        outcomes: list[Outcome] = []
        waiting, tries = list(units), 0
        while waiting:
            share, later = (waiting, []) if dry_run else _cut(waiting, self._most_at_once)
            try:
                outcomes += ledger.commit(share, datetime.now(UTC), self._nonces.new(), dry_run)
            except LogDoesNotRest as error:
                tries += 1
                self._most_at_once = max(1, sum(len(unit.submissions) for unit in share) // 2)
                if tries < TRIES_IN_VAIN:
                    continue
                if outcomes:
                    raise OperationalError(f"only a part was recorded: {error}") from error
                raise
            waiting, tries = later, 0
            self._most_at_once = min(self._most_at_once * 2, UNBOUNDED)
        return outcomes


def _cut(units: Sequence[Unit], most: int) -> tuple[list[Unit], list[Unit]]:
    """The first ``most`` commands and the others; an atomic unit stays whole."""
    share: list[Unit] = []
    for place, unit in enumerate(units):
        room = most - sum(len(each.submissions) for each in share)
        if len(unit.submissions) <= room or (unit.atomic and not share):
            share.append(unit)
            continue
        if unit.atomic or room == 0:
            return share, list(units[place:])
        first, rest = Unit(unit.submissions[:room]), Unit(unit.submissions[room:])
        return [*share, first], [rest, *units[place + 1 :]]
    return share, []
