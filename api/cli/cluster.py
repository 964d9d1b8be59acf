"""``cluster``: Kafka, HBase and Elasticsearch on this machine."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.console import err, fail, print_json, progress, table
from api.cli.opening import Data, Json, settings_of
from infra.cluster import SERVERS, Cluster, ClusterFailed, Stage
from infra.cluster.logs import log_lines
from infra.cluster.starting import LOG
from infra.everbook import HBASE_MODULE

app = typer.Typer(help="Kafka, HBase and Elasticsearch on this machine, for who has none.", no_args_is_help=True)
FOLDER = "cluster"
Names = Annotated[list[str] | None, typer.Argument(metavar="SERVER", help=f"Of {', '.join(SERVERS)}; else all")]
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Else the one before, else a free one")]


@app.command("up")
def up(
    servers: Names = None, *, data: Data = None, kafka_port: Port = None, hbase_port: Port = None,
    elasticsearch_port: Port = None, as_json: Json = False,
) -> None:
    """Starts what does not run, waits until it answers, and prints the settings to use it with.

    The first time it downloads the servers. They listen on loopback only and outlive this command. They keep what
    they acknowledged through a crash of theirs, not through a loss of power.
    """
    asked = {"kafka": kafka_port, "hbase": hbase_port, "elasticsearch": elasticsearch_port}
    cluster = cluster_of(servers, data, {name: port for name, port in asked.items() if port})
    started = bring_up(cluster, as_json)
    if as_json:
        print_json({"started": started, "endpoints": cluster.endpoints, "environment": _environment(cluster)})
        return
    if not started:
        err.print("All of them were running already")
    for variable, value in _environment(cluster).items():
        typer.echo(f"export {variable}={value}")


@app.command("down")
def down(servers: Names = None, data: Data = None, as_json: Json = False) -> None:
    """Stops what runs; the data stays."""
    cluster = cluster_of(servers, data)
    try:
        with progress(as_json) as bar:
            bar.add_task("Stopping", total=None)
            stopped = cluster.down()
    except (ClusterFailed, OSError) as error:
        raise fail(str(error)) from error
    if as_json:
        print_json({"stopped": stopped})
    else:
        err.print(f"Stopped {', '.join(stopped)}" if stopped else "None of them was running")


@app.command("status")
def status(servers: Names = None, data: Data = None, as_json: Json = False) -> None:
    """What runs, where, and whether it answers: running, silent (no answer), dead (ended by itself) or stopped."""
    try:
        known = cluster_of(servers, data).status()
    except ClusterFailed as error:
        raise fail(str(error)) from error
    if as_json:
        print_json({each.server: msgspec.structs.asdict(each) for each in known})
        return
    columns = ("name", "version", "state", "pid", "port", "memory MB", "data folder", "trouble")
    table("Cluster", columns, [
        (each.server, each.version, each.state, each.pid, each.port, each.memory_mb, each.folder, each.trouble)
        for each in known
    ])


@app.command("logs")
def logs(
    servers: Names = None, data: Data = None,
    lines: Annotated[int, typer.Option(min=0, help="How many of the last lines")] = 50,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is added, until interrupted")] = False,
) -> None:
    """The end of the servers' logs."""
    cluster = cluster_of(servers, data)
    files = {name: cluster.data / name / LOG for name in cluster.servers}
    if not any(file.exists() for file in files.values()):
        raise fail(f"{cluster.data} has no logs: nothing was started there")
    with suppress(KeyboardInterrupt):
        for name, line in log_lines(files, lines, follow=follow):
            typer.echo(line if len(files) == 1 else f"{name:13} {line}")


def bring_up(cluster: Cluster, quiet: bool) -> list[str]:
    """Starts what does not run, with a bar for each server; the names of the started."""
    try:
        with progress(quiet) as bar:
            tasks = {name: bar.add_task(name, total=int(Stage.READY)) for name in cluster.servers}
            return cluster.up(
                lambda name, stage, words: bar.update(tasks[name], completed=int(stage), description=f"{name} {words}")
            )
    except (ClusterFailed, OSError) as error:
        raise fail(str(error)) from error


def cluster_of(servers: list[str] | None, data: Path | None, ports: dict[str, int] | None = None) -> Cluster:
    """Servers of a data folder, all of them unless they are named."""
    folder = settings_of(data).data
    try:
        return Cluster(folder / FOLDER, servers or SERVERS, ports=ports)
    except ClusterFailed as error:
        raise fail(str(error)) from error


def _environment(cluster: Cluster) -> dict[str, str]:
    """The settings with which Everbook uses these servers, HBase for its events."""
    module = {"PERSISTENCE_MODULE": HBASE_MODULE} if "hbase" in cluster.endpoints else {}
    return {**cluster.environment, **module}
