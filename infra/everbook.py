"""The embedded ledger, put together: stores, owner, read models and keys of one data folder."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, resolve_topic

from domain.batch import Unit
from domain.commands import IssueKey
from domain.outcomes import EVERY_ROLE
from domain.ports import LogRecorder
from domain.reference import ReferenceState
from domain.routing import REFERENCE
from infra.checkpoints import Checkpoint, Signer
from infra.event_source import EventSource, PolledLogs
from infra.gate import Gate, LocalGate
from infra.log_ends import ends, fold_to
from infra.logs import CommandedLogs, submission_of
from infra.owner import Owner
from infra.projection_worker import GATHER_SECONDS, ProjectionWorker
from infra.reflected import wait_until_reflected
from infra.secrets import MissingSecret, digest_of, readable_secret, secret_in
from infra.settings import BadSetting, Settings
from infra.snapshots import SnapshotKeeper
from infra.sql.read_models import SqlReadModels
from infra.store_settings import hbase_environment, variable
from projections.ports import ReadModels, ReadModelStore
from projections.projection import Document, families, families_of
from projections.registry import PROJECTIONS

ADMIN = "admin"
PEPPER, ADMIN_KEY, CHECKPOINT_KEY = "pepper", "admin-key", "checkpoint-key"
SECRETS = (PEPPER, ADMIN_KEY, CHECKPOINT_KEY)
"""The files of a data folder that are in no backup."""
FOLDER_OF_OWNER = 0o700
HBASE_MODULE = "infra.hbase"


class Everbook:
    """Everything of one ledger in this process. ``start`` begins to take commands; closing it leaves nothing behind.

    ``adopt_read_models`` takes over a store of read models that another ledger filled, and forgets what is in it.
    ``admin_secret`` is shown by whoever starts it first; it stays in the file ``admin-key`` of the data folder.
    """

    gather_seconds = GATHER_SECONDS
    left_to_workers_seconds = 0.0

    def __init__(self, settings: Settings, *, adopt_read_models: bool = False) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True, mode=FOLDER_OF_OWNER)
        self._closing = ExitStack()
        with self._closing as opened:
            self._open(settings, adopt_read_models)
            self._closing = opened.pop_all()

    def _open(self, settings: Settings, adopt_read_models: bool) -> None:
        path = settings.data / PEPPER
        known = settings.pepper or (secret_in(path) if path.exists() else "")
        self.snapshots = snapshots = snapshots_of(settings, known, self._closing)
        self.logs = CommandedLogs(self._open_log, settings.ledgers, snapshots)
        self.ledger_id = self.logs.ledger_id
        snapshots.secret = pepper = self._pepper()
        require_pepper_of_keys(settings.data, self.logs.reference, pepper)
        self.signer = Signer.open(settings.data / CHECKPOINT_KEY, settings.checkpoint_key)
        self.admin_secret = ""
        if ADMIN not in self.logs.reference.keys:
            self.admin_secret = self._issue_admin(pepper)
        self.read_models = _open_read_models(settings, self.ledger_id, adopt=adopt_read_models)
        self._closing.callback(self.read_models.close)
        self.owner = Owner(self.logs, batch_limit=settings.batch_limit, queue_limit=settings.queue_limit)
        self.gate: Gate = LocalGate(self.owner, self.logs, pepper)

    def __enter__(self) -> "Everbook":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def start(self) -> None:
        """Begins to take commands."""
        self.owner.start()

    def close(self) -> None:
        self.owner.stop()
        self._closing.close()

    def worker(self) -> ProjectionWorker:
        """A worker for the read models, in this process."""
        return ProjectionWorker(self.logs.recorders, self.read_models, PROJECTIONS)

    def catch_up(self) -> None:
        """Lets the read models reflect what is recorded by now. What comes in meanwhile is not waited for, and what
        workers elsewhere fold is left to them for a moment.
        """
        until, wait_seconds = self.vector(), self.left_to_workers_seconds
        models = [projection.name for projection in PROJECTIONS]
        if wait_seconds and wait_until_reflected(self.read_models, models, until, wait_seconds):
            return
        fold_to(until, self.logs.recorders, self.read_models, PROJECTIONS)

    def following_worker(self, only: Sequence[str] = ()) -> ProjectionWorker:
        """A worker for the families of these models (all without any), on the feed of events that is set."""
        projections = families_of(PROJECTIONS, only)
        group = [] if len(projections) == len(PROJECTIONS) else [family[0].name for family in families(projections)]
        return ProjectionWorker(
            self.logs.recorders, self.read_models, projections, source=self.event_source(group),
            gather_seconds=self.gather_seconds,
        )

    def vector(self) -> dict[str, int]:
        """The last sequence of every log."""
        return ends(self.logs.recorders)

    def names(self) -> Sequence[str]:
        return tuple(self.logs.recorders)

    def recorder(self, log: str) -> LogRecorder:
        return self.logs.recorders[log]

    def fences(self) -> Mapping[str, int]:
        return self.logs.fences()

    def stores(self) -> tuple[str, str]:
        """What keeps the events, and what the read models: as an operator knows it, with the setting that names it."""
        on_hbase = persistence_module() == HBASE_MODULE
        events = ("HBase", "hbase_url") if on_hbase else ("the database of events", "database_url")
        in_elasticsearch = bool(self.settings.elasticsearch_url)
        read = ("Elasticsearch", "elasticsearch_url") if in_elasticsearch else ("their database", "read_database_url")
        return f"{events[0]} ({variable(events[1])})", f"{read[0]} ({variable(read[1])})"

    def checkpoint(self, log: str) -> Checkpoint:
        """The present tree head of a log."""
        last = self.recorder(log).last_commit()
        assert last is not None, "every log begins with its opening"
        return Checkpoint(f"everbook/{self.ledger_id}/{log}", last.tree_size, last.root)

    def signed_checkpoint(self, log: str) -> str:
        return self.signer.sign(self.checkpoint(log))

    def verifier_key(self, log: str) -> str:
        return self.signer.verifier(f"everbook/{self.ledger_id}/{log}")

    def event_source(self, group: Sequence[str]) -> EventSource:  # noqa: ARG002
        """Where a worker of the families that ``group`` names (all without any) takes its events from."""
        return PolledLogs(self.logs.recorders)

    def _pepper(self) -> str:
        """What keys are hashed with. Another one than they were issued with would lock out every key.

        Raises:
            MissingSecret: when keys were issued with one that is not here.
        """
        path = self.settings.data / PEPPER
        if not self.settings.pepper and not path.exists() and self.logs.reference.keys:
            raise MissingSecret(
                f"{path} is not there, which the keys of this ledger were issued with: bring it along from where it "
                "was in, or set EVERBOOK_PEPPER (a new one makes every key issued so far void)"
            )
        return self.settings.pepper or secret_in(path)

    def _open_log(self, log: str) -> LogRecorder:
        factory = factory_of(log, self.settings)
        self._closing.callback(factory.close)
        recorder: Any = factory.process_recorder()
        return recorder  # type: ignore[no-any-return]

    def _issue_admin(self, pepper: str) -> str:
        file = self.settings.data / ADMIN_KEY
        is_new = not file.exists()
        secret = secret_in(file)
        command = IssueKey(
            source="everbook", command_id="first-admin-key", key_id=ADMIN, name="First administrator",
            digest=digest_of(pepper, secret), roles=EVERY_ROLE,
        )
        (outcome,) = self.logs.commit(REFERENCE, [Unit((submission_of(command),))])
        if outcome.status == "accepted":
            return secret
        # A process with another data folder was first: the secret is there.
        if is_new or command.digest not in self.logs.reference.digests:
            file.unlink()
        return ""


def require_pepper_of_keys(data: Path, reference: ReferenceState, pepper: str) -> bool:
    """Whether the administrator's key that is kept here is known by its digest, so that the pepper is right.

    Raises:
        MissingSecret: when it was issued with another pepper, as every key was then.
    """
    file = data / ADMIN_KEY
    secret = readable_secret(file)
    if ADMIN not in reference.principals or not secret:
        return False
    if digest_of(pepper, secret) not in reference.digests:
        raise MissingSecret(
            f"the keys of this ledger were issued with another pepper, or {file} is not of this ledger: bring both "
            f"along from where they were, {PEPPER} in the data folder or in EVERBOOK_PEPPER"
        )
    return True


def factory_of(log: str, settings: Settings, *, create: bool = True) -> InfrastructureFactory[Any]:
    """Each log is an application of the library, in whichever persistence module is set.

    Raises:
        BadSetting: when an HBase is set that would not be used.
    """
    module = persistence_module()
    if settings.hbase_url and module != HBASE_MODULE:
        raise BadSetting(
            f"{variable('hbase_url')} is set, and PERSISTENCE_MODULE={module} would keep the events elsewhere: set "
            f"PERSISTENCE_MODULE={HBASE_MODULE}, or unset the other"
        )
    return InfrastructureFactory.construct(Environment(log, {
        "PERSISTENCE_MODULE": module,
        "EVERBOOK_DATABASE_URL": settings.events_url, **hbase_environment(settings),
        "CREATE_TABLE": "yes" if create else "no",
    }))


def snapshots_of(settings: Settings, secret: str, closing: ExitStack) -> SnapshotKeeper:
    """The snapshots of every log, in the store of the logs."""
    factory: Any = factory_of("snapshots", settings)
    closing.callback(factory.close)
    keeper = SnapshotKeeper(factory.snapshots(), secret, settings.snapshot_events)
    closing.callback(keeper.close)
    return keeper


def persistence_module() -> str:
    """What keeps the events."""
    return os.environ.get("PERSISTENCE_MODULE", "infra.sql")


class LocalReads:
    """``api.ports.Reads`` on the read models of this machine."""

    def __init__(self, read_models: ReadModels) -> None:
        self._read_models = read_models

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]:
        return self._read_models.get_many(model, ids)

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        return self._read_models.scan(model, prefix)

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Document]:
        return self._read_models.select(model, where=where, after=after, limit=limit, prefix=prefix, shape=shape)

    def reflected(self, model: str, log: str) -> int:
        return self._read_models.reflected(model, log)

    def wait(self, models: Sequence[str], vector: Mapping[str, int], timeout_seconds: float) -> bool:
        return wait_until_reflected(self._read_models, models, vector, timeout_seconds)


def _open_read_models(settings: Settings, ledger_id: str, *, adopt: bool) -> ReadModelStore:
    if not settings.elasticsearch_url:
        return SqlReadModels.open(settings.read_models_url, PROJECTIONS, ledger_id, adopt=adopt)
    # Indices bear the id of their ledger, so there are none of another's to adopt.
    # By name, since its client is installed with the cluster's extra alone.
    read_models: Any = resolve_topic("infra.elasticsearch.read_models:ElasticsearchReadModels")
    return read_models.of(settings, PROJECTIONS, ledger_id)  # type: ignore[no-any-return]


def data_file(settings: Settings) -> Path:
    """The events file of an embedded ledger."""
    return settings.data / "events.db"
