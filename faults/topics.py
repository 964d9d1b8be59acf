"""Kafka loses what it had: topics made anew under load."""

from collections.abc import Sequence

from domain.routing import REFERENCE
from faults.rig import LEDGER_LOGS, Rig
from infra.kafka.topics import topic_id_of


def commands_topic_anew(rig: Rig) -> str:
    """The commands topic is deleted with all that waits in it, and made anew."""
    make_anew(rig, [rig.evidence.topics.commands])
    return rig.evidence.topics.commands


def events_topic_anew(rig: Rig) -> str:
    """A topic of events is deleted with all that it held, and made anew."""
    name, _ = rig.evidence.topics.events_of(rig.chance.choice([*LEDGER_LOGS, REFERENCE]))
    make_anew(rig, [name])
    return name


def make_anew(rig: Rig, names: Sequence[str]) -> None:
    """Deletes topics, and brings them back empty."""
    admin = rig.evidence.connection.admin()
    before = {name: topic_id_of(admin, name) for name in names}
    for deleted in admin.delete_topics(list(names)).values():
        deleted.result()
    # Whichever process sees first that one is missing may make it.
    rig.until(lambda: all(topic_id_of(admin, name) != before[name] for name in names), f"{', '.join(names)} are gone")
    rig.ensure_topics()
