"""What each command does to a trade."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AssignOption,
    BookTrade,
    CancelTrade,
    ClosePeriod,
    CorrectTrade,
    ExerciseOption,
    ExpireOption,
    FixRate,
    FxSwapTerms,
    RepayEarly,
    RollBusinessDate,
    RollOverLoan,
    SettleVariationMargin,
    TradeCommand,
)
from domain.commands.lots import NamedLot
from domain.commands.reference import Role
from domain.commands.settlement import NetCommand
from domain.corporate_actions import closing_of
from domain.decider import Apart, Envelope
from domain.events import (
    BookDefined,
    BusinessDateRolled,
    Event,
    PeriodClosed,
    TradeAffirmed,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
)
from domain.events.trades import Economics
from domain.money import ZERO
from domain.outcomes import Principal
from domain.reference.authority import require_book, require_role
from domain.refusals import Refused
from domain.trades import linked, margins, nets, obligations
from domain.trades.dating import begins, dated_about, on_open_day, posted_on, restated
from domain.trades.economics import Deal, economics
from domain.trades.limits import require_headroom, require_within
from domain.trades.named_lots import require_closing
from domain.trades.penalties import Tariffs, require_penalties_stand
from domain.trades.standing import (
    keeping_parts,
    known_trade,
    require_alone,
    require_live,
    require_settled_part_stands,
    require_untouched,
)
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

TRADING: tuple[Role, ...] = ("trader", "admin")
SETTLING: tuple[Role, ...] = ("operations", "admin")
_ROLES: dict[type, tuple[Role, ...]] = {
    **dict.fromkeys(obligations.ABOUT_OBLIGATIONS, SETTLING), AssignOption: SETTLING, ExpireOption: SETTLING,
    FixRate: SETTLING, ExerciseOption: (*SETTLING, "trader"), RepayEarly: (*SETTLING, "trader"),
    RollOverLoan: TRADING, AffirmTrade: (*SETTLING, "trader"),
}


def book(
    log: "TradeDecider", command: BookTrade, envelope: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """A new trade, when book, trader and counterparty are known and allowed and the book has the headroom."""
    require_role(principal, TRADING)
    book_defined = require_book_defined(log, command.book, principal)
    if command.trade_id in log.trades:
        raise Refused("trade-exists", f"trade {command.trade_id} is booked already", "$.trade_id")
    _require_parties(log, command, book_defined)
    deal = Deal(
        command.trade_date, log.template(book_defined), command, contra_owner_of(log, command.contra_book),
        begins(command, command.trade_date, envelope), log.reference, log.market,
    )
    if type(command.terms) is FxSwapTerms:
        return linked.book_swap(log, command, command.terms, deal, envelope)
    terms = economics(command.terms, deal)
    if command.closes:
        terms = _closing(log, command.closes, terms)
    require_may_trade(log, terms)
    require_limits(log, terms)
    fields, restates = posted_on(log, envelope, terms.trade_date), restated(log, terms.trade_date)
    return (TradeBooked(**fields, trade_id=command.trade_id, terms=terms, restates=restates),)


def change(
    log: "TradeDecider", command: TradeCommand, envelope: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """What follows for a trade that is booked."""
    require_role(principal, _ROLES.get(type(command), TRADING))
    book_defined = require_book_defined(log, command.book, principal)
    trade = known_trade(log, command.trade_id, command.book)
    fields = dated_about(log, command, trade, envelope)
    match command:
        case AmendTrade() | CorrectTrade():
            return (_revised(log, trade, command, book_defined, fields),)
        case CancelTrade():
            require_untouched(trade)
            require_alone(trade)
            return (*linked.other_leg_cancelled(log, trade, fields), cancelled(trade, fields))
        case AffirmTrade():
            if trade.status != "booked":
                raise Refused("wrong-state", f"trade {trade.trade_id} is {trade.status}: only a booked one is affirmed")
            return (TradeAffirmed(**fields, trade_id=trade.trade_id, revision=trade.revision, terms=trade.terms),)
    if isinstance(command, obligations.ABOUT_OBLIGATIONS):
        tariffs = Tariffs(log.reference, log.market)
        return (obligations.handle(trade, command, fields, log.business_date(), tariffs),)
    if isinstance(command, linked.ABOUT_PRODUCTS):
        return linked.change(log, trade, command, book_defined, fields)
    raise AssertionError(f"no rule for {type(command).__name__}")


def margin(
    log: "TradeDecider", command: SettleVariationMargin, envelope: Envelope, principal: Principal
) -> Sequence[Event]:
    """What follows for a book's position in a future."""
    require_role(principal, SETTLING)
    book_defined = require_book_defined(log, command.book, principal)
    instrument = log.reference.instruments.get(command.instrument)
    if instrument is None:
        raise Refused("unknown-instrument", f"no instrument {command.instrument!r} is defined", "$.instrument")
    account = log.margins.get((command.book, command.instrument), margins.EMPTY)
    day: date = command.on or envelope["business_date"]
    dated = on_open_day(log, envelope, day)
    is_past = day < envelope["business_date"]
    last_price = log.market.price_by(command.instrument, day) if is_past else log.market.price(command.instrument)
    return (margins.settle(account, command, book_defined, instrument, dated, last_price=last_price),)


