"""Reads: what the read models say, as tables or JSON."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer

from api.audit_search import AuditSearch
from api.cli import travelling
from api.cli.console import cents, err, fail, print_json, sound, table
from api.cli.opening import Data, Json, existing, settings_of
from api.cli.travelling import KnownAt, ValidAt
from api.paging import pages
from api.problems import Problem
from api.replaying import moment
from api.settled import settlements_as_of
from domain.money import exact
from infra.everbook import Everbook
from projections.ageing import AGED, Calendars, business_date, business_days_open
from projections.risk import exposures
from projections.settlements import OPEN
from projections.transfers import in_transit
from projections.valuation import QUOTED, Marks, value

MOST = 1_000_000_000
Book = Annotated[str | None, typer.Option(help="Only this book")]
Most = Annotated[int, typer.Option("--limit", min=-1, max=MOST, help="How many at most; -1: all")]


def trades(data: Data = None, book: Book = None, limit: Most = 50, as_json: Json = False) -> None:
    """Trades with their status."""
    with existing(settings_of(data)) as ledger:
        found = select(ledger, "trades", book, limit)
    show(found, as_json, "Trades", ("book", "trade", "status", "instrument", "quantity", "price", "due"), (
        (each.book, each.trade_id, each.status, each.instrument, each.state.terms.quantity, each.state.terms.price,
         each.due_on) for each in found
    ), limit=limit)


def positions(
    *, data: Data = None, book: Book = None, limit: Most = 200, valid_at: ValidAt = None, known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Positions at the latest marks, or as of an instant."""
    if valid_at is not None or known_at is not None:
        travelling.positions(settings_of(data), book, limit, valid_at, known_at, as_json=as_json)
        return
    with existing(settings_of(data)) as ledger, exact():
        found = select(ledger, "positions", book, limit)
        marks = latest_marks(ledger)
        valued = [value(each, marks) for each in found]
    show(valued, as_json, "Positions", ("book", "instrument", "quantity", "cost", "mark", "unrealised", "realised"), (
        (each.book, each.instrument, each.quantity, each.cost, each.mark, each.unrealised, each.realised)
        for each in valued
    ), limit=limit)


def cash(
    *, data: Data = None, book: Book = None, valid_at: ValidAt = None, known_at: KnownAt = None, as_json: Json = False
) -> None:
    """Cash by book and currency, now or as of an instant."""
    if valid_at is not None or known_at is not None:
        travelling.cash(settings_of(data), book, valid_at, known_at, as_json=as_json)
        return
    with existing(settings_of(data)) as ledger, exact():
        found = select(ledger, "cash", book, -1)
        lines = [(each.book, each.currency, each.settled, each.receivable, each.payable, each.total) for each in found]
    show(found, as_json, "Cash", ("book", "currency", "settled", "receivable", "payable", "total"), lines)


