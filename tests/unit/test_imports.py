"""Files of commands: what is read, and which line is at fault."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from api.imports import FORMATS, Line
from api.imports.atom import closing_of
from api.imports.lines import UnreadableFile
from domain.commands import BookTrade, EquityTerms, FxSpotTerms, LoanTerms
from domain.schema import business_content
from tests.rules import booking

HEADER = "trade_id,book,trader,counterparty,trade_date,side,instrument,quantity,price,fee:broker"
TRACE = """\
Order;obname;agent;Oid;type;dir;price;quty;validity
Tick;numtick;obname;bestask;bestbid;lastFixedPrice
Price;obname;price;quty;dirTrigger;AgTrigger;Oid;ag2;Oid2;bestask;bestbid
Agent;name;cash;obName;invests;LastFixedPrice
Exec;agent;Oid
Day;numday;obName;firstPrice;lastPrice;lowestPrice;highestPrice;nbPricesFixed
Order;MMM;Bogar;1;L;B;14855;60;-1
Price;MMM;14855;60;A;Anna;2;Bogar;1;14177;14855
Agent;Bogar;-891300;MMM;60;14855
Agent;Anna;891300;MMM;-60;14855
Price;MMM;14900;5;B;Anna;3;Anna;4;14900;14900
Agent;Anna;891300;MMM;-60;14900
Agent;Anna;891300;MMM;-60;14900
Day;1;MMM;14855;14900;14855;14900;2;
"""


def read(form: str, path: Path, content: str | bytes) -> list[Line]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(FORMATS[form](path))


def csv_of(tmp_path: Path, *lines: str, header: str = HEADER) -> list[Line]:
    return read("trades-csv", tmp_path / "trades.csv", "\n".join([header, *lines]))


def test_a_trade_of_a_csv_file_is_a_booking_with_a_key_of_its_own(tmp_path: Path) -> None:
    (line,) = csv_of(tmp_path, "T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,100,91.25,4.50")
    assert isinstance(line.command, BookTrade)
    assert (line.number, line.command.command_id, line.command.source) == (2, "csv-T1", "trades-csv")
    assert line.command.terms == EquityTerms(
        side="buy", instrument="SAN", quantity=Decimal(100), price=Decimal("91.25"), fees={"broker": Decimal("4.50")}
    )


def test_every_product_has_its_columns(tmp_path: Path) -> None:
    header = ("trade_id,book,trader,counterparty,trade_date,product,side,base,quote,quantity,rate,currency,principal,"
              "start_date,tenor")
    fx, loan = csv_of(
        tmp_path, "T1,FX-1,bob,ACME,2026-11-24,fx-spot,sell,EUR,USD,1000,1.08,,,,",
        "T2,MM-1,bob,ACME,2026-11-24,loan-deposit,lend,,,,3.5,EUR,1000000,2026-11-24,3M", header=header,
    )
    assert isinstance(fx.command, BookTrade)
    assert isinstance(loan.command, BookTrade)
    assert isinstance(fx.command.terms, FxSpotTerms)
    assert isinstance(loan.command.terms, LoanTerms)


def test_a_csv_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + f'{HEADER}\r\n"T1",EQ-1,anna,ACME,2026-11-24,buy,SAN,"100",91.25,\r\n'.encode()
    (line,) = read("trades-csv", tmp_path / "t.csv", content)
    assert line.error is None


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("T1,EQ-1,anna,ACME,24/11/2026,buy,SAN,100,91.25,", "trade_date"),
        ("T1,EQ-1,anna,ACME,2026-11-24,hold,SAN,100,91.25,", "side"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,many,91.25,", "quantity"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,,91.25,", "quantity"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,1_0,91.25,", "quantity"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,\u0661,91.25,", "quantity"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,9_1.25,", "price"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,91.25,x", "fee:broker"),
        ("T 1,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,91.25,", "trade_id"),
        ("T1,EQ-1,anna,ACME,2026-11-24,buy,SAN,1", "$"),
    ],
)
def test_a_wrong_cell_names_its_line_and_column(tmp_path: Path, line: str, field: str) -> None:
    good, bad = csv_of(tmp_path, "T0,EQ-1,anna,ACME,2026-11-24,buy,SAN,1,1,", line)
    assert good.error is None
    assert bad.error is not None
    assert (bad.number, bad.error.field) in {(3, field), (3, "command_id")}


@pytest.mark.parametrize("header", [f"{HEADER},colour", HEADER.replace("book,", ""), f"{HEADER},side"])
def test_a_header_that_is_not_the_formats_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        csv_of(tmp_path, header=header)


def test_a_broken_line_of_commands_does_not_stop_the_others(tmp_path: Path) -> None:
    good = business_content(booking())
    lines = read("commands-ndjson", tmp_path / "c.ndjson", good + b"\n{broken\n\n" + good + b"\n")
    assert [(line.number, line.error is None) for line in lines] == [(1, True), (2, False), (4, True)]


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    (line,) = read("commands-ndjson", tmp_path / "c.ndjson.gz", gzip.compress(business_content(booking())))
    assert line.command == booking()


@pytest.mark.parametrize("form", FORMATS)
def test_a_packed_file_that_was_cut_or_damaged_says_from_where_on(tmp_path: Path, form: str) -> None:
    lines = [business_content(booking(f"T{number}")) for number in range(2_000)]
    whole = {"commands-ndjson": b"\n".join(lines), "atom": TRACE.encode() * 99}.get(form, HEADER.encode() + b"\n" * 99)
    packed = gzip.compress(whole)
    for name, content in (("cut", packed[:-9]), ("bad", packed[:-40] + b"\xff" * 20 + packed[-20:])):
        with pytest.raises(UnreadableFile, match="cannot be read"):
            read(form, tmp_path / f"{name}.gz", content)


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_an_empty_file_is_no_trace(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        read("atom", tmp_path / "trace.txt", content)


def test_a_fill_of_a_trace_is_two_trades_of_one_execution(tmp_path: Path) -> None:
    lines = read("atom", tmp_path / "trace.txt", TRACE)
    trades = [line.command for line in lines if isinstance(line.command, BookTrade)]
    buy, sell, self_buy, self_sell = trades
    assert (buy.book, buy.counterparty, sell.book, sell.counterparty) == ("Bogar", "Anna", "Anna", "Bogar")
    assert buy.execution_id == sell.execution_id
    assert isinstance(buy.terms, EquityTerms)
    assert (buy.terms.price, buy.terms.quantity) == (Decimal("148.55"), Decimal(60))
    assert self_buy.book == self_sell.book == self_buy.contra_book == "Anna"
    assert closing_of(tmp_path / "trace.txt")[1] == {("Bogar", "MMM"): Decimal(60), ("Anna", "MMM"): Decimal(-60)}


def test_a_file_that_is_no_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        read("atom", tmp_path / "trace.txt", "hello\n")


def test_a_damaged_fill_names_its_line(tmp_path: Path) -> None:
    damaged = TRACE.replace("Price;MMM;14855;60;A", "Price;MMM;14855;sixty;A")
    (bad,) = (line for line in read("atom", tmp_path / "trace.txt", damaged) if line.error is not None)
    assert bad.number == 8


def test_long_trade_ids_have_commands_of_their_own(tmp_path: Path) -> None:
    ids = [f"{'T' * 61}-{last}" for last in "ab"]
    found = [line.command for line in csv_of(
        tmp_path, *(f"{trade_id},EQ-1,anna,ACME,2026-11-24,buy,SAN,1,1," for trade_id in (*ids, *ids, "T" * 60))
    )]
    keys = [command.command_id for command in found if command is not None]
    assert len(keys) == 5
    assert keys[0] == keys[2] != keys[1] == keys[3]
    assert {len(key) for key in keys} == {64}
    assert keys[4] == "csv-" + "T" * 60


@pytest.mark.parametrize(("old", "new", "wrong"), [
    (";Bogar;1;14177", ";a/b;1;14177", {(8, "$.book"), (8, "$.counterparty"), (8, "$.command_id")}),
    ("14855;14900;14855;14900;2;", "14855;dear;14855;14900;2;", {(14, "Day")}),
    ("14855;14900;14855;14900;2;", "14855;--5;14855;14900;2;", {(14, "Day")}),
    ("Price;MMM;14855;60;A", "Price;MMM;--5;60;A", {(8, "Price")}),
])
def test_what_a_trace_makes_of_a_line_is_held_against_its_shape(
    tmp_path: Path, old: str, new: str, wrong: set[tuple[int, str]]
) -> None:
    assert TRACE.count(old) == 1
    lines = read("atom", tmp_path / "trace.txt", TRACE.replace(old, new))
    found = {(line.number, line.error.field) for line in lines if line.error is not None}
    assert found
    assert found <= wrong
    assert any(isinstance(line.command, BookTrade) for line in lines)
