"""``verify``, ``rebuild``, ``backup`` and ``restore``: histories that prove themselves, and come back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api.cli.comparing import compared, show_compared
from api.cli.console import err, fail, out, print_json, progress
from api.cli.opening import EXPECTED, Data, Json, existing, expected, fold_and_write_in_turn, settings_of
from api.cli.stopping import stoppable
from infra.backup import BadBackup, backup, restore
from infra.checkpoints import BadCheckpoint, Checkpoint, Signer, opened, split
from infra.comparison import Compared
from infra.everbook import CHECKPOINT_KEY, SECRETS, data_file, persistence_module
from infra.rebuild import Digests, rebuild
from infra.settings import Settings
from infra.store_settings import variable
from infra.stored_logs import stored_logs
from infra.verification import Verification, verify
from projections.projection import Projection, families
from projections.registry import PROJECTIONS

DAMAGED = 2
CheckpointFile = Annotated[
    Path | None, typer.Option("--checkpoint", exists=True, help="Signed checkpoints that were kept elsewhere")
]


@stoppable()
def verify_logs(
    data: Data = None, checkpoint: CheckpointFile = None, as_json: Json = False,
    read_models: Annotated[bool, typer.Option(help="Also hold every read model against its rebuild")] = False,
) -> None:
    """Holds every stored byte of every log against its tree, and the tree against checkpoints kept elsewhere."""
    settings = settings_of(data)
    reports, told = _verified(settings, checkpoint, as_json)
    unsaid = [each.log for each in reports if checkpoint is not None and each.log not in told]
    intact = all(each.intact for each in reports)
    found: dict[str, Compared] = {}
    if read_models and intact:
        with existing(settings) as ledger:
            found = compared(ledger, as_json)
    differing = sorted(model for model, each in found.items() if each.differs)
    if as_json:
        print_json({
            "logs": reports, "intact": intact, "without_checkpoint": unsaid,
            "differing": differing, "read_models": found,
        })
    else:
        _show(reports)
        show_compared(found)
        for log in unsaid:
            err.print(f"  {checkpoint} has no checkpoint of {log}: only its own tree was held against it")
    if differing or not intact:
        raise typer.Exit(DAMAGED)


@stoppable()
def rebuild_models(
    model: Annotated[str, typer.Argument(help="One read model, with those it belongs together with; else all")] = "",
    data: Data = None, as_json: Json = False,
) -> None:
    """Folds every log into new read models beside the ones in use, compares the two, then serves the new ones."""
    projections = _family(model)
    fold_and_write_in_turn()
    with existing(settings_of(data), adopt_read_models=True) as ledger:
        with progress(as_json) as bar:
            task = bar.add_task("Rebuilding", total=sum(ledger.vector().values()))
            digests = rebuild(
                ledger.logs.recorders, ledger.read_models, projections, lambda count: bar.advance(task, count)
            )
        _show_rebuilt(digests, as_json)


def checkpoint_logs(
    data: Data = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write the signed notes to this file")] = None,
) -> None:
    """Signs the present tree head of every log: keep it where this machine's owner cannot change it."""
    with existing(settings_of(data)) as ledger:
        notes = "\n".join(ledger.signed_checkpoint(log) for log in ledger.names())
    if to is None:
        typer.echo(notes, nl=False)
    else:
        with expected():
            to.write_text(notes)


def backup_events(target: Path, data: Data = None, as_json: Json = False) -> None:
    """Copies the events into an empty folder, while commands go on."""
    settings = _embedded(data)
    if not data_file(settings).exists():
        raise fail(f"{settings.data} holds no embedded ledger")
    try:
        manifest = backup(data_file(settings), target, datetime.now(UTC))
    except EXPECTED as error:
        raise fail(str(error)) from error
    if as_json:
        print_json(manifest)
    else:
        sizes = ", ".join(f"{log} {head.size:,}" for log, head in manifest.logs.items())
        out.print(f"Backed up ledger {manifest.ledger_id}: {sizes}")


