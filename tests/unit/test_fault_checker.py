"""The fault campaign's checker finds every kind of damage: each test damages one thing of a ledger that is whole."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from eventsourcing.persistence import Notification

from domain.ports import Receipt
from domain.schema import business_content, content_hash
from faults import checker
from faults.checker import Finding, Key, Published
from faults.journal import Answer, Journal
from infra.verification import Verification
from tests.ledger import logs_in_memory, send
from tests.rules import booking

LOG = "ledger-0"
COUNT = 12


class Whole:
    """A ledger with one booking a request, the answers to them, and its topic."""

    def __init__(self) -> None:
        logs = logs_in_memory()
        commands = [booking(f"T{n}", source="client-0") for n in range(COUNT)]
        outcomes = [send(logs, command)[0] for command in commands]
        self.answers = [
            Answer(
                client="client-0", request=n, place=0, attempts=1, again=False, command_id=outcome.command_id,
                content=content_hash(business_content(command)).hex(), status=outcome.status, log=outcome.log,
                sequence=outcome.sequence, count=outcome.count,
            )
            for n, (command, outcome) in enumerate(zip(commands, outcomes, strict=True))
        ]
        self.logs = {log: list(each.select_notifications(1, 1000)) for log, each in logs.recorders.items()}
        self.receipts = logs.recorders[LOG].select_receipts([each.key for each in self.answers])
        self.topic = [
            Published(each.id, str(each.originator_id), int(each.originator_version or 0), each.topic, each.state)
            for each in self.logs[LOG]
        ]

    def found(self) -> list[Finding]:
        places = checker.places_of(self.logs)
        return [
            *checker.acknowledged(self.answers, places, self.receipts), *checker.order(self.answers),
            *checker.topic(LOG, self.logs[LOG], self.topic),
        ]

    def kinds(self) -> set[str]:
        return {each.kind for each in self.found()}


@pytest.fixture
def whole() -> Whole:
    return Whole()


def test_a_ledger_that_is_whole_has_no_findings(whole: Whole) -> None:
    assert whole.found() == []


def test_sequences_that_come_again_in_a_topic_are_dropped(whole: Whole) -> None:
    whole.topic = [whole.topic[7], *whole.topic[:6], *whole.topic[2:], *whole.topic]
    assert whole.found() == []


def _event_gone(whole: Whole) -> None:
    del whole.logs[LOG][5]


def _event_twice(whole: Whole) -> None:
    again = whole.logs[LOG][5]
    whole.logs[LOG].append(Notification(
        id=COUNT + 2, originator_id=again.originator_id, originator_version=again.originator_version, topic=again.topic,
        state=again.state,
    ))


def _in_another_log(whole: Whole) -> None:
    whole.logs["market"].append(whole.logs[LOG][5])


def _answered_twice(whole: Whole) -> None:
    other = msgspec.structs.replace(whole.answers[3], sequence=whole.answers[4].sequence, request=COUNT, again=True)
    whole.answers.append(other)


def _answered_otherwise(whole: Whole) -> None:
    whole.answers.append(msgspec.structs.replace(whole.answers[3], status="refused", request=COUNT, again=True))


def _no_receipt(whole: Whole) -> None:
    del whole.receipts[whole.answers[3].key]


def _other_receipt(whole: Whole) -> None:
    _alter(whole.receipts, whole.answers[3].key, content=b"another")


def _receipt_elsewhere(whole: Whole) -> None:
    _alter(whole.receipts, whole.answers[3].key, sequence=1)


def _alter(receipts: dict[Key, Receipt], key: Key, **changes: object) -> None:
    receipts[key] = msgspec.structs.replace(receipts[key], **changes)


def _never_written(whole: Whole) -> None:
    whole.answers.append(msgspec.structs.replace(whole.answers[-1], command_id="nowhere", request=COUNT, sequence=99))


def _requests_swapped(whole: Whole) -> None:
    first, second = whole.answers[3:5]
    whole.answers[3:5] = [
        msgspec.structs.replace(first, request=second.request), msgspec.structs.replace(second, request=first.request)
    ]


def _places_swapped(whole: Whole) -> None:
    first, second = whole.answers[3:5]
    whole.answers[3:5] = [
        msgspec.structs.replace(first, request=3, place=1), msgspec.structs.replace(second, request=3, place=0)
    ]


def _record_gone(whole: Whole) -> None:
    del whole.topic[5]


def _tail_gone(whole: Whole) -> None:
    del whole.topic[-2:]


def _records_swapped(whole: Whole) -> None:
    whole.topic[5], whole.topic[6] = whole.topic[6], whole.topic[5]


def _record_altered(whole: Whole) -> None:
    whole.topic[5] = msgspec.structs.replace(whole.topic[5], state=whole.topic[6].state)


def _record_of_nothing(whole: Whole) -> None:
    whole.topic.append(msgspec.structs.replace(whole.topic[5], sequence=COUNT + 2))


@pytest.mark.parametrize(("damage", "kind"), [
    (_event_gone, "lost"), (_event_twice, "doubled"), (_in_another_log, "doubled"), (_answered_twice, "doubled"),
    (_answered_otherwise, "doubled"), (_no_receipt, "lost"), (_receipt_elsewhere, "lost"), (_other_receipt, "altered"),
    (_never_written, "lost"), (_requests_swapped, "reordered"), (_places_swapped, "reordered"),
    (_record_gone, "skipped"), (_tail_gone, "skipped"), (_records_swapped, "reordered"), (_record_altered, "altered"),
    (_record_of_nothing, "doubled"),
])
def test_damage_is_found(whole: Whole, damage: Callable[[Whole], None], kind: str) -> None:
    damage(whole)
    assert kind in whole.kinds()


def test_commands_of_a_request_that_was_posted_again_may_stand_in_any_order(whole: Whole) -> None:
    _places_swapped(whole)
    whole.answers = [msgspec.structs.replace(each, attempts=2) for each in whole.answers]
    assert whole.found() == []


def test_what_a_restore_took_back_may_be_gone_or_there_once_and_not_twice(whole: Whole, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.note(whole.answers)
        journal.restored({LOG: 8})
        assert [each.sequence for each in journal.answers()] == [*range(2, 9)]
        assert [each.sequence for each in journal.forgotten] == [*range(9, COUNT + 2)]
        assert len((tmp_path / "journal").read_bytes().splitlines()) == COUNT + 1
        del whole.logs[LOG][10:]
        assert list(checker.unpromised(journal.forgotten, checker.places_of(whole.logs))) == []
        _in_another_log(whole)
        whole.logs["market"].append(whole.logs[LOG][9])
        (found,) = checker.unpromised(journal.forgotten, checker.places_of(whole.logs))
        assert found.kind == "doubled"


def test_a_read_model_that_differs_and_an_event_put_aside_are_found() -> None:
    found = list(checker.read_models({"cash": ("a", "a"), "journal": ("a", "b")}, ["positions/EQ-1"]))
    assert [each.kind for each in found] == ["skipped", "skipped"]
    assert "journal" in found[0].what
    assert "positions/EQ-1" in found[1].what


def test_what_a_logs_own_tree_does_not_bear_out_is_found() -> None:
    report = Verification(log=LOG, findings=["ledger-0:3: the stored event does not match its leaf hash"])
    assert [each.kind for each in checker.chain(report)] == ["altered"]
