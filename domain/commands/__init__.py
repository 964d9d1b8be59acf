"""Every command, by the log that decides it."""

from domain.commands.header import Command, UnreadableCommand
from domain.commands.market import RecordFxRate, RecordPrice
from domain.commands.reference import (
    ClosePeriod,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EngageKillSwitch,
    IssueKey,
    LiftRestriction,
    ReleaseKillSwitch,
    RestrictInstrument,
    RevokeKey,
    RollBusinessDate,
    SetLimit,
)
from domain.commands.trades import (
    AffirmTrade,
    AmendTrade,
    BookTrade,
    CancelTrade,
    CorrectTrade,
    EquityTerms,
    FailSettlement,
    FxSpotTerms,
    LoanTerms,
    SettleTrade,
    Terms,
    TradeCommand,
)
from domain.commands.transfers import ReceiveTransfer, ReturnTransfer, TransferPosition

ReferenceCommand = (
    DefineLegalEntity | DefineDesk | DefineBook | DefineTrader | DefineCounterparty | DefineInstrument | DefineCalendar
    | SetLimit | RestrictInstrument | LiftRestriction | EngageKillSwitch | ReleaseKillSwitch | IssueKey | RevokeKey
    | RollBusinessDate | ClosePeriod
)
MarketCommand = RecordPrice | RecordFxRate
LedgerCommand = BookTrade | AmendTrade | CorrectTrade | CancelTrade | AffirmTrade | SettleTrade | FailSettlement
TransferCommands = TransferPosition | ReceiveTransfer | ReturnTransfer
AnyCommand = ReferenceCommand | MarketCommand | LedgerCommand | TransferCommands

__all__ = [
    "AffirmTrade", "AmendTrade", "AnyCommand", "BookTrade", "CancelTrade", "ClosePeriod", "Command", "CorrectTrade",
    "DefineBook", "DefineCalendar", "DefineCounterparty", "DefineDesk", "DefineInstrument", "DefineLegalEntity",
    "DefineTrader", "EngageKillSwitch", "EquityTerms", "FailSettlement", "FxSpotTerms", "IssueKey", "LedgerCommand",
    "LiftRestriction", "LoanTerms", "MarketCommand", "RecordFxRate", "RecordPrice", "ReferenceCommand",
    "ReleaseKillSwitch", "RestrictInstrument", "RevokeKey", "RollBusinessDate", "SetLimit", "SettleTrade", "Terms",
    "TradeCommand", "TransferPosition", "UnreadableCommand",
]
