"""Where a demo runs: apart from every ledger in use, and gone afterwards unless its folder was named."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from api.cli.cluster import bring_up, cluster_of
from api.cli.console import err, fail, warn
from api.cli.opening import EXPECTED, settings_of
from infra.cluster import VARIABLES
from infra.everbook import FOLDER_OF_OWNER, HBASE_MODULE, PEPPER
from infra.secrets import digest_of, secret_in
from infra.settings import Settings

HBASE = VARIABLES["hbase"]
ANSWER = "EVERBOOK_ANSWER_SECONDS"
PATIENCE_SECONDS = "120"


@contextmanager
def embedded(data: Path | None, ledgers: int | None) -> Iterator[Settings]:
    """The settings of a ledger of its own in a folder."""
    set_now = settings_of(None)
    if set_now.kafka_bootstrap:
        raise fail("a demo books made-up trades: --cluster runs it on these servers, under a name of its own")
    stores = (set_now.database_url, set_now.read_database_url, set_now.hbase_url, set_now.elasticsearch_url)
    # A day that was made up must not end up, for ever, in a ledger that is in use.
    if data is None and any(stores):
        raise fail("a demo books made-up trades: name its --data folder to run it on the store that is set")
    with _folder(data) as place, _exported({"EVERBOOK_LEDGERS": str(ledgers)} if ledgers else {}):
        yield settings_of(place)


@contextmanager
def clustered(data: Path | None, ledgers: int | None, *, quiet: bool) -> Iterator[Settings]:
    """The settings of a ledger of its own on the servers that are set, else on those of this machine.

    Servers that did not run are stopped again at the end.
    """
    with _folder(data) as place, _servers(data, quiet) as urls:
        variables = _namespace(place, urls)
        if ledgers:
            variables["EVERBOOK_LEDGERS"] = str(ledgers)
        with _exported(variables):
            try:
                yield settings_of(place)
            finally:
                if data is None:
                    _remove(settings_of(place))
                elif not quiet:
                    _say_where(place, variables)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="everbook-demo-") as made:
        yield Path(made)


@contextmanager
def _servers(data: Path | None, quiet: bool) -> Iterator[Mapping[str, str]]:
    given = {variable: url for variable in VARIABLES.values() if (url := os.environ.get(variable))}
    if missing := [variable for variable in VARIABLES.values() if given and variable not in given]:
        raise fail(f"{', '.join(missing)} is not set: set all of the servers, or none to have them on this machine")
    if given:
        yield given
        return
    cluster = cluster_of(None, data)
    found = [name for name in cluster.servers if cluster.process(name)]
    try:
        bring_up(cluster, quiet)
        yield cluster.environment
    finally:
        if started := [name for name in cluster.servers if name not in found]:
            cluster_of(started, data).down()


def _namespace(place: Path, urls: Mapping[str, str]) -> dict[str, str]:
    """The variables of a ledger whose topics and tables bear a name that belongs to this folder alone."""
    place.mkdir(parents=True, exist_ok=True, mode=FOLDER_OF_OWNER)
    pepper = secret_in(place / PEPPER)
    name = f"demo-{digest_of(pepper, 'namespace')[:8]}"
    return {
        **urls, HBASE: urlsplit(urls[HBASE])._replace(path=f"/{name}").geturl(), "PERSISTENCE_MODULE": HBASE_MODULE,
        "EVERBOOK_KAFKA_PREFIX": name, "EVERBOOK_PEPPER": pepper,
        ANSWER: os.environ.get(ANSWER, PATIENCE_SECONDS),
    }


@contextmanager
def _exported(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment with these, for this process and those it starts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _remove(settings: Settings) -> None:
    from infra.removal import remove_ledger  # noqa: PLC0415

    try:
        remove_ledger(settings)
    except EXPECTED as error:
        warn(
            "left behind", f"what begins with {settings.kafka_prefix} ({error}); docs/operations.md tells how it is "
            "removed, under \"What a demo left behind\""
        )


def _say_where(place: Path, variables: Mapping[str, str]) -> None:
    err.print("The ledger stays. To look at it, while its servers run:")
    for name, value in variables.items():
        if name != ANSWER:
            told = f"$(cat {place / PEPPER})" if name == "EVERBOOK_PEPPER" else value
            err.print(f"export {name}={told}", soft_wrap=True)
