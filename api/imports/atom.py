"""``atom``: the trace of the ATOM market simulator, whose every fixed price is a fill between two agents."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.imports.lines import Line, UnreadableFile, broken, byte_lines, held, text_lines
from domain.commands import (
    AnyCommand,
    BookTrade,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EquityTerms,
    RecordPrice,
)
from domain.identifiers import isin_of, lei_of

SOURCE = "atom"
HEADER_LINES = 6
FIRST_WORDS = "Order;obname;"
OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)
CENTS = Decimal(100)
CURRENCY, DESK, ENTITY, CALENDAR, TRADER = "USD", "ATOM", "ATOM-MARKET", "ATOM", "atom-agents"
PRICE_FIELDS = 11
_PRICE, _QUANTITY = re.compile(r"-?[0-9]{1,18}\Z"), re.compile(r"[0-9]{1,18}\Z")


def read_atom(path: Path) -> Iterator[Line]:
    """First what the trace refers to (agents are books, order books are instruments), then two trades a fill.

    A price is in cents of a dollar. There is no clock, so each line is a microsecond after the one before.

    Raises:
        UnreadableFile: when it does not begin as a trace.
    """
    run = _hash_of(path)
    yield from (held(number, command) for number, command in _world(path, run))
    closing: dict[str, tuple[int, str]] = {}
    for number, line in _trace(path):
        fields = line.split(";")
        if fields[0] == "Price":
            yield from _fill(number, fields, run)
        elif fields[0] == "Day" and len(fields) > 4:
            closing[fields[2]] = (number, fields[4])
    for name, (number, cents) in closing.items():
        if not _PRICE.match(cents):
            yield broken(number, "a closing price is an integer", "Day")
            continue
        yield held(number, RecordPrice(
            command_id=f"{run}-close-{name}", source=SOURCE, instrument=name, price=Decimal(cents) / CENTS,
        ))


def closing_of(path: Path) -> tuple[dict[str, Decimal], dict[tuple[str, str], Decimal]]:
    """The simulator's own closing cash by agent, and holdings by agent and order book, from its last Agent lines."""
    cash: dict[str, Decimal] = {}
    holdings: dict[tuple[str, str], Decimal] = {}
    for _, line in _trace(path):
        fields = line.split(";")
        if fields[0] == "Agent":
            cash[fields[1]] = Decimal(fields[2]) / CENTS
            holdings[fields[1], fields[3]] = Decimal(fields[4])
    return cash, holdings


def _trace(path: Path) -> Iterator[tuple[int, str]]:
    begun = False
    for number, line in enumerate(text_lines(path), 1):
        if not begun and not line.startswith(FIRST_WORDS):
            break
        begun = True
        if number > HEADER_LINES:
            yield number, line
    if not begun:
        raise UnreadableFile(1, f"a trace of ATOM begins with {FIRST_WORDS}…")


def _fill(number: int, fields: list[str], run: str) -> Iterator[Line]:
    if len(fields) < PRICE_FIELDS:
        yield broken(number, f"a Price line has {PRICE_FIELDS} fields, this one {len(fields)}", "Price")
        return
    _, name, cents, quantity, _, seller, _, buyer, *_ = fields
    if not (_PRICE.match(cents) and _QUANTITY.match(quantity)):
        yield broken(number, "price and quantity are integers", "Price")
        return
    terms = {"instrument": name, "quantity": Decimal(quantity), "price": Decimal(cents) / CENTS}
    yield held(number, _trade(number, run, "buy", (buyer, seller), terms))
    yield held(number, _trade(number, run, "sell", (seller, buyer), terms))


def _trade(number: int, run: str, side: Any, agents: tuple[str, str], terms: dict[str, Any]) -> BookTrade:
    trade_id, (book, other) = f"{run}-{number}-{side}", agents
    return BookTrade(
        command_id=trade_id, source=SOURCE, trade_id=trade_id, book=book, trader=TRADER, counterparty=other,
        trade_date=date(OPENING.year, OPENING.month, OPENING.day), contra_book=other, execution_id=f"{run}-{number}",
        effective_at=OPENING + timedelta(microseconds=number), terms=EquityTerms(side=side, **terms),
    )


def _world(path: Path, run: str) -> Iterator[tuple[int, AnyCommand]]:
    """What the trace refers to, each with the line that mentions it first."""
    agents, names = _mentioned(path)
    base: dict[str, Any] = {"source": SOURCE}
    yield 0, DefineCalendar(command_id=f"{run}-calendar", calendar=CALENDAR, name="ATOM", **base)
    yield 0, DefineLegalEntity(
        command_id=f"{run}-entity", entity=ENTITY, name="ATOM market", lei=lei_of("EVERBOOKATOM000000"),
        base_currency=CURRENCY, **base,
    )
    yield 0, DefineDesk(command_id=f"{run}-desk", desk=DESK, name="ATOM agents", entity=ENTITY, **base)
    for place, (agent, number) in enumerate(agents.items()):
        yield number, DefineBook(
            command_id=f"{run}-book-{agent}", book=agent, name=agent, desk=DESK, owner=agent, **base,
        )
        yield number, DefineCounterparty(
            command_id=f"{run}-party-{agent}", counterparty=agent, name=agent,
            lei=lei_of(f"EVERBOOKAGENT{place:05d}"), **base,
        )
    yield 0, DefineTrader(command_id=f"{run}-trader", trader=TRADER, name="ATOM agents", desk=DESK, **base)
    for place, (name, number) in enumerate(names.items()):
        yield number, DefineInstrument(
            command_id=f"{run}-instrument-{name}", instrument=name, name=name, isin=isin_of(f"XS{place:09d}"),
            mic="XOFF", cfi="ESXXXX", currency=CURRENCY, issuer=name, calendar=CALENDAR, **base,
        )


def _mentioned(path: Path) -> tuple[dict[str, int], dict[str, int]]:
    agents: dict[str, int] = {}
    names: dict[str, int] = {}
    for number, line in _trace(path):
        fields = line.split(";")
        if fields[0] == "Price" and len(fields) >= PRICE_FIELDS:
            names.setdefault(fields[1], number)
            agents.setdefault(fields[5], number)
            agents.setdefault(fields[7], number)
    return agents, names


def _hash_of(path: Path) -> str:
    """What names a trace: the same content is the same commands, whatever the file is called."""
    digest = sha256()
    for _, line in byte_lines(path):
        digest.update(line)
    return f"atom-{digest.hexdigest()[:12]}"
