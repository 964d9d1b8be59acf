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
from domain.commands.regimes import ClassifyInstrument, SetPenaltyRate, SetSettlementCycle
from domain.commands.settlement import (
    BookPenalty,
    BuyIn,
    CancelInstruction,
    DissolveNet,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    NetSettlements,
    ReleaseSettlement,
    ReportMismatch,
    SettleNet,
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
    | RollBusinessDate | ClosePeriod | SetSettlementCycle | SetPenaltyRate | ClassifyInstrument
)
MarketCommand = RecordPrice | RecordFxRate
SettlementCommand = (
    InstructSettlement | MatchSettlement | ReportMismatch | CancelInstruction | HoldSettlement | ReleaseSettlement
    | BuyIn | BookPenalty | NetSettlements | SettleNet | DissolveNet
)
LedgerCommand = (
    BookTrade | AmendTrade | CorrectTrade | CancelTrade | AffirmTrade | SettleTrade | FailSettlement | AllocateBlock
    | ReallocateBlock | NovateTrade | CompressTrades | IncreaseTrade | DecreaseTrade | TerminateTrade
)
AnyCommand = ReferenceCommand | MarketCommand | LedgerCommand | SettlementCommand

__all__ = [
    "AffirmTrade", "AllocateBlock", "Allocation", "AmendTrade", "AnyCommand", "BookPenalty", "BookTrade", "BuyIn",
    "CancelInstruction", "CancelTrade", "ClassifyInstrument", "ClosePeriod", "Command", "CompressTrades",
    "CorrectTrade", "DecreaseTrade", "DefineBook", "DefineCalendar", "DefineCounterparty", "DefineDesk",
    "DefineInstrument", "DefineLegalEntity", "DefineTrader", "DissolveNet", "EngageKillSwitch", "EquityTerms",
    "FailSettlement", "FxSpotTerms", "HoldSettlement", "IncreaseTrade", "InstructSettlement", "IssueKey",
    "LedgerCommand", "LiftRestriction", "LoanTerms", "MarketCommand", "MatchSettlement", "NetSettlements",
    "NovateTrade", "ReallocateBlock", "RecordFxRate", "RecordPrice", "ReferenceCommand", "ReleaseKillSwitch",
    "ReleaseSettlement", "ReportMismatch", "RestrictInstrument", "RevokeKey", "RollBusinessDate", "SetLimit",
    "SetPenaltyRate", "SetSettlementCycle", "SettleNet", "SettleTrade", "TerminateTrade", "Terms", "TradeCommand",
    "UnreadableCommand",
]
