"""What must hold once everything is mended: nothing lost, doubled, skipped or disordered."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from domain.events import (
    BusinessDateRolled,
    CommandRefused,
    PeriodClosed,
    TransferReceived,
    TransferReturned,
    TransferSent,
)
from domain.outcomes import SYSTEM, Submission
from domain.routing import is_log, log_names
from domain.schema import Recorded, recorded
from infra.kafka.shares import Place
from infra.rebuild import compare
from infra.verification import verify
from projections.fold import DEAD_LETTERS
from projections.registry import PROJECTIONS
from tests.decided import unseen
from tests.feeds import LEDGERS, differing
from tests.naive.facts import facts_of
from tests.naive.positions import NOTHING, positions
from tests.properties.test_second_model import shown
from tests.simulation.broker import Record
from tests.simulation.cluster import TOPICS, Cluster
from tests.simulation.slots import Slot

ENOUGH = 80
LEDGER_LOGS = log_names(LEDGERS)[2:]


def settle(cluster: Cluster) -> None:
    """Nothing fails any more; at first nobody sends anything again, then everyone sends everything again."""
    cluster.random.seed(0)
    cluster.come_back()
    _until(cluster, lambda: _at_rest(cluster))
    require_denied_absent(cluster)
    require_tracked(cluster)
    cluster.write_on()
    _send(cluster, [*cluster.senders.asked.values()])
    _until(cluster, lambda: _all_are_told(cluster) and _at_rest(cluster))


def require_denied_absent(cluster: Cluster) -> None:
    """Who was told that nothing was recorded may send it under another key; unless the topic was made anew under its
    owner, who takes commands of the new one for such of the old until it looks.
    """
    denied = set() if cluster.senders.remade else cluster.senders.denied
    for command_id in denied | cluster.senders.tried:
        assert not _found(cluster, command_id), f"{command_id} is recorded, though its sender was told that it is not"


def require_tracked(cluster: Cluster) -> None:
    """With what a command came to, the log knows that it was taken."""
    for record, ids in _commands(cluster) if not cluster.senders.remade else ():
        if all(cluster.senders.is_sent_once(each) and _found(cluster, each) for each in ids):
            recorder = cluster.recorders[TOPICS.log_of(record.partition())]
            place = Place(cluster.broker.topics[TOPICS.commands].topic_id, record.partition())
            assert (recorder.max_tracking_id(place.tracking) or 0) > (record.offset() or 0), f"{ids} may be taken again"


def require_all(cluster: Cluster) -> None:
    for log, recorder in cluster.recorders.items():
        report = verify(log, recorder)
        assert report.intact, report.findings
        assert unseen(_published(cluster, log)) == _stored(cluster, log), f"{log} is not what was published of it"
    _require_once(cluster)
    _require_turns(cluster)
    _require_carried(cluster)
    _require_read_models(cluster)


def _require_once(cluster: Cluster) -> None:
    """Every command is in one log, in one run of events, where its sender was told; and nothing else is there."""
    places: dict[str, list[tuple[str, int]]] = {}
    for log, recorder in cluster.recorders.items():
        for each in recorder.select_notifications(1, 100_000):
            event = recorded(log, each.id, each).event
            own = event.source == SYSTEM.key_id or is_log(event.source)
            if not own and not event.source.startswith("kafka:"):
                places.setdefault(event.command_id, []).append((log, each.id))
    for command_id in cluster.senders.asked:
        outcome = cluster.senders.told[command_id]
        assert places[command_id] == [(outcome.log, outcome.sequence + n) for n in range(outcome.count)]
    assert {each for each in places if each.startswith("order-")} == cluster.senders.asked.keys()


def _require_turns(cluster: Cluster) -> None:
    """Every ledger log has turned its dates as the reference log has."""
    assert len({str(_turns(cluster, log)) for log in ("reference", *LEDGER_LOGS)}) == 1


def _turns(cluster: Cluster, log: str) -> list[list[Any]]:
    facts = [recorded(log, each.id, each).event for each in cluster.recorders[log].select_notifications(1, 100_000)]
    rolls = [fact.business_date for fact in facts if isinstance(fact, BusinessDateRolled)]
    return [rolls, [fact.through for fact in facts if isinstance(fact, PeriodClosed)]]


def _require_carried(cluster: Cluster) -> None:
    """Every transfer has arrived or come back, once, and nothing else has."""
    for led_to, came in _carried(cluster):
        assert came == led_to


def _carried(cluster: Cluster) -> list[tuple[list[str], list[str]]]:
    """What leads to something in another log, and what has come of that; twice: as it is sent, and as it is refused."""
    facts = [
        recorded(log, each.id, each) for log in LEDGER_LOGS
        for each in cluster.recorders[log].select_notifications(1, 100_000)
    ]
    own = [each for each in facts if each.event.actor == SYSTEM.key_id and is_log(each.event.source)]
    refused = [each for each in own if isinstance(each.event, CommandRefused)]
    sent = [each.id for each in facts if isinstance(each.event, TransferSent)]
    came = [each for each in own if isinstance(each.event, TransferReceived)] + refused
    returned = [each for each in own if isinstance(each.event, TransferReturned)]
    return [(sorted(sent), _causes(came)), (sorted(each.id for each in refused), _causes(returned))]


def _causes(facts: Sequence[Recorded]) -> list[str]:
    return sorted(each.event.causation_id or "" for each in facts)


def _require_read_models(cluster: Cluster) -> None:
    models = _read_models(cluster)
    assert models.scan(DEAD_LETTERS, "") == []
    assert differing(compare(cluster.recorders, models, PROJECTIONS)) == []
    expected: dict[str, Any] = {}
    for log in LEDGER_LOGS:
        stored = cluster.recorders[log].select_notifications(1, 100_000)
        expected |= positions(facts_of((each.topic, each.state) for each in stored))
    found = {each.id: shown(each) for each in models.scan("positions", "")}
    assert found == {key: expected.get(key, NOTHING)._asdict() for key in {*found, *expected}}


def _until(cluster: Cluster, holds: Any) -> None:
    for _ in range(ENOUGH):
        cluster.notice_the_dead()
        for slot in cluster.slots:
            _go_on(slot)
        _mend_what_was_cut(cluster)
        cluster.senders.listen()
        if holds():
            return
        cluster.clock.sleep(0.5)
    raise AssertionError(f"it does not come to its end: {_whats_left(cluster)}")


def _all_are_told(cluster: Cluster) -> bool:
    """Whoever was not told sends again."""
    if untold := cluster.senders.untold():
        if not cluster.senders.waiting:
            _send(cluster, untold)
        return False
    return True


def _send(cluster: Cluster, submissions: Sequence[Submission]) -> None:
    for number, submission in enumerate(submissions):
        slot = cluster.gates[number % len(cluster.gates)]
        if slot.up and slot.process is not None:
            cluster.senders.send(slot.process, slot.running, [submission])


def _go_on(slot: Slot) -> None:
    if slot.process is not None:
        slot.process.plan = None
    if slot.up:
        slot.step()
    else:
        slot.start()


def _mend_what_was_cut(cluster: Cluster) -> None:
    """What operators are told to do: a commands topic that was cut is deleted, and made anew by the workers."""
    for slot in cluster.deciders:
        told = slot.running.trouble.values() if slot.up else ()
        if TOPICS.commands in cluster.broker.topics and any("it was cut; delete it" in each for each in told):
            cluster.broker.delete(TOPICS.commands)
            cluster.senders.remade += 1


def _at_rest(cluster: Cluster) -> bool:
    return not any(_whats_left(cluster).values())


def _whats_left(cluster: Cluster) -> dict[str, Any]:
    logs = [log for log in cluster.recorders if unseen(_published(cluster, log)) != _stored(cluster, log)]
    left: dict[str, Any] = {
        "waiting": [[one.command for one in each.submissions] for each in cluster.senders.waiting],
        "down": [slot.name for slot in cluster.slots if not slot.up],
        "trouble": [slot.running.trouble for slot in (*cluster.deciders, *cluster.projectors)
                    if slot.up and slot.running.trouble],
        "not published": logs, "passed over": _passed_over(cluster),
        "not carried": [led_to for led_to, came in _carried(cluster) if len(came) < len(led_to)],
        "not turned": len({str(_turns(cluster, log)) for log in ("reference", *LEDGER_LOGS)}) > 1,
    }
    if not any(left.values()):
        left["not reflected"] = _behind(cluster)
    return left


def _passed_over(cluster: Cluster) -> list[str]:
    """Every command that stands in the topic is decided, though nobody sends it again."""
    found: list[str] = []
    for record, ids in _commands(cluster):
        # Who claims to have seen too much is told so.
        if not any(cluster.senders.asked[each].command.reference_sequence for each in ids):
            found += [f"{each} at {record.offset()}" for each in ids if not _found(cluster, each)]
    return found


def _commands(cluster: Cluster) -> Iterator[tuple[Record, list[str]]]:
    """The records of the commands topic that are for good, unless it was cut, with the ids of their commands."""
    topic = cluster.broker.topics.get(TOPICS.commands)
    if topic is None or topic.was_cut:
        return
    for record in [each for records in topic.partitions for each in records]:
        if b"dry-run" not in dict(record.headers())["mode"]:
            lines = (record.value() or b"").splitlines()
            yield record, [msgspec.json.decode(line)["command_id"] for line in lines]


def _behind(cluster: Cluster) -> list[str]:
    models = _read_models(cluster)
    return [
        f"{each.name} {log}" for log, recorder in cluster.recorders.items() for each in PROJECTIONS
        if models.reflected(each.name, log) != recorder.max_notification_id()
    ]


def _read_models(cluster: Cluster) -> Any:
    (slot, *_) = [each for each in cluster.projectors if each.up]
    return slot.running._read_models


def _found(cluster: Cluster, command_id: str) -> bool:
    key = ("api", command_id)
    return any(recorder.select_receipts([key]) for recorder in cluster.recorders.values())


def _stored(cluster: Cluster, log: str) -> list[tuple[int, bytes]]:
    return [(each.id, each.state) for each in cluster.recorders[log].select_notifications(1, 100_000)]


def _published(cluster: Cluster, log: str) -> list[tuple[int, bytes]]:
    records = cluster.broker.records(TOPICS.events_of(log)) or []
    return [(int(dict(each.headers())["sequence"]), each.value() or b"") for each in records]
