"""Outcomes on their way back to the process that waits for them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from confluent_kafka import KafkaException

from domain.outcomes import Outcome
from infra.kafka.records import Asked

OUTCOMES_IN_A_RECORD = 1_000


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """The outcomes of a request's commands from ``place`` on; or the ``problem`` why none of ``count`` was recorded."""

    correlation: str
    place: int
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""
    count: int = 1


class Presence(msgspec.Struct, frozen=True):
    """What a ledger worker says now and then to every process that sends commands: which logs it decides for, and what
    keeps it from deciding for others.
    """

    decides: tuple[str, ...]
    trouble: dict[str, str]


class Sends(Protocol):
    def send(self, topic: str, partition: int, value: bytes) -> None: ...


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[Reply, ...])
_presence = msgspec.json.Decoder(Presence)


def decode(value: bytes) -> tuple[Reply, ...]:
    """The replies of one record.

    Raises:
        msgspec.DecodeError: when it is none.
    """
    return _decoder.decode(value)


def presence_in(value: bytes) -> Presence | None:
    """What a worker says of itself, when the record is no reply.

    Raises:
        msgspec.DecodeError: when it is neither.
    """
    return _presence.decode(value) if value.startswith(b"{") else None


def encode(replies: Sequence[Reply]) -> bytes:
    return _encoder.encode(replies)


class Replies:
    """Sends what a commit came to: one record for each process that waits for some of it."""

    def __init__(self, sender: Sends, topic: str, partitions: int) -> None:
        self._sender = sender
        self._topic = topic
        self.partitions = partitions

    def outcomes(self, asked: Sequence[Asked], outcomes: Sequence[Outcome]) -> None:
        """Answers every record with its share of the outcomes, which are in the same order."""
        waiting: dict[int, list[Reply]] = {}
        at = 0
        for each in asked:
            count = len(each.unit.submissions)
            if each.back is not None:
                reply = Reply(each.back.correlation, each.back.place, tuple(outcomes[at : at + count]))
                waiting.setdefault(each.back.partition, []).append(reply)
            at += count
        self._send(waiting)

    def problem(self, asked: Asked, problem: str) -> None:
        """Says that nothing was recorded, and that it may be sent again."""
        if asked.back is not None:
            count = len(asked.unit.submissions)
            reply = Reply(asked.back.correlation, asked.back.place, (), problem, count)
            self._send({asked.back.partition: [reply]})

    def presence(self, presence: Presence) -> None:
        """Says to everybody who decides here."""
        for partition in range(self.partitions):
            # Of a topic that was made anew there may be fewer: who waits there hears nothing, and says so.
            with contextlib.suppress(KafkaException):
                self._sender.send(self._topic, partition, _encoder.encode(presence))

    def _send(self, waiting: dict[int, list[Reply]]) -> None:
        for partition, replies in waiting.items():
            if partition < self.partitions:
                for share in _shares(replies):
                    self._sender.send(self._topic, partition, encode(share))


def _shares(replies: Sequence[Reply]) -> Iterator[list[Reply]]:
    share: list[Reply] = []
    count = 0
    for reply in replies:
        if share and count + len(reply.outcomes) > OUTCOMES_IN_A_RECORD:
            yield share
            share, count = [], 0
        share.append(reply)
        count += len(reply.outcomes)
    if share:
        yield share
