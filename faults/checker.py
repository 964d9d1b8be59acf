"""What was promised against what is there: each function finds one kind of broken promise, and can fail."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Literal

import msgspec
from eventsourcing.persistence import Notification

from domain.ports import Receipt
from faults.journal import Answer
from infra.verification import Verification

Kind = Literal["lost", "doubled", "skipped", "reordered", "altered", "unnoticed", "stalled"]
KINDS: tuple[Kind, ...] = ("lost", "doubled", "skipped", "reordered", "altered", "unnoticed", "stalled")
Key = tuple[str, str]


class Finding(msgspec.Struct, frozen=True):
    """One broken promise."""

    kind: Kind
    what: str


class Published(msgspec.Struct, frozen=True):
    """An event as it stands in its topic."""

    sequence: int
    stream: str
    version: int
    topic: str
    state: bytes


class _Command(msgspec.Struct):
    source: str = ""
    command_id: str = ""


def places_of(logs: Mapping[str, Sequence[Notification]]) -> dict[Key, list[tuple[str, int]]]:
    """By command, where its events are."""
    decoder = msgspec.json.Decoder(_Command)
    places: dict[Key, list[tuple[str, int]]] = {}
    for log, events in logs.items():
        for event in events:
            command = decoder.decode(event.state)
            places.setdefault((command.source, command.command_id), []).append((log, event.id))
    return places


def acknowledged(
    answers: Sequence[Answer], places: Mapping[Key, Sequence[tuple[str, int]]], receipts: Mapping[Key, Receipt],
) -> Iterator[Finding]:
    """Every answer against the logs: its events are where it said, nowhere else, and are of what was sent."""
    first: dict[Key, Answer] = {}
    for answer in answers:
        before = first.setdefault(answer.key, answer)
        told, name = _said(answer), f"{answer.command_id} of {answer.client}"
        if told != _said(before):
            yield Finding("doubled", f"{name} was answered {_said(before)}, and later {told}")
        if answer is not before:
            continue
        found, receipt = list(places.get(answer.key, ())), receipts.get(answer.key)
        wanted = [(answer.log, answer.sequence + place) for place in range(answer.count)]
        if found != wanted:
            missing = [place for place in wanted if place not in found]
            yield Finding("lost" if missing else "doubled", f"{name} is at {found}, and was told {wanted}")
        elif receipt is None or (receipt.sequence, receipt.count) != (answer.sequence, answer.count):
            yield Finding("lost", f"{name} has the receipt {receipt}")
        elif receipt.content.hex() != answer.content:
            yield Finding("altered", f"{name} has the receipt of another content")


def unpromised(answers: Sequence[Answer], places: Mapping[Key, Sequence[tuple[str, int]]]) -> Iterator[Finding]:
    """What was answered before a restore, from beyond it, may be there again or not: but once."""
    for answer in {each.key: each for each in answers}.values():
        found = places.get(answer.key, ())
        if len({log for log, _ in found}) > 1 or any(
            later[1] != earlier[1] + 1 for earlier, later in pairwise(found)
        ):
            yield Finding("doubled", f"{answer.command_id} of {answer.client} is at {list(found)}")


def order(answers: Sequence[Answer]) -> Iterator[Finding]:
    """A client's requests, each posted after the answer to the one before, stand in that order in each log; so do the
    commands of a request that was posted once.
    """
    fresh = sorted((each for each in answers if not each.again), key=lambda each: (each.client, each.log, each.request))
    for (client, log), of_log in groupby(fresh, key=lambda each: (each.client, each.log)):
        last = 0
        for number, of_request in groupby(of_log, key=lambda each: each.request):
            request = sorted(of_request, key=lambda each: each.place)
            sequences = [each.sequence for each in request]
            if min(sequences) <= last:
                yield Finding("reordered", f"request {number} of {client} is at {log}:{min(sequences)}, after {last}")
            if request[0].attempts == 1 and sequences != sorted(sequences):
                yield Finding("reordered", f"request {number} of {client} is at {sequences} of {log}")
            last = max(last, *sequences)


def topic(log: str, stored: Sequence[Notification], published: Sequence[Published]) -> Iterator[Finding]:
    """A topic against its log: with sequences dropped that came before, it is the log, byte for byte."""
    seen: set[int] = set()
    following = 0
    for record in published:
        if record.sequence > len(stored):
            yield Finding("doubled", f"the topic of {log} has {record.sequence}, the log ends at {len(stored)}")
        elif record != _as_published(stored[record.sequence - 1]):
            yield Finding("altered", f"the topic of {log} has another event {record.sequence} than the log")
        seen.add(record.sequence)
        if record.sequence == following + 1:
            following += 1
    if following < len(stored):
        is_there = following + 1 in seen
        yield Finding("reordered" if is_there else "skipped",
                      f"the topic of {log} goes on in sequence up to {following}, the log ends at {len(stored)}")


def read_models(digests: Mapping[str, tuple[str, str]], dead_letters: Sequence[str] = ()) -> Iterator[Finding]:
    """Every read model against the one built anew, and nothing was put aside on the way."""
    for model, (live, rebuilt) in digests.items():
        if live != rebuilt:
            yield Finding("skipped", f"read model {model} differs from its rebuild")
    for letter in dead_letters:
        yield Finding("skipped", f"an event waits as a dead letter: {letter}")


def chain(report: Verification) -> Iterator[Finding]:
    """A log against its own tree."""
    for finding in report.findings:
        yield Finding("altered", finding)


def _said(answer: Answer) -> tuple[str, str, int, int]:
    return answer.status, answer.log, answer.sequence, answer.count


def _as_published(event: Notification) -> Published:
    return Published(event.id, str(event.originator_id), int(event.originator_version or 0), event.topic, event.state)
