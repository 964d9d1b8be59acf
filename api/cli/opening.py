"""Opening the ledger of a data folder for a command of the command line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from eventsourcing.persistence import InfrastructureFactoryError, PersistenceError
from rich.text import Text

from api.cli.console import err, fail
from domain.admission import NotRecorded, OutcomeUnknown
from domain.ledger import LogBroken
from domain.schema import UnknownEventType
from infra.backup import BadBackup
from infra.checkpoints import BadCheckpoint
from infra.everbook import ADMIN_KEY, Everbook, persistence_module
from infra.logs import OtherLedger
from infra.reflected import ReadModelsAhead
from infra.secrets import ExposedSecret, MissingSecret
from infra.settings import BadSetting, Settings, settings_from
from infra.sql.read_models import OtherReadModels
from infra.stored_logs import require_ledger
from projections.ports import ReadModelsMoved

Data = Annotated[Path | None, typer.Option(help="The data folder; EVERBOOK_DATA, else ./everbook-data")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document, for machines")]
HAND_OVER_SECONDS = 0.0001
EXPECTED = (
    BadSetting, OtherLedger, ExposedSecret, MissingSecret, OtherReadModels, PersistenceError, OSError, ReadModelsAhead,
    BadCheckpoint, BadBackup, LogBroken, UnknownEventType, msgspec.DecodeError, InfrastructureFactoryError, NotRecorded,
    OutcomeUnknown, ReadModelsMoved,
)


def fold_and_write_in_turn() -> None:
    """For a process that folds in one thread and writes in another. Each statement gives up the interpreter's lock, and
    waits for it again while the other folds: by default up to five milliseconds, of which a batch has a hundred.
    """
    sys.setswitchinterval(HAND_OVER_SECONDS)


def settings_of(data: Path | None) -> Settings:
    """The settings of the environment, with the data folder of the command line."""
    try:
        settings = settings_from()
    except BadSetting as error:
        raise fail(str(error)) from error
    _require_lasting(persistence_module())
    return msgspec.structs.replace(settings, data=data) if data else settings


def _require_lasting(module: str) -> None:
    """Every command is a process, and a ledger has several: what is in the memory of one, the others never see."""
    if module == "infra.memory":
        raise fail("PERSISTENCE_MODULE=infra.memory keeps a ledger in the memory of one process, and nothing of it "
                   "afterwards: it is for programs that use the library themselves")


def _of(settings: Settings, adopt_read_models: bool) -> Everbook:
    if not settings.kafka_bootstrap:
        return Everbook(settings, adopt_read_models=adopt_read_models)
    from infra.cluster_everbook import ClusterEverbook  # noqa: PLC0415

    return ClusterEverbook(settings, adopt_read_models=adopt_read_models)


@contextmanager
def everbook(settings: Settings, *, announce: bool = True, adopt_read_models: bool = False) -> Iterator[Everbook]:
    """The ledger, open, and new when there was none; what can be expected to go wrong is said in one line."""
    with expected(), _of(settings, adopt_read_models) as opened:
        if opened.admin_secret and announce:
            kept = f" (shown once; kept in {settings.data / ADMIN_KEY}, mode 0600)"
            err.print(Text.assemble("First start: the admin key is ", (opened.admin_secret, "bold"), kept))
        yield opened


@contextmanager
def existing(settings: Settings, *, adopt_read_models: bool = False) -> Iterator[Everbook]:
    """The ledger, open, for those who only look: a typing error must not make a new one."""
    with expected():
        require_ledger(settings)
    with everbook(settings, adopt_read_models=adopt_read_models) as opened:
        yield opened


@contextmanager
def expected() -> Iterator[None]:
    """What can be expected to go wrong is said in one line."""
    try:
        yield
    except BrokenPipeError:
        # Whoever reads our output has enough of it; the command line's own way out says nothing of that.
        raise
    except EXPECTED as error:
        raise fail(f"{type(error).__name__}: {error}") from error
