"""What each command does to a transfer between two of our books: it is sent, and received or returned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from domain.commands.reference import Role
from domain.commands.transfers import ReceiveTransfer, ReturnTransfer, TransferCommand, TransferPosition
from domain.decider import Envelope
from domain.events import BookDefined, Event, InstrumentDefined
from domain.events.transfers import Moved, TransferEvent, TransferReceived, TransferReturned, TransferSent
from domain.money import ZERO
from domain.outcomes import SYSTEM, Principal
from domain.reference.authority import require_book, require_role
from domain.refusals import Refused
from domain.trades.dating import on_open_day
from domain.trades.economics import EARLIEST, LATEST
from domain.trades.limits import require_within
from domain.trades.named_lots import require_moving

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

TRANSFERRING: tuple[Role, ...] = ("trader", "operations", "admin")


class TransferState(msgspec.Struct, frozen=True, gc=False):
    """The last event of one side of a transfer, and its version."""

    version: int
    event: TransferEvent


def stream_of(command: TransferCommand) -> str:
    """A transfer has one stream where it was sent, and another where it arrives: these may be one log."""
    if isinstance(command, ReceiveTransfer):
        return f"arrival:{command.from_book}/{command.transfer_id}"
    return f"transfer:{command.transfer_id}"


def decide(
    log: "TradeDecider", command: TransferCommand, envelope: Envelope, principal: Principal
) -> Sequence[Event]:
    """What follows for a transfer."""
    if isinstance(command, TransferPosition):
        return (_sent(log, command, envelope, principal),)
    if principal.key_id != SYSTEM.key_id:
        raise Refused("not-permitted", "Everbook commands this by itself")
    if isinstance(command, ReceiveTransfer):
        return (_received(log, command, envelope),)
    assert isinstance(command, ReturnTransfer)
    return (_returned(log, command, envelope),)


def _sent(log: "TradeDecider", command: TransferPosition, envelope: Envelope, principal: Principal) -> Event:
    require_role(principal, TRANSFERRING)
    book, other = _book(log, command.book, "$.book"), _book(log, command.to_book, "$.to_book")
    for each in (command.book, command.to_book):
        require_book(principal, each)
    if book.book == other.book or book.entity != other.entity:
        raise Refused("not-transferable", "a transfer is between two books of one legal entity", "$.to_book")
    instrument = _instrument(log, command.instrument)
    if stream_of(command) in log.transfers:
        raise Refused("transfer-exists", f"transfer {command.transfer_id} was sent already", "$.transfer_id")
    if not EARLIEST <= command.transfer_date <= LATEST:
        raise Refused("date-out-of-range", "transfer_date must lie between 1970 and 2200", "$.transfer_date")
    _require_on(log, book)
    _require_on(log, other)
    position, average = (book.book, instrument.instrument), book.lot_method == "average"
    require_moving(log, command.lots, command.quantity, position, average=average)
    moved = _moved(book, other.book, instrument, command, envelope)
    return TransferSent(
        **on_open_day(log, envelope, command.transfer_date), transfer_id=command.transfer_id, moved=moved
    )


def _received(log: "TradeDecider", command: ReceiveTransfer, envelope: Envelope) -> Event:
    book, instrument = _book(log, command.book, "$.book"), _instrument(log, command.instrument)
    _require_on(log, book)
    moved = _moved(book, command.from_book, instrument, command, envelope)
    limits = log.reference.limits_of(book.book, moved.instrument)
    if limits is not None and limits.position_quantity is not None:
        held = log.positions.get((book.book, moved.instrument), ZERO)
        require_within(held, held + moved.quantity, limits.position_quantity)
    return TransferReceived(
        **on_open_day(log, envelope, command.transfer_date), transfer_id=command.transfer_id, moved=moved
    )


def _returned(log: "TradeDecider", command: ReturnTransfer, envelope: Envelope) -> Event:
    """What does not arrive always comes back, whatever has happened to its book meanwhile."""
    state = log.transfers.get(stream_of(command))
    if state is None or not isinstance(state.event, TransferSent) or state.event.moved.book != command.book:
        raise Refused("not-in-transit", f"transfer {command.transfer_id} is not in transit", "$.transfer_id")
    moved = state.event.moved
    return TransferReturned(
        **on_open_day(log, envelope, moved.transfer_date), transfer_id=command.transfer_id, moved=moved,
        code=command.code, detail=command.detail,
    )


def _moved(
    book: BookDefined, other_book: str, instrument: InstrumentDefined, command: TransferPosition | ReceiveTransfer,
    envelope: Envelope,
) -> Moved:
    name = instrument.instrument
    return Moved(
        product="equity", entity=book.entity, desk=book.desk, book=book.book, other_book=other_book,
        base_currency=book.base_currency, lot_method=book.lot_method, fees_in_cost=book.fees_in_cost, instrument=name,
        asset=name, currency=instrument.currency, issuer=instrument.issuer, lots=command.lots,
        transfer_date=command.transfer_date, executed_at=envelope["effective_at"],
    )


def _book(log: "TradeDecider", book: str, field: str) -> BookDefined:
    found = log.reference.books.get(book)
    if found is None:
        raise Refused("unknown-book", f"no book {book!r} is defined", field)
    return found


def _instrument(log: "TradeDecider", name: str) -> InstrumentDefined:
    found = log.reference.instruments.get(name)
    if found is None:
        raise Refused("unknown-instrument", f"no instrument {name!r} is defined: only such are moved", "$.instrument")
    if found.contract is not None:
        raise Refused("wrong-product", f"{name} is no share: only such are moved", "$.instrument")
    return found


def _require_on(log: "TradeDecider", book: BookDefined) -> None:
    if book.book in log.reference.killed_books:
        raise Refused("kill-switch", f"the kill switch of book {book.book} is on", "$.book")