def restore_events(
    source: Path, data: Data = None, as_json: Json = False,
    force: Annotated[bool, typer.Option(help="Also over a ledger that is newer, or another")] = False,
) -> None:
    """Brings a backup back once its ledger id, roots and every byte are proven. Nothing may run meanwhile."""
    settings = _embedded(data)
    try:
        manifest = restore(source, settings.data, force=force)
    except BadBackup as error:
        raise fail(str(error), DAMAGED) from error
    except EXPECTED as error:
        raise fail(str(error)) from error
    if as_json:
        print_json(manifest)
    else:
        out.print(f"Restored ledger {manifest.ledger_id}; run everbook rebuild for its read models")
    err.print(f"No backup holds secrets: bring {', '.join(SECRETS)} of this ledger along into {settings.data}")


def _embedded(data: Path | None) -> Settings:
    settings = settings_of(data)
    if (module := persistence_module()) != "infra.sql":
        ways = {"infra.hbase": "snapshot HBase's tables, first the index and then the log"}
        raise fail(f"backup and restore are for the SQLite file of the data folder, and PERSISTENCE_MODULE={module} is "
                   f"set: {ways.get(module, 'use what that store has for it')} (docs/operations.md, Backup)")
    if settings.database_url:
        raise fail("backup and restore are for the SQLite file of the data folder, and EVERBOOK_DATABASE_URL is set: "
                   "use what that database has for it, such as pg_dump (docs/operations.md, Backup)")
    return settings


def _family(model: str) -> tuple[Projection, ...]:
    """The projections to rebuild for a model: those it is made from, and those made from it."""
    if not model:
        return PROJECTIONS
    for family in families(PROJECTIONS):
        if model in {projection.name for projection in family}:
            return family
    raise fail(f"{model!r} is no read model; there are {', '.join(each.name for each in PROJECTIONS)}")


def _show_rebuilt(digests: Digests, as_json: bool) -> None:
    if as_json:
        print_json({
            "digests": {name: rebuilt for name, (_, rebuilt) in digests.items()},
            "before": {name: before or None for name, (before, _) in digests.items()},
        })
        return
    said = {"": "not compared", **{digest: "as before" for digest, rebuilt in digests.values() if digest == rebuilt}}
    for name, (before, rebuilt) in digests.items():
        out.print(f"{name:15} {rebuilt[:16]}… {said.get(before, 'DIFFERENT from before')}")


def _verified(settings: Settings, checkpoint: Path | None, quiet: bool) -> tuple[list[Verification], set[str]]:
    """The logs as they are stored, and of which there are checkpoints: a ledger is not opened, for one that is damaged
    may not open.
    """
    with expected(), stored_logs(settings) as logs, progress(quiet) as bar:
        known = _checkpoints(settings, checkpoint)
        task = bar.add_task("Verifying", total=None)
        found = [
            verify(log, recorder, known, lambda count: bar.advance(task, count)) for log, recorder in logs.items()
        ]
        return found, {each.log for each in known}


def _checkpoints(settings: Settings, path: Path | None) -> list[Checkpoint]:
    if path is None:
        return []
    key, given = settings.data / CHECKPOINT_KEY, settings.checkpoint_key
    if not key.exists() and not given:
        raise BadCheckpoint(
            f"there is no {key}, and no {variable('checkpoint_key')}, by which to know the checkpoints of this ledger"
        )
    signer = Signer.open(key, given) if key.exists() else Signer.of(given)
    if not (notes := split(path.read_text())):
        raise BadCheckpoint(f"{path} holds no checkpoint")
    return [opened(note, signer.public) for note in notes]


def _show(reports: list[Verification]) -> None:
    for report in reports:
        state = ("intact", "green") if report.intact else ("NOT INTACT", "bold red")
        said = f"{report.log}: {report.events:,} events, {report.commits:,} commits, "
        out.print(Text.assemble(said, state, f", root {report.root}"))
        for finding in report.findings:
            err.print(f"  {finding}")
