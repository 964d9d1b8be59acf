"""``keys``: issuing, listing and revoking API keys."""

from typing import Annotated

import typer

from api.cli.console import err, fail, print_json, table
from api.cli.opening import Data, Json, everbook, existing, settings_of
from api.cli.posting import submission
from domain.commands import AnyCommand, IssueKey, RevokeKey
from domain.commands.reference import Role
from domain.outcomes import Outcome
from domain.schema import MalformedCommand, business_content, decode_command
from infra.everbook import ADMIN, Everbook
from infra.secrets import new_secret

app = typer.Typer(help="API keys: who may do what, for which books.", no_args_is_help=True)
SOURCE = "command-line"


@app.command("issue")
def issue(
    key_id: str, *, data: Data = None, role: Annotated[list[str], typer.Option(help="May be given several times")],
    name: Annotated[str | None, typer.Option(help="Who it is for")] = None,
    book: Annotated[list[str] | None, typer.Option(help="Only these books; all when none is given")] = None,
    as_json: Json = False,
) -> None:
    """Issues a key; the secret is shown once and kept nowhere."""
    secret = new_secret()
    roles: tuple[Role, ...] = tuple(role)  # type: ignore[arg-type]
    with everbook(settings_of(data)) as ledger:
        _require_unused(ledger, key_id)
        _commanded(ledger, IssueKey(
            command_id=f"issue-{key_id}", source=SOURCE, key_id=key_id, name=name or key_id, roles=roles,
            digest=ledger.gate.digest_of(secret), books=tuple(book or ()),
        ))
    if as_json:
        print_json({"key_id": key_id, "secret": secret})
    else:
        err.print(f"The secret of {key_id}, shown once:")
        typer.echo(secret)


@app.command("revoke")
def revoke(key_id: str, data: Data = None) -> None:
    """Revokes a key at once, for ever."""
    with existing(settings_of(data)) as ledger:
        _commanded(ledger, RevokeKey(command_id=f"revoke-{key_id}", source=SOURCE, key_id=key_id))
    err.print(f"{key_id} is revoked")


@app.command("list")
def list_keys(data: Data = None, as_json: Json = False) -> None:
    """Lists the keys in force."""
    with existing(settings_of(data)) as ledger:
        principals = list(ledger.logs.reference.principals.values())
    if as_json:
        print_json(principals)
        return
    table("Keys", ("name", "kind", "book"), [
        (each.key_id, ", ".join(each.roles), ", ".join(each.books) or "all") for each in principals
    ])


def _require_unused(ledger: Everbook, key_id: str) -> None:
    if key_id in ledger.logs.reference.keys:
        state = "in force" if key_id in ledger.logs.reference.principals else "revoked for ever"
        raise fail(f"the key {key_id} is {state}: issue one of another name")


def _commanded(ledger: Everbook, command: AnyCommand) -> Outcome:
    """What a command comes to. What was typed is held against its shape first: the log would not be read again."""
    try:
        decode_command(business_content(command))
    except MalformedCommand as error:
        raise fail(f"{error.field}: {error.detail}") from error
    ledger.start()
    (outcome,) = ledger.gate.submit([submission(command, ADMIN)]).result()
    if outcome.status == "refused" or outcome.repeated:
        raise fail(outcome.detail or f"{outcome.command_id} was done before")
    return outcome