def net(
    log: "TradeDecider", command: NetCommand, envelope: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """What follows for a net of what several trades oblige to."""
    require_role(principal, SETTLING)
    require_book_defined(log, command.book, principal)
    known = log.nets.get(command.net_id)
    trade_id = known.event.trade_ids[0] if known else getattr(command, "trade_ids", ("",))[0]
    trade = log.trades.get(trade_id)
    fallback: date = envelope["business_date"]
    return nets.net(log, command, on_open_day(log, envelope, trade.terms.trade_date if trade else fallback))


def turn(log: "TradeDecider", command: RollBusinessDate | ClosePeriod, envelope: Envelope) -> Sequence[Event]:
    """The business date or the closed period of the reference log, taken over into this log."""
    if isinstance(command, RollBusinessDate):
        fields = {**envelope, "business_date": command.business_date}
        return (BusinessDateRolled(**fields, previous=log.business_date()),)
    return (PeriodClosed(**envelope, through=command.through),)


def _revised(
    log: "TradeDecider", trade: TradeState, command: AmendTrade | CorrectTrade, book_defined: BookDefined,
    fields: Envelope,
) -> Event:
    require_live(trade)
    if not trade.is_open:
        raise Refused("wrong-state", f"trade {trade.trade_id} is {trade.status} and changes no more")
    obligations.require_not_netted(trade)
    corrects = isinstance(command, CorrectTrade)
    if corrects and not command.reason:
        raise Refused("reason-required", "a correction needs a reason", "$.reason")
    old = trade.terms
    trade_date, executed_at = _dealt_on(log, trade, command, fields)
    terms = linked.keeping_link(old, economics(
        command.terms,
        Deal(
            trade_date, log.template(book_defined), old, old.contra_owner, executed_at, log.reference, log.market
        ),
    ))
    if command.closes:
        terms = _closing(log, command.closes, terms)
    terms = keeping_parts(trade, terms)
    require_settled_part_stands(trade, terms)
    require_penalties_stand(trade, terms)
    require_may_trade(log, terms)
    require_limits(log, terms, trade.terms)
    fields["supersedes"] = f"{log.log}:{trade.terms_sequence}"
    kind = TradeCorrected if corrects else TradeAmended
    return kind(
        **fields, trade_id=trade.trade_id, revision=trade.revision + 1, terms=terms, previous=trade.terms
    )


def _dealt_on(
    log: "TradeDecider", trade: TradeState, command: AmendTrade | CorrectTrade, fields: Envelope
) -> tuple[date, datetime]:
    """The day and time of the deal. On another day it is another deal, held since then, but of a trade that was amended
    since: what was agreed when is left as it was.
    """
    old = trade.terms
    day = command.trade_date if isinstance(command, CorrectTrade) and command.trade_date else old.trade_date
    if day == old.trade_date or trade.held_from not in {old.executed_at, closing_of(old.trade_date)}:
        return day, old.executed_at
    dealt = {**fields, "business_date": log.business_date() or fields["business_date"]}
    executed_at = begins(command, day, dealt)
    fields["effective_at"] = dealt["effective_at"]
    return day, executed_at


def _closing(log: "TradeDecider", closes: tuple[NamedLot, ...], terms: Economics) -> Economics:
    require_closing(log, closes, terms)
    return replace(terms, closes=closes)


def cancelled(trade: TradeState, fields: Envelope) -> Event:
    instruments = tuple(name for name in trade.instruments if name != trade.terms.instrument)
    return TradeCancelled(
        **fields, trade_id=trade.trade_id, revision=trade.revision, terms=trade.terms, instruments=instruments,
        entries=trade.entries,
    )


def require_book_defined(log: "TradeDecider", book_id: str, principal: Principal) -> BookDefined:
    found = log.reference.books.get(book_id)
    if found is None:
        raise Refused("unknown-book", f"no book {book_id!r} is defined", "$.book")
    require_book(principal, book_id)
    return found


def _require_parties(log: "TradeDecider", command: BookTrade, book_defined: BookDefined) -> None:
    trader = log.reference.traders.get(command.trader)
    if trader is None:
        raise Refused("unknown-trader", f"no trader {command.trader!r} is defined", "$.trader")
    if trader.desk != book_defined.desk or (trader.books and command.book not in trader.books):
        raise Refused("trader-not-in-book", f"{command.trader} may not trade for {command.book}", "$.trader")
    if command.counterparty not in log.reference.counterparties:
        raise Refused("unknown-counterparty", f"no counterparty {command.counterparty!r} is defined", "$.counterparty")


def require_may_trade(log: "TradeDecider", terms: Economics) -> None:
    reference = log.reference
    if terms.book in reference.killed_books:
        raise Refused("kill-switch", f"the kill switch of book {terms.book} is on", "$.book")
    if terms.trader in reference.killed_traders:
        raise Refused("kill-switch", f"the kill switch of trader {terms.trader} is on", "$.trader")
    if terms.instrument in reference.restricted:
        raise Refused("restricted-instrument", f"{terms.instrument} is on the restricted list", "$.terms.instrument")


def require_limits(
    log: "TradeDecider", terms: Economics, previous: Economics | None = None, beside: Economics | None = None, *,
    on_market: bool = True,
) -> None:
    """Whether the book has headroom for ``terms`` in place of ``previous``, once it has taken ``beside`` on. What is
    not dealt ``on_market`` has no collar.

    Raises:
        Refused: with the limit's code.
    """
    limits = log.reference.limits_of(terms.book, terms.instrument)
    if limits is not None:
        used, before = log.used.get(terms.book, ZERO), log.positions.get((terms.book, terms.instrument), ZERO)
        if beside is not None:
            used, before = used + (beside.notional or ZERO), before + beside.quantity
        after = before + log.entitlements.now(terms)
        if previous is not None and previous.instrument == terms.instrument:
            after -= log.entitlements.now(previous)
        limits = limits if on_market else replace(limits, price_collar=None)
        require_headroom(terms, limits, used, (before, after), previous)
    if previous is not None and previous.instrument != terms.instrument:
        require_position_without(log, previous)


def require_position_without(log: "TradeDecider", left: Economics) -> None:
    """Whether the position that ``left`` is in stands without it.

    Raises:
        Refused: as for a position that is taken on.
    """
    limits = log.reference.limits_of(left.book, left.instrument)
    if limits is not None and limits.position_quantity is not None:
        held = log.positions.get((left.book, left.instrument), ZERO)
        require_within(held, held - log.entitlements.now(left), limits.position_quantity)


def contra_owner_of(log: "TradeDecider", contra_book: str | None) -> str | None:
    if contra_book is None:
        return None
    found = log.reference.books.get(contra_book)
    if found is None:
        raise Refused("unknown-book", f"no book {contra_book!r} is defined", "$.contra_book")
    return found.owner
