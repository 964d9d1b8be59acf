"""A process of a cluster with another pepper than the ledger's refuses to work, rather than to refuse every command."""

import threading
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from infra.cluster_everbook import ClusterEverbook, ledger_worker
from infra.everbook import ADMIN
from infra.pepper import PepperProof
from infra.secrets import MissingSecret
from infra.settings import Settings
from tests.decided import by_key, wait_until
from tests.rules import FOUNDATION

WRONG = "another pepper"


@pytest.fixture
def right(kafka: str, tmp_path: Path) -> Settings:
    """The settings of a ledger whose stores are not in the data folder, as those of a cluster are not."""
    return Settings(
        data=tmp_path / "first", database_url=f"sqlite:///{tmp_path / 'events.db'}", kafka_bootstrap=kafka,
        read_database_url=f"sqlite:///{tmp_path / 'read-models.db'}", kafka_prefix=f"t{uuid4().hex[:12]}",
        kafka_replication=1, pepper="the pepper",
    )


def elsewhere(settings: Settings, pepper: str) -> Settings:
    """Of a process on another machine, which has no key of the administrator."""
    return msgspec.structs.replace(settings, data=settings.data.parent / f"other-{uuid4().hex}", pepper=pepper)


def test_no_process_starts_with_another_pepper_wherever_its_data_folder_is(right: Settings) -> None:
    ClusterEverbook(right).close()
    for wrong in (elsewhere(right, WRONG), msgspec.structs.replace(right, pepper=WRONG)):
        with pytest.raises(MissingSecret, match="issued with another pepper"), ledger_worker(wrong, lambda _logs: None):
            pass
        with pytest.raises(MissingSecret, match="issued with another pepper"):
            ClusterEverbook(wrong)
    with ledger_worker(elsewhere(right, right.pepper), lambda _logs: None) as worker:
        assert worker.trouble == {}
    ClusterEverbook(elsewhere(right, right.pepper)).close()


def test_a_worker_that_began_before_the_ledger_had_its_pepper_ends_and_records_nothing(right: Settings) -> None:
    ended: list[BaseException] = []
    with ledger_worker(elsewhere(right, WRONG), lambda _logs: None) as worker:
        def run() -> None:
            try:
                worker.run()
            except MissingSecret as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: len(worker.owned()) == 3)
        with ClusterEverbook(right) as opened:
            opened.start()
            before = opened.vector()
            opened.gate.submit([by_key(FOUNDATION[0], ADMIN)])
            thread.join(60)
            assert opened.vector() == before
    assert [type(error) for error in ended] == [MissingSecret]


def test_what_an_earlier_ledger_left_says_nothing_of_this_one(right: Settings) -> None:
    with ClusterEverbook(right) as opened:
        PepperProof(opened.snapshots.store, "an earlier ledger").keep(WRONG)
    with ClusterEverbook(elsewhere(right, right.pepper)) as opened:
        PepperProof(opened.snapshots.store, opened.ledger_id).require("any")
