"""The simulated cluster: a schedule is a list of numbers, each of which says one thing that happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from domain.admission import NotRecorded
from domain.commands import DefineBook, IssueKey, SetLimit
from domain.outcomes import EVERY_ROLE
from infra.kafka.topics import Topics
from infra.logs import CommandedLogs
from infra.secrets import digest_of
from tests.decided import KEY, PEPPER, SECRET, by_key
from tests.feeds import BOOKS, LEDGERS, OTHER_BOOK
from tests.ledger import founded, send
from tests.simulation.broker import Broker, Record
from tests.simulation.clock import Clock, simulated_time
from tests.simulation.orders import MOST_SEEN, Orders
from tests.simulation.process import HOWS, Plan
from tests.simulation.search import SearchServer
from tests.simulation.senders import Senders
from tests.simulation.slots import REPLY_PARTITIONS, GateSlot, LedgerSlot, ProjectionSlot, Servers, Slot
from tests.simulation.store import LogStore, Template

DEEPEST = 2
MOST_CALLS, MOST_WRITES = 40, 10
WEIGHTS = {
    "order": 10, "order again": 3, "gate": 12, "decide": 22, "project": 16, "wait": 6, "kill": 3, "start": 8,
    "expel": 3, "share out": 2, "away": 3, "back": 3, "lose a tail": 2, "lose a topic": 2, "break a producer": 1,
    "write beside": 2,
}
ACTIONS = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
TOPICS = Topics("simulated", LEDGERS)


class Cluster:
    """Two gates, three ledger workers, two projection workers, and the servers they use."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.clock, self.random = clock, random
        templates, ledger_id = _foundation()
        self.recorders = {log: template.copied() for log, template in templates.items()}
        self.broker = Broker(self._published)
        self.servers = Servers(
            LogStore(self.recorders, clock), self.broker, SearchServer(clock), clock=clock, topics=TOPICS,
            ledger_id=ledger_id,
        )
        for topic, partitions in {**TOPICS.partitions(), TOPICS.replies: REPLY_PARTITIONS}.items():
            self.broker.create(topic, partitions)
        self.senders, self._orders = Senders(self.recorders), Orders()
        self.gates = [GateSlot(f"gate-{n}", self.servers, random, self._meanwhile) for n in range(2)]
        self.deciders = [LedgerSlot(f"ledger-{n}", self.servers, random, self._meanwhile) for n in range(3)]
        self.projectors = [ProjectionSlot(f"projections-{n}", self.servers, random, self._meanwhile) for n in range(2)]
        self.slots: list[Slot] = [*self.gates, *self.deciders, *self.projectors]
        self._depth = 0
        self.done: list[str] = []
        self._actions: dict[str, Callable[[], None]] = {
            "order": self._order, "order again": self._order_again, "wait": self._wait, "kill": self._kill,
            "start": self._start, "expel": self._expel, "share out": self._share_out, "away": self._away,
            "back": self.come_back, "lose a tail": self._lose_a_tail, "lose a topic": self._lose_a_topic,
            "break a producer": self._break_a_producer, "write beside": self._write_beside,
            "gate": lambda: self._step(self.gates), "decide": lambda: self._step(self.deciders),
            "project": lambda: self._step(self.projectors),
        }
        for slot in self.slots:
            slot.start()

    def act(self, number: int) -> None:
        """What a number of a schedule stands for."""
        self.random.seed(number)
        self._act(ACTIONS[number % len(ACTIONS)])

    def come_back(self) -> None:
        for server in (self.servers.store, self.broker, self.servers.search):
            server.away_until = 0.0

    def notice_the_dead(self) -> None:
        for group in self.broker.groups.values():
            for member in [each for each in group.members if not each._process.alive]:
                group.leave(member)

    def write_on(self) -> None:
        """The reference log comes to where senders said that they had seen it."""
        reference = self.recorders["reference"]
        while (reference.max_notification_id() or 0) < MOST_SEEN:
            number = reference.max_notification_id()
            limit = SetLimit(
                command_id=f"limit-{number}", book="EQ-2", kind="gross-notional", amount=Decimal(number or 1)
            )
            send(self._beside(), limit)

    def _beside(self) -> CommandedLogs:
        return CommandedLogs(lambda log: self.recorders[log])

    def _act(self, action: str) -> None:
        self.done.append("  " * self._depth + action)
        self._actions[action]()
        self.senders.listen()

    def _meanwhile(self) -> None:
        if self._depth >= DEEPEST:
            return
        self._depth += 1
        try:
            for _ in range(self.random.randint(1, 12)):
                self._act(self.random.choice(ACTIONS))
        finally:
            self._depth -= 1

    def _step(self, slots: list[Slot] | list[LedgerSlot] | list[GateSlot] | list[ProjectionSlot]) -> None:
        """A round of one of them, to whose n-th call something may happen."""
        slot = self.random.choice(slots)
        if slot.busy:
            return
        if not slot.up:
            slot.start()
            return
        assert slot.process is not None
        if self.random.random() < 0.4:
            is_write = self.random.random() < 0.5
            calls = self.random.randrange(MOST_WRITES if is_write else MOST_CALLS)
            slot.process.plan = Plan(calls, self.random.choice(HOWS), is_write)
            self.done[-1] += f" {slot.name} {slot.process.plan}"
        slot.step()
        if slot.process is not None:
            slot.process.plan = None

    def _order(self) -> None:
        kind = self.random.random()
        book = self.random.choice(BOOKS) if kind < 0.08 else ""
        count = 1 if kind > 0.4 else self.random.randint(2, 5)
        commands = [self._orders.next(self.random, book) for _ in range(count)]
        submissions = [by_key(command) for command in commands]
        self._hand_in(submissions, atomic=bool(book), dry_run=kind > 0.95)

    def _order_again(self) -> None:
        known = [*self.senders.asked.values()]
        if known:
            self._hand_in([self.random.choice(known)])

    def _hand_in(self, submissions: list, *, atomic: bool = False, dry_run: bool = False) -> None:  # type: ignore[type-arg]
        slot = self.random.choice(self.gates)
        if slot.up and not slot.busy:
            process, gate = slot.process, slot.running
            assert process is not None
            slot.do(lambda: self.senders.send(process, gate, submissions, atomic=atomic, dry_run=dry_run))

    def _wait(self) -> None:
        self.clock.sleep(self.random.choice([0.2, 1.0, 1.0, 4.0, 12.0]))

    def _kill(self) -> None:
        process = self.random.choice(self.slots).process
        if process is not None:
            process.die()

    def _start(self) -> None:
        self.notice_the_dead()
        for slot in self.slots:
            if not slot.up and not slot.busy:
                slot.start()

    def _expel(self) -> None:
        """A member was silent for too long, or seemed to be."""
        members = [(group, each) for group in self.broker.groups.values() for each in group.members]
        held = [(group, each) for group, each in members if each._process.held]
        if members:
            group, member = self.random.choice(held or members)
            group.leave(member)

    def _share_out(self) -> None:
        for group in self.broker.groups.values():
            group.share_out(self.random)

    def _away(self) -> None:
        server: Any = self.random.choice([self.servers.store, self.broker, self.servers.search])
        server.away_until = self.clock.now + self.random.choice([0.5, 3.0, 15.0])

    def _lose_a_tail(self) -> None:
        topic = self.random.choice([*TOPICS.partitions(), TOPICS.replies])
        for at in self.broker.partitions_of(topic)[:1]:
            count = len(self.broker.records(at) or [])
            if count:
                self.broker.cut(at, count - self.random.randint(1, min(count, 6)))
                self.senders.remade += topic == TOPICS.commands

    def _lose_a_topic(self) -> None:
        topic = self.random.choice([*TOPICS.partitions(), TOPICS.replies])
        if topic == TOPICS.commands:
            self.senders.remade += 1
            if self.random.random() < 0.5 and topic in self.broker.topics:
                self.broker.delete(topic)
        if topic in self.broker.topics:
            self.broker.make_anew(topic)

    def _break_a_producer(self) -> None:
        if self.broker.producers:
            self.random.choice(self.broker.producers).fail()

    def _write_beside(self) -> None:
        """Another process commits to a log without being its owner, as an import does."""
        submission = by_key(self._orders.next(self.random))
        with suppress(NotRecorded):
            send(self._beside(), submission.command)
            self.senders.written_beside(submission)

    def _published(self, record: Record) -> None:
        """Whatever is published stands in the log, byte for byte."""
        headers = dict(record.headers())
        if "sequence" in headers:
            sequence = int(headers["sequence"])
            found = self.recorders[headers["log"].decode()].select_notifications(sequence, 1)
            assert [(each.id, each.originator_id, each.topic.encode(), each.state) for each in found] == [
                (sequence, (record.key() or b"").decode(), headers["type"], record.value())
            ], f"{headers} was published, and is not in the log"


@contextmanager
def cluster() -> Iterator[Cluster]:
    clock, random = Clock(), Random(0)
    with simulated_time(clock, random):
        yield Cluster(clock, random)


@cache
def _foundation() -> tuple[dict[str, Template], str]:
    """Logs with what every command needs, made once, and the ledger's id."""
    kept: dict[str, Template] = {}
    logs = founded(CommandedLogs(lambda log: kept.setdefault(log, Template()), LEDGERS))
    key = IssueKey(command_id="key", key_id=KEY, name="Tester", digest=digest_of(PEPPER, SECRET), roles=EVERY_ROLE)
    for command in (OTHER_BOOK, key):
        assert isinstance(command, DefineBook | IssueKey)
        send(logs, command)
    return kept, logs.ledger_id
