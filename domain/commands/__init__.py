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

ReferenceCommand = (
    DefineLegalEntity | DefineDesk | DefineBook | DefineTrader | DefineCounterparty | DefineInstrument | DefineCalendar
    | SetLimit | RestrictInstrument | LiftRestriction | EngageKillSwitch | ReleaseKillSwitch | IssueKey | RevokeKey
    | RollBusinessDate | ClosePeriod
)
MarketCommand = RecordPrice | RecordFxRate
LedgerCommand = BookTrade | AmendTrade | CorrectTrade | CancelTrade | AffirmTrade | SettleTrade | FailSettlement
AnyCommand = ReferenceCommand | MarketCommand | LedgerCommand

__all__ = [
    "AffirmTrade", "AmendTrade", "AnyCommand", "BookTrade", "CancelTrade", "ClosePeriod", "Command", "CorrectTrade",
    "DefineBook", "DefineCalendar", "DefineCounterparty", "DefineDesk", "DefineInstrument", "DefineLegalEntity",
    "DefineTrader", "EngageKillSwitch", "EquityTerms", "FailSettlement", "FxSpotTerms", "IssueKey", "LedgerCommand",
    "LiftRestriction", "LoanTerms", "MarketCommand", "RecordFxRate", "RecordPrice", "ReferenceCommand",
    "ReleaseKillSwitch", "RestrictInstrument", "RevokeKey", "RollBusinessDate", "SetLimit", "SettleTrade", "Terms",
    "TradeCommand", "UnreadableCommand",
]
