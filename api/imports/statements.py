"""Statements of custodians and banks as CSV: balances of a day, or the movements of a bank, under a header."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec

from api.imports.lines import UnreadableFile
from domain.currencies import MINOR_UNITS
from domain.identifiers import require_isin
from domain.money import is_amount
from domain.refusals import Refused
from projections.reconciliation.statement import Balance, Entry, Kind

BALANCES: Mapping[Kind, tuple[str, ...]] = {
    "custody": ("as_of", "depot", "quantity"), "nostro": ("as_of", "account", "currency", "balance"),
}
MOVEMENTS = ("value_date", "account", "currency", "amount")
OPTIONAL: Mapping[Kind, tuple[str, ...]] = {"custody": ("isin", "instrument"), "nostro": ("reference",)}


class BadLine(msgspec.Struct, frozen=True):
    """What is wrong with a line: ``field`` is its column."""

    line: int
    field: str
    detail: str


class Statement(msgspec.Struct, frozen=True):
    """The lines that can be read, and those that cannot."""

    lines: Sequence[Balance | Entry]
    bad: Sequence[BadLine]

    @property
    def moves(self) -> bool:
        """Whether it tells movements and no balances."""
        return any(isinstance(line, Entry) for line in self.lines)


class _Bad(Exception):
    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def read_statement(
    text: Iterable[str], kind: Kind, isins: Mapping[str, str], instruments: frozenset[str]
) -> Statement:
    """A statement, its securities named as ours are: ``isins`` says by which instrument we know each.

    Raises:
        UnreadableFile: when the header is that of no statement, or the file cannot be read from a line on.
    """
    lines: list[Balance | Entry] = []
    bad: list[BadLine] = []
    for number, row in _rows(text, kind):
        try:
            lines.append(_line(number, row, kind, isins, instruments))
        except _Bad as error:
            bad.append(BadLine(number, error.field, error.detail))
    return Statement(lines, bad)


def _rows(text: Iterable[str], kind: Kind) -> Iterator[tuple[int, dict[str, str]]]:
    reader, begins = csv.reader(text, strict=True), 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _require_header(header, kind)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                # What lacks a cell, or has one too many, is told by its number of cells.
                padded = [cell.strip() for cell in cells] if len(cells) == len(header) else []
                yield reader.line_num, dict(zip(header, padded, strict=False))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(begins, str(error)) from error


def _require_header(header: Sequence[str], kind: Kind) -> None:
    required = MOVEMENTS if kind == "nostro" and "value_date" in header else BALANCES[kind]
    for column in required:
        if column not in header:
            raise UnreadableFile(1, f"the column {column!r} is missing")
    if kind == "custody" and not {"isin", "instrument"} & set(header):
        raise UnreadableFile(1, "the column 'isin' or 'instrument' is missing")
    for column in header:
        if column not in {*required, *OPTIONAL[kind]}:
            raise UnreadableFile(1, f"there is no column {column!r}")
    if len(set(header)) < len(header):
        raise UnreadableFile(1, "a column stands there twice")


def _line(
    number: int, row: Mapping[str, str], kind: Kind, isins: Mapping[str, str], instruments: frozenset[str]
) -> Balance | Entry:
    if not row:
        raise _Bad("$", "it has more or fewer cells than the header has columns")
    if kind == "custody":
        name, asset = _security(row, isins, instruments)
        return Balance(
            line=number, account=_text(row, "depot"), as_of=_day(row, "as_of"), name=name, asset=asset,
            quantity=_number(row, "quantity"),
        )
    currency = _text(row, "currency")
    if currency not in MINOR_UNITS:
        raise _Bad("currency", f"{currency!r} is no currency of ISO 4217 in use")
    if "value_date" in row:
        return Entry(
            line=number, account=_text(row, "account"), value_date=_day(row, "value_date"), asset=currency,
            amount=_number(row, "amount"), reference=row.get("reference", ""),
        )
    return Balance(
        line=number, account=_text(row, "account"), as_of=_day(row, "as_of"), name=currency, asset=currency,
        quantity=_number(row, "balance"),
    )


def _security(
    row: Mapping[str, str], isins: Mapping[str, str], instruments: frozenset[str]
) -> tuple[str, str | None]:
    """What the line calls it, and what we do; None for what we do not know."""
    if instrument := row.get("instrument"):
        return instrument, instrument if instrument in instruments else None
    try:
        isin = require_isin(row.get("isin", ""), "isin")
    except Refused as error:
        raise _Bad("isin", error.detail) from error
    return isin, isins.get(isin)


def _text(row: Mapping[str, str], column: str) -> str:
    if not row[column]:
        raise _Bad(column, f"{column} is empty")
    return row[column]


def _day(row: Mapping[str, str], column: str) -> date:
    try:
        return date.fromisoformat(row[column])
    except ValueError as error:
        raise _Bad(column, f"{row[column]!r} is no day such as 2026-11-24") from error


def _number(row: Mapping[str, str], column: str) -> Decimal:
    try:
        number = Decimal(row[column])
    except InvalidOperation as error:
        raise _Bad(column, f"{row[column]!r} is no number") from error
    if not number.is_finite() or not is_amount(number):
        raise _Bad(column, f"{row[column]!r} is no number below 10^18 of at most 12 decimals")
    return number
