"""``trades-csv``: one trade to book a line, under a header that names the columns."""

import csv
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from api.imports.lines import Line, UnreadableFile, broken, taken, text_lines
from domain.commands import BookTrade
from domain.schema import is_plain_number

SOURCE = "trades-csv"
LONGEST_KEY, SUFFIX = 64, 16
REQUIRED = ("trade_id", "book", "trader", "counterparty", "trade_date", "side")
TRADE = (*REQUIRED, "command_id", "source", "effective_at", "contra_book", "execution_id", "reason")
FEE = "fee:"
TERMS = {
    **dict.fromkeys(
        ("equity", "bond", "future", "option"), ("side", "instrument", "quantity", "price", "settlement_date")
    ),
    "fx-spot": ("side", "base", "quote", "quantity", "rate", "settlement_date"),
    "fx-forward": ("side", "base", "quote", "quantity", "rate", "points", "tenor", "settlement_date"),
    "fx-swap": ("side", "base", "quote", "quantity", "rate", "near_points", "far_points", "far_trade_id", "near_date",
                "far_date", "tenor"),
    "loan-deposit": ("side", "currency", "principal", "rate", "rate_type", "index", "spread", "day_count",
                     "start_date", "maturity_date", "tenor"),
}
NUMBERS = frozenset({"quantity", "price", "rate", "points", "near_points", "far_points", "principal", "spread"})
COLUMNS = {*TRADE, "product", *(column for columns in TERMS.values() for column in columns)}


def read_trades(path: Path) -> Iterator[Line]:
    """The bookings of a file. ``product`` is equity where it is empty; a fee has a column ``fee:<name>`` of its own.
    Without a ``command_id`` it is ``csv-<trade_id>``, so that importing twice books once.

    Raises:
        UnreadableFile: when the header lacks a column, or has one that is not known.
    """
    reader, begins = csv.reader(text_lines(path), strict=True), 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _require_header(header)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(reader.line_num, header, cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        # A quote that is never closed takes in the rest of the file: the line where that begins is the one to mend.
        raise UnreadableFile(begins, str(error)) from error


def _require_header(header: list[str]) -> None:
    for column in header:
        if column not in COLUMNS and not column.startswith(FEE):
            raise UnreadableFile(1, f"there is no column {column!r}")
    for column in REQUIRED:
        if column not in header:
            raise UnreadableFile(1, f"the column {column!r} is missing")
    if len(set(header)) < len(header):
        raise UnreadableFile(1, "a column stands there twice")


def _line(number: int, header: list[str], cells: list[str]) -> Line:
    if len(cells) != len(header):
        return broken(number, f"{len(cells)} cells under {len(header)} columns", "$")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    product = row.get("product", "equity")
    if product not in TERMS:
        return broken(number, f"{product!r} is none of {', '.join(TERMS)}", "product")
    known = {*TRADE, "product", *TERMS[product]}
    for column in row:
        if column not in known and not (column.startswith(FEE) and product != "loan-deposit"):
            return broken(number, f"{column} is no column of {product}", column)
    for column, cell in row.items():
        if (column in NUMBERS or column.startswith(FEE)) and not is_plain_number(cell):
            return broken(number, f"{cell!r} is no number", column)
    try:
        return taken(number, msgspec.convert(_fields(row, product), BookTrade))
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `")
        named = _missing(message) if "field" in message else at.rstrip("`").rpartition(".")[2]
        return broken(number, message, named)


def _fields(row: Mapping[str, str], product: str) -> dict[str, Any]:
    terms: dict[str, Any] = {"product": product} | {name: row[name] for name in TERMS[product] if name in row}
    fees = {name.removeprefix(FEE): cell for name, cell in row.items() if name.startswith(FEE)}
    if fees:
        terms["fees"] = fees
    fields: dict[str, Any] = {name: row[name] for name in TRADE if name in row and name != "side"}
    fields.setdefault("source", SOURCE)
    fields.setdefault("command_id", _command_id(row.get("trade_id", "")))
    return {"type": "BookTrade", **fields, "terms": terms}


def _command_id(trade_id: str) -> str:
    """A key that is the trade id's own, also when it had to be cut."""
    named = f"csv-{trade_id}"
    if len(named) <= LONGEST_KEY:
        return named
    suffix = f"-{sha256(trade_id.encode()).hexdigest()[:SUFFIX]}"
    return named[: LONGEST_KEY - len(suffix)] + suffix


def _missing(message: str) -> str:
    return message.split("`")[1] if "`" in message else "$"
