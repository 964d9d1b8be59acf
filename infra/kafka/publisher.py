"""Events out: one log, in sequence, once more from wherever something of it may be missing."""

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, Message
from eventsourcing.persistence import Notification

from domain.ports import LogRecorder, NewEvent
from infra.kafka.published import LEDGER, LOG, ON_THE_WAY, SEQUENCE, TYPE, VERSION, OtherTopic, Published
from infra.kafka.records import Headers
from infra.kafka.sender import NotDelivered, Sender

READ_AT_ONCE = 1_000
ROOM_SECONDS = 0.1
FLUSH_SECONDS = 10.0


class EventsPublisher:
    """Hands every event of a log to Kafka in its order; ``handed`` is the last sequence of them. ``again`` is told how
    many events were missing there when that was looked at. Once it is ``stopping`` it waits for nothing: the next owner
    publishes what is missing.

    When Kafka loses what it had, because a topic was made anew or cut, everything behind is published again: consumers
    drop the sequences they have.
    """

    def __init__(
        self, log: str, recorder: LogRecorder, place: tuple[str, int], *, sender: Sender, published: Published,
        ledger_id: str, again: Callable[[int], None] = lambda _count: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.handed = 0
        self._stopping = stopping
        self._again = again
        self._sender = sender
        self._published = published
        self._recorder = recorder
        self._log = log
        self._headers: Headers = [(LEDGER, ledger_id.encode()), (LOG, log.encode())]
        self._topic, self._partition = place
        self._end = 0
        self._again_from: int | None = None

    def take_over(self) -> None:
        """Publishes what the log has and the topic lacks.

        Raises:
            OtherTopic: when the topic has what the log lacks.
        """
        self._go_on(None)

    def publish(self, first: int, events: Sequence[NewEvent]) -> None:
        """Publishes events from sequence ``first`` on, after whatever comes before them."""
        self._mend()
        self._read_on(first - 1)
        # Some may be published already, when they were read from the store.
        for sequence, event in enumerate(events[max(0, self.handed + 1 - first) :], max(first, self.handed + 1)):
            self._hand(sequence, event)

    def follow(self) -> None:
        """Publishes what others wrote into the log, and whatever Kafka lost."""
        _, end = self._published.bounds(self._topic, self._partition)
        # Offsets are gapless: where others published too, what is there may not be what was there.
        if end < self._end or (end > self._end and not self._sender.waiting()):
            self._lost(min(end, self._end))
        self._mend()
        self._read_on(self._recorder.max_notification_id() or 0)

    def _mend(self) -> None:
        if self._again_from is not None:
            self._go_on(self._again_from)

    def _go_on(self, before: int | None) -> None:
        # What is still on its way would be taken for what stands at the end.
        self._sender.flush(FLUSH_SECONDS, self._stopping)
        before = before if self._again_from is None else self._again_from
        standing = self._published.standing(self._topic, self._partition, self._log, before)
        self.handed = standing.complete
        self._again_from, self._end = None, standing.end
        tail = self._recorder.max_notification_id() or 0
        if standing.highest > tail:
            raise OtherTopic(
                f"{self._topic}/{self._partition} has {self._log} up to {standing.highest}, the log ends at {tail}"
            )
        self._again(tail - self.handed)
        self._read_on(tail)

    def _read_on(self, last: int) -> None:
        while self.handed < last:
            for each in self._recorder.select_notifications(self.handed + 1, READ_AT_ONCE, stop=last):
                self._hand(each.id, each)

    def _hand(self, sequence: int, event: NewEvent | Notification) -> None:
        while self._sender.waiting() > ON_THE_WAY:
            if self._stopping():
                raise NotDelivered(f"{self._log} is published from {sequence} on by whoever owns it next")
            self._sender.poll(ROOM_SECONDS)
        stream = str(event.originator_id)
        headers: Headers = [
            *self._headers, (SEQUENCE, b"%d" % sequence), (TYPE, event.topic.encode()),
            (VERSION, b"%d" % event.originator_version),
        ]
        self._sender.send(self._topic, self._partition, event.state, stream, headers, on_delivery=self._delivered)
        self.handed = sequence

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        if error is not None or offset is None:
            self._lost(self._end)
        elif offset != self._end:
            # It stands where something else stood, or beside what others published: is all there that was?
            self._lost(min(offset, self._end))
        else:
            self._end = offset + 1

    def _lost(self, offset: int) -> None:
        self._again_from = offset if self._again_from is None else min(offset, self._again_from)
        self._end = min(self._end, offset)