def journal(
    *, data: Data = None, book: Book = None, limit: Most = 20, valid_at: ValidAt = None, known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Journal entries, posting by posting: all, or those recorded by an instant of what had happened by then."""
    with existing(settings_of(data)) as ledger:
        if valid_at is None and known_at is None:
            found = select(ledger, "journal", book, limit)
        else:
            found = travelling.journal(ledger, book, limit, valid_at, known_at)
    show(found, as_json, "Journal", ("book", "trade", "type", "account", "asset", "quantity"), (
        (each.book, each.trade_id, each.type, posting.account, posting.asset, posting.quantity)
        for each in found for posting in each.postings
    ), limit=limit)


def settlements(
    *, data: Data = None, book: Book = None,
    every: Annotated[bool, typer.Option("--all", help="What has settled too")] = False, limit: Most = 200,
    valid_at: ValidAt = None, known_at: KnownAt = None, as_json: Json = False,
) -> None:
    """What is to be delivered and paid, now or as of an instant, and for how many business days it has been due."""
    with existing(settings_of(data)) as ledger, exact():
        ledger.catch_up()
        entries = sound(ledger.read_models.select("reference", where={"kind": AGED}, limit=-1))
        calendars, today = Calendars(entries), business_date(entries)
        if valid_at is None and known_at is None:
            where: dict[str, Any] = ({} if every else {"status": OPEN}) | ({"book": book} if book else {})
            found = sound(ledger.read_models.select("settlements", where=where, limit=limit))
        else:
            asked = travelling.journey_of(ledger, [book] if book else None, valid_at, known_at)
            today = asked.valid_at.date() if asked.valid_at else today
            then = settlements_as_of(
                ledger.read_models, ledger.logs.recorders, sound, asked, book=book
            )
            found = list(islice((each for each in then if every or each.is_open), limit if limit >= 0 else None))
        aged = [business_days_open(each, today, calendars) for each in found]
        lines = [
            (each.book, each.trade_id, each.leg, each.status, each.due_on, days or None, each.open_quantity,
             each.asset, each.open_amount, each.currency) for each, days in zip(found, aged, strict=True)
        ]
    columns = ("book", "trade", "leg", "status", "due", "days over", "open", "asset", "amount", "currency")
    show(found, as_json, "Settlements", columns, lines, limit=limit)


def risk(data: Data = None, by: Annotated[str, typer.Option(help="book, desk, counterparty, issuer …")] = "book",
         as_json: Json = False) -> None:
    """Exposure in the base currency."""
    if by not in {"book", "desk", "entity", "counterparty", "issuer", "currency", "instrument"}:
        raise typer.BadParameter("--by is book, desk, entity, counterparty, issuer, currency or instrument")
    with existing(settings_of(data)) as ledger, exact():
        positions, documents = (select(ledger, model, None, -1) for model in ("positions", "exposure"))
        lines = exposures(positions, documents, latest_marks(ledger), by)
    columns = ("name", "currency", "long", "short", "net", "dealt", "unsettled", "reserved")
    show(lines, as_json, "Exposure", columns, (
        (each.name, each.base_currency,
         *map(cents, (each.long, each.short, each.net, each.dealt, each.unsettled, each.reserved)))
        for each in lines
    ))


def alerts(data: Data = None, book: Book = None, limit: Most = 50, as_json: Json = False) -> None:
    """Alerts, with what they rest on."""
    with existing(settings_of(data)) as ledger:
        found = select(ledger, "alerts", book, limit)
    show(found, as_json, "Alerts", ("book", "kind", "severity", "trades", "evidence"), (
        (each.book, each.kind, each.severity, " ".join(each.trades),
         ", ".join(f"{name} {text}" for name, text in each.evidence.items())) for each in found
    ), limit=limit)


def audit(
    *, data: Data = None, book: Book = None,
    since: Annotated[str | None, typer.Option("--from", help="Recorded at or after, RFC 3339")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Recorded before, RFC 3339")] = None,
    text: Annotated[str | None, typer.Option("--search", help="In the stream, command id, actor, code, detail")] = None,
    limit: Most = 50, as_json: Json = False,
) -> None:
    """Every event: who, when, what, why."""
    try:
        search = AuditSearch(start=moment(since, "--from"), end=moment(to, "--to"), text=text)
    except Problem as problem:
        raise fail(problem.detail) from problem
    with existing(settings_of(data)) as ledger:
        ledger.catch_up()
        every = pages(ledger.read_models, "audit", where={"book": book} if book else None)
        matching = (entry for page in every for entry in sound(page) if search.finds(entry))
        found = list(islice(matching, limit if limit >= 0 else None))
    show(found, as_json, "Audit", ("event", "recorded", "actor", "kind", "stream", "why"), (
        (each.event, f"{each.recorded_at:%Y-%m-%d %H:%M:%S}", each.actor, each.type, each.stream,
         each.detail or each.reason) for each in found
    ), limit=limit)


def transfers(
    data: Data = None, book: Book = None,
    every: Annotated[bool, typer.Option("--all", help="Those that have arrived or come back too")] = False,
    limit: Most = 50, as_json: Json = False,
) -> None:
    """Positions on their way from one book to another."""
    with existing(settings_of(data)) as ledger:
        found = select(ledger, "transfers", book, limit) if every else _in_transit(ledger, book, limit)
    show(found, as_json, "Transfers" if every else "In transit",
         ("transfer", "status", "book", "other", "instrument", "quantity", "cost", "why"), (
        (each.transfer_id, each.status, each.book, each.other_book, each.instrument, each.quantity, each.cost,
         each.detail) for each in found
    ), limit=limit)


def _in_transit(ledger: Everbook, book: str | None, limit: int) -> list[Any]:
    """Page by page, for most of what was ever sent has arrived."""
    ledger.catch_up()
    where = {"status": "sent"} | ({"book": book} if book else {})
    sent = pages(ledger.read_models, "transfers", where=where)
    waiting = (each for page in sent for each in in_transit(sound(page), ledger.read_models.get_many))
    return list(islice(waiting, limit if limit >= 0 else None))


def select(ledger: Everbook, model: str, book: str | None, limit: int) -> list[Any]:
    """Documents that reflect everything recorded so far."""
    ledger.catch_up()
    return sound(ledger.read_models.select(model, where={"book": book} if book else None, limit=limit))


def latest_marks(ledger: Everbook) -> Marks:
    """The latest prices and rates."""
    return Marks(sound(ledger.read_models.select("reference", where={"kind": QUOTED}, limit=-1)))


def show(
    found: Sequence[msgspec.Struct], as_json: bool, title: str, columns: Sequence[str],
    lines: Iterable[Sequence[object]], *, limit: int = -1,
) -> None:
    """What was found, as JSON or as a table; there may be more where there are as many as ``limit``."""
    if as_json:
        print_json(list(found))
    else:
        table(title, columns, lines)
    if len(found) == limit:
        err.print(f"The first {limit:,}: --limit says how many, -1 all of them")
