"""How a position stood as more became known, event by event: what the differences of books and accounts are made of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from domain.money import ZERO
from projections.as_of import Instant, first_of
from projections.causes import Cause, cause_of, place_of
from projections.movements import Held, Movement
from projections.positions import Position, empty_of, run_on, run_through
from projections.postings import Posting, realised_postings
from projections.steps import in_order
from projections.successions import Elsewhere, Successions, once, resting_on

Accounts = Mapping[tuple[str, str], tuple[Decimal, Decimal]]
"""Debit and credit by account and asset."""
NOTHING = ZERO, ZERO


class Stand(NamedTuple):
    """A position, and what it has put into each account, after the event ``cause``; None: as it was known before, if it
    was.
    """

    cause: Cause | None
    position: Position
    accounts: Accounts
    is_known: bool = True


def stands(
    movements: Sequence[Movement], valid_at: datetime | None, known_from: int, known_to: int,
    elsewhere: Elsewhere[Movement],
) -> Iterator[Stand]:
    """How one position stood as it was known first, then after each event that took away what held, or brought what
    holds now; what came and went in between is no part of it. None where nothing is known.
    """
    first, last = Instant(valid_at, known_from), Instant(valid_at, known_to)
    elsewhere = once(elsewhere, movements)
    related = resting_on(movements, elsewhere, known_to)
    known = [each for each in movements if last.knows(each)]
    if not known:
        return
    walk = _Walk(first_of(known), elsewhere)
    walk.change([], [each for each in related if first.holds(each)])
    yield walk.stand(None)._replace(is_known=any(first.knows(each) for each in known))
    for cause, gone, come in _events(related, first, last):
        walk.change(gone, come)
        yield walk.stand(cause)


def _events(
    movements: Sequence[Movement], first: Instant, last: Instant
) -> Iterator[tuple[Cause, list[Movement], list[Movement]]]:
    """The events between two instants, in their order, with what does not hold any more by them, and what does now."""
    found: dict[tuple[str, int], tuple[Cause, list[Movement], list[Movement]]] = {}
    for each in movements:
        if (cause := cause_of(each, first, last)) is not None:
            _, gone, come = found.setdefault(place_of(cause.event), (cause, [], []))
            (come if last.holds(each) else gone).append(each)
    for place in sorted(found):
        yield found[place]


class _Walk:
    """One position, given some movements more or less, its own and those it rests on; it is run through again only when
    they do not just come last.
    """

    def __init__(self, one: Movement, elsewhere: Elsewhere[Movement]) -> None:
        self._one = one
        self._position = empty_of(one)
        self._elsewhere = elsewhere
        self._counting: set[str] = set()
        self._held: list[Movement] = []
        self._posted: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        self._again()

    def change(self, gone: Sequence[Movement], come: Sequence[Movement]) -> None:
        """Without the movements that are ``gone``, and with those that ``come``."""
        self._counting.difference_update(each.id for each in gone)
        self._counting.update(each.id for each in come)
        own = in_order(each for each in come if self._is_own(each))
        self._book([each for each in gone if self._is_own(each)], -1)
        self._book(own, 1)
        elsewhere, last = len(own) != len(come), self._taken[-1:]
        comes_over = any(each.kind == "succession" for each in own)
        if gone or elsewhere or comes_over or in_order([*last, *own])[:1] != last:
            self._held = in_order([each for each in (*self._held, *own) if each.id in self._counting])
            self._again()
        else:
            self._held += own
            self._taken += own
            run_on(self._position, self._run, own)

    def stand(self, cause: Cause | None) -> Stand:
        position, accounts = self._position.copy(), dict(self._posted)
        if position.realised:
            _add(accounts, realised_postings(position.instrument, position.currency, position.realised), 1)
        _add(accounts, self._run.posted(self._one), 1)
        return Stand(cause, position, accounts)

    def _is_own(self, movement: Movement) -> bool:
        return movement.instrument == self._one.instrument

    def _book(self, movements: Sequence[Movement], sign: int) -> None:
        for each in movements:
            self._position.fees += sign * each.fees
            if each.kind == "penalty":
                self._position.penalties += sign * each.gain
            _add(self._posted, each.postings, sign)

    def _again(self) -> None:
        # The ends of trades elsewhere are among what was run through.
        succeeds = Successions(self._elsewhere, self._counts)
        self._taken = succeeds.taken_by(self._held)
        self._run = run_through(self._position, self._taken, succeeds)

    def _counts(self, movement: Held) -> bool:
        return movement.id in self._counting


def _add(accounts: dict[tuple[str, str], tuple[Decimal, Decimal]], postings: Sequence[Posting], sign: int) -> None:
    """As the trial balance sums them."""
    for posting in postings:
        key = (posting.account, posting.asset)
        debit, credit = accounts.get(key, NOTHING)
        if posting.quantity > 0:
            accounts[key] = debit + sign * posting.quantity, credit
        else:
            accounts[key] = debit, credit - sign * posting.quantity
