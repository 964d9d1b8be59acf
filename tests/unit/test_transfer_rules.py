"""Which transfers between books are sent, received and returned, and which lots a trade may name."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    CancelTrade,
    DefineBook,
    DefineCounterparty,
    DefineDesk,
    DefineLegalEntity,
    EngageKillSwitch,
    IncreaseTrade,
    NovateTrade,
    SetLimit,
)
from domain.commands.lots import NamedLot
from domain.commands.transfers import ReceiveTransfer, ReturnTransfer, TransferCommand
from domain.consequences import consequences
from domain.events import TransferReceived, TransferReturned, TransferSent
from domain.identifiers import lei_of
from domain.money import exact
from domain.outcomes import Principal
from domain.refusals import Refused
from domain.schema import Recorded, event_type
from projections.transfers import moved_lots
from tests.documents import History
from tests.rules import DAY, FOUNDATION, Rules, booking
from tests.trade_commands import about, moving

OTHERS = (
    DefineLegalEntity(
        command_id="o1", entity="OTHER", name="Other", lei=lei_of("EVERBOOK0000000009"), base_currency="EUR"
    ),
    DefineDesk(command_id="o2", desk="OD", name="Other desk", entity="OTHER"),
    DefineBook(command_id="o3", book="FAR", name="Of another entity", desk="OD"),
    DefineBook(command_id="o4", book="SPEC", name="Chosen", desk="EQ", lot_method="specific"),
    DefineBook(command_id="o5", book="DEAR", name="With fees", desk="EQ", fees_in_cost=True),
)
BETA = DefineCounterparty(command_id="o6", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000003"))
TRADER = Principal("desk-1", "Desk", ("trader",), ("EQ-1",))
HELD = (booking("T1", "10", "100"), booking("T2", "5", "110", fees={"broker": Decimal(2)}))


def rules(*commands: Any) -> Rules:
    return Rules((*FOUNDATION, *OTHERS, *HELD, *commands))


def names(*lots: tuple[str, str]) -> tuple[NamedLot, ...]:
    return tuple(NamedLot(trade_id=trade_id, quantity=Decimal(quantity)) for trade_id, quantity in lots)


def following(sent: TransferSent, sequence: int = 7) -> Any:
    """The command that the event leads to."""
    ((_, command),) = consequences(
        Recorded("ledger-0", sequence, "transfer:M1", 1, event_type(sent), sent), ledgers=1
    )
    return command


@pytest.mark.parametrize(("command", "code", "field"), [
    (moving(("T1", "4", "400"), to_book="NONE"), "unknown-book", "$.to_book"),
    (moving(("T1", "4", "400"), to_book="EQ-1"), "not-transferable", "$.to_book"),
    (moving(("T1", "4", "400"), to_book="FAR"), "not-transferable", "$.to_book"),
    (moving(("T1", "4", "400"), instrument="EURUSD"), "unknown-instrument", "$.instrument"),
    (moving(("T1", "4", "400"), quantity=Decimal(3)), "quantity-differs", "$.lots"),
    (moving(("T1", "4", "400"), quantity=Decimal(16)), "more-than-held", "$.quantity"),
    (moving(("T1", "4", "400"), quantity=Decimal(0)), "not-positive", "$.quantity"),
    (moving(quantity=Decimal(4)), "lots-missing", "$.lots"),
    (moving(("T1", "-4", "-400")), "wrong-side", "$.lots[0].quantity"),
    (moving(("T9", "4", "400")), "unknown-lot", "$.lots[0].trade_id"),
    (moving(("T1", "11", "1100")), "unknown-lot", "$.lots[0].quantity"),
    (moving(("", "4", "400")), "unknown-lot", "$.lots[0]"),
    (moving(("T1", "4", "401")), "lot-differs", "$.lots[0]"),
    (moving(("T2", "5", "552")), "lot-differs", "$.lots[0]"),
    (moving(("T1", "10", "1000"), ("T1", "5", "500")), "unknown-lot", "$.lots[1].quantity"),
    (moving(("T1", "4", "400"), transfer_date=DAY.replace(year=2201)), "date-out-of-range", "$.transfer_date"),
])
def test_a_transfer_that_cannot_be_is_refused_with_the_field_at_fault(command: Any, code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        rules().when(command)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("becomes", [
    about(IncreaseTrade, quantity=Decimal(4), price=Decimal(110)),
    about(NovateTrade, new_trade_id="N1", counterparty="BETA", quantity=Decimal(4)),
    about(NovateTrade, new_trade_id="N1", counterparty="BETA"),
])
def test_all_lots_of_a_trade_that_was_increased_or_handed_over_may_be_sent(becomes: Any) -> None:
    history = History(BETA, booking("T1", "10", "100"), becomes)
    position = history.documents("positions")["EQ-1/SAN"]
    with exact():
        lots = moved_lots(position, position.quantity)
    asked = moving(lots=lots, quantity=position.quantity)
    (sent,) = history.when(asked)
    assert isinstance(sent, TransferSent)
    assert (sent.moved.quantity, sent.moved.cost) == (position.quantity, position.cost)
    left = history.documents("positions")["EQ-1/SAN"]
    assert (left.quantity, left.cost, left.realised, left.substituted) == (0, 0, 0, 0)


def test_the_lots_of_a_cancelled_trade_are_not_sent() -> None:
    with pytest.raises(Refused, match="T1 opened no lot"):
        rules(about(CancelTrade)).when(moving(("T1", "4", "400")))


def test_a_key_moves_only_between_its_own_books() -> None:
    with pytest.raises(Refused, match="not for book EQ-2"):
        rules().when(moving(("T1", "4", "400")), TRADER)


@pytest.mark.parametrize("book", ["EQ-1", "EQ-2"])
def test_a_kill_switch_stops_what_goes_and_what_comes(book: str) -> None:
    with pytest.raises(Refused, match="kill switch"):
        rules(EngageKillSwitch(command_id="k", book=book)).when(moving(("T1", "4", "400")))


def test_a_transfer_takes_from_the_sender_at_once_and_gives_to_the_receiver_later() -> None:
    told = rules()
    (sent,) = told.when(moving(("T1", "4", "400"), ("T2", "5", "550")))
    assert isinstance(sent, TransferSent)
    assert [sent.moved.quantity, sent.moved.cost] == [9, 950]
    assert told.trades.positions["EQ-1", "SAN"] == 6
    (received,) = told.when(following(sent))
    assert isinstance(received, TransferReceived)
    assert received.moved.lots == sent.moved.lots
    assert (received.moved.lot_method, received.moved.other_book) == ("average", "EQ-1")
    assert told.trades.positions["EQ-2", "SAN"] == 9
    with pytest.raises(Refused, match="sent already"):
        told.when(moving(("T1", "4", "400")))


def test_what_is_refused_where_it_was_to_arrive_comes_back() -> None:
    told = rules(SetLimit(command_id="l", book="EQ-2", kind="position-quantity", amount=Decimal(3)))
    (sent,) = told.when(moving(("T1", "4", "400")))
    assert isinstance(sent, TransferSent)
    with pytest.raises(Refused, match="over the limit of 3"):
        told.when(following(sent))
    back = ReturnTransfer(
        command_id="9", transfer_id="M1", book="EQ-1", to_book="EQ-2", code="limit-position-quantity", detail="why"
    )
    (returned,) = told.when(back)
    assert isinstance(returned, TransferReturned)
    assert told.trades.positions["EQ-1", "SAN"] == 15
    with pytest.raises(Refused, match="not in transit"):
        told.when(back)


@pytest.mark.parametrize("command", [
    ReceiveTransfer(
        command_id="x", transfer_id="M1", book="EQ-1", from_book="EQ-2", instrument="SAN", transfer_date=DAY,
        lots=moving(("T1", "4", "400")).lots,
    ),
    ReturnTransfer(command_id="x", transfer_id="M1", book="EQ-1", to_book="EQ-2", code="c"),
])
def test_nobody_but_everbook_receives_or_returns(command: TransferCommand) -> None:
    admin = Principal("admin", "Admin", ("admin", "trader", "operations"))
    told = rules()
    told.when(moving(("T1", "4", "400")))
    with pytest.raises(Refused) as refused:
        told.when(command, admin)  # type: ignore[arg-type]
    assert refused.value.code == "not-permitted"


def test_lots_that_came_may_be_sent_on() -> None:
    told = rules()
    (sent,) = told.when(moving(("T1", "4", "400"), to_book="SPEC"))
    assert isinstance(sent, TransferSent)
    told.when(following(sent))
    (on,) = told.when(moving(("T1", "3", "300"), transfer_id="M2", book="SPEC", to_book="EQ-1"))
    assert isinstance(on, TransferSent)


def test_the_cost_of_a_lot_has_its_share_of_the_fees_where_the_book_has_them_in_its_cost() -> None:
    told = rules(booking("T3", "3", "100", book="DEAR", fees={"broker": Decimal(1)}))
    with pytest.raises(Refused, match="not what T3 opened"):
        told.when(moving(("T3", "1", "100"), book="DEAR"))
    told.when(moving(("T3", "1", "100.333333333333"), book="DEAR"))


SALE: dict[str, Any] = {"side": "sell", "book": "SPEC"}


@pytest.mark.parametrize(("command", "code", "field"), [
    (booking("T9", "4", "120", side="sell", closes=names(("T1", "4"))), "not-specific", "$.closes"),
    (booking("T9", "4", "120", **SALE, closes=names(("T1", "4"))), "unknown-lot", "$.closes[0].trade_id"),
    (booking("T9", "4", "120", **SALE, closes=names(("S1", "5"))), "more-than-closed", "$.closes"),
    (booking("T9", "9", "120", **SALE, closes=names(("S1", "9"))), "unknown-lot", "$.closes[0].quantity"),
    (booking("T9", "4", "120", **SALE, closes=names(("S2", "1"))), "unknown-lot", "$.closes[0].quantity"),
    (booking("T9", "4", "120", **SALE, closes=names(("S1", "1"), ("S1", "1"))), "lot-twice", "$.closes"),
    (booking("T9", "4", "120", **SALE, closes=names(("S1", "-1"))), "not-positive", "$.closes[0].quantity"),
])
def test_a_trade_that_names_lots_it_cannot_close_is_refused(command: Any, code: str, field: str) -> None:
    told = rules(booking("S1", "8", "100", book="SPEC"), booking("S2", "2", "100", **SALE))
    with pytest.raises(Refused) as refused:
        told.when(command)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_lots_that_a_trade_closes_are_recorded_with_its_terms() -> None:
    told = rules(booking("S1", "8", "100", book="SPEC"))
    (sold,) = told.when(booking("T9", "4", "120", **SALE, closes=names(("S1", "4"))))
    assert sold.terms.closes == names(("S1", "4"))  # type: ignore[attr-defined]
