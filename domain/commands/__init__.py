"""Every command, by the log that decides it."""

from domain.commands.header import Command, UnreadableCommand
from domain.commands.lifecycle import (
    AllocateBlock,
    Allocation,
    CompressTrades,
    DecreaseTrade,
    IncreaseTrade,
    NovateTrade,
    ReallocateBlock,
    TerminateTrade,
)
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
LedgerCommand = (
    BookTrade | AmendTrade | CorrectTrade | CancelTrade | AffirmTrade | SettleTrade | FailSettlement | AllocateBlock
    | ReallocateBlock | NovateTrade | CompressTrades | IncreaseTrade | DecreaseTrade | TerminateTrade
)
AnyCommand = ReferenceCommand | MarketCommand | LedgerCommand

__all__ = [
    "AffirmTrade", "AllocateBlock", "Allocation", "AmendTrade", "AnyCommand", "BookTrade", "CancelTrade", "ClosePeriod",
    "Command", "CompressTrades", "CorrectTrade", "DecreaseTrade", "DefineBook", "DefineCalendar", "DefineCounterparty",
    "DefineDesk", "DefineInstrument", "DefineLegalEntity", "DefineTrader", "EngageKillSwitch", "EquityTerms",
    "FailSettlement", "FxSpotTerms", "IncreaseTrade", "IssueKey", "LedgerCommand", "LiftRestriction", "LoanTerms",
    "MarketCommand", "NovateTrade", "ReallocateBlock", "RecordFxRate", "RecordPrice", "ReferenceCommand",
    "ReleaseKillSwitch", "RestrictInstrument", "RevokeKey", "RollBusinessDate", "SetLimit",
    "SettleTrade", "TerminateTrade", "Terms", "TradeCommand", "UnreadableCommand",
]
