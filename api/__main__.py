"""The command line: ``everbook``."""

from collections.abc import Callable
from typing import Any

import typer

from api.cli import (
    benchmarking,
    changing,
    cluster,
    demo,
    earning,
    generating,
    importing,
    keys,
    proving,
    reads,
    reconciling,
    regimes,
    replaying,
    serving,
    travelling,
    working,
)
from api.cli.garbage import Survivors

app = typer.Typer(
    name="everbook", help="A trade ledger: book, prove, explain.", no_args_is_help=True, pretty_exceptions_enable=False
)
MAIN: tuple[Callable[..., Any], ...] = (
    demo.demo, serving.serve, generating.generate, regimes.regimes, benchmarking.bench
)
READS: tuple[Callable[..., Any], ...] = (
    reads.trades, reads.positions, travelling.explain, changing.diff, reads.cash, reads.journal,
    travelling.trial_balance, earning.pnl, reads.risk, reads.alerts, reads.audit, reads.settlements, reads.transfers,
    reconciling.reconcile, replaying.replay
)
for main_command in MAIN:
    app.command()(main_command)
for read in READS:
    app.command(rich_help_panel="Reads")(read)
for name, proof in (("verify", proving.verify_logs), ("rebuild", proving.rebuild_models),
                    ("checkpoint", proving.checkpoint_logs), ("backup", proving.backup_events),
                    ("restore", proving.restore_events)):
    app.command(name, rich_help_panel="Proof and safety")(proof)
app.command("import")(importing.import_file)
app.add_typer(keys.app, name="keys")
app.add_typer(cluster.app, name="cluster")
app.add_typer(working.app, name="work")


def main() -> None:
    Survivors().keep()
    app()


if __name__ == "__main__":
    main()
