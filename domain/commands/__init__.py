"""Every command, by the log that decides it."""

from domain.commands.contracts import BondContract, Contract, FutureContract, OptionContract
from domain.commands.corporate_actions import (
    ActionCommand,
    AmendCorporateAction,
    AnnounceCorporateAction,
    ApplyCorporateAction,
    CancelCorporateAction,
    PayCorporateAction,
    ReverseCorporateAction,
)
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
from domain.commands.products import (
    AssignOption,
    ExerciseOption,
    ExpireOption,
    FixRate,
    RepayEarly,
    RollOverLoan,
    SettleVariationMargin,
)
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
    BondTerms,
    BookTrade,
    CancelTrade,
    CorrectTrade,
    EquityTerms,
    FailSettlement,
    FutureTerms,
    FxForwardTerms,
    FxSpotTerms,
    FxSwapTerms,
    LoanTerms,
    OptionTerms,
    SettleTrade,
    Terms,
    TradeCommand,
)
from domain.commands.transfers import ReceiveTransfer, ReturnTransfer, TransferPosition

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
ProductCommand = (
    ExerciseOption | AssignOption | ExpireOption | SettleVariationMargin | FixRate | RollOverLoan | RepayEarly
)
TransferCommands = TransferPosition | ReceiveTransfer | ReturnTransfer
ActionCommands = (
    AnnounceCorporateAction | AmendCorporateAction | CancelCorporateAction
    | ApplyCorporateAction | PayCorporateAction | ReverseCorporateAction
)
AnyCommand = (
    ReferenceCommand | MarketCommand | LedgerCommand | SettlementCommand | ProductCommand | TransferCommands
    | ActionCommands
)

__all__ = [
    "ActionCommand", "AffirmTrade", "AllocateBlock", "Allocation", "AmendCorporateAction", "AmendTrade",
    "AnnounceCorporateAction", "AnyCommand", "ApplyCorporateAction", "AssignOption", "BondContract", "BondTerms",
    "BookPenalty", "BookTrade", "BuyIn", "CancelCorporateAction", "CancelInstruction", "CancelTrade",
    "ClassifyInstrument", "ClosePeriod", "Command", "CompressTrades", "Contract", "CorrectTrade", "DecreaseTrade",
    "DefineBook", "DefineCalendar", "DefineCounterparty", "DefineDesk", "DefineInstrument", "DefineLegalEntity",
    "DefineTrader", "DissolveNet", "EngageKillSwitch", "EquityTerms", "ExerciseOption", "ExpireOption",
    "FailSettlement", "FixRate", "FutureContract", "FutureTerms", "FxForwardTerms", "FxSpotTerms", "FxSwapTerms",
    "HoldSettlement", "IncreaseTrade", "InstructSettlement", "IssueKey", "LedgerCommand", "LiftRestriction",
    "LoanTerms", "MarketCommand", "MatchSettlement", "NetSettlements", "NovateTrade", "OptionContract", "OptionTerms",
    "PayCorporateAction", "ReallocateBlock", "RecordFxRate", "RecordPrice", "ReferenceCommand", "ReleaseKillSwitch",
    "ReleaseSettlement", "RepayEarly", "ReportMismatch", "RestrictInstrument", "ReverseCorporateAction", "RevokeKey",
    "RollBusinessDate", "RollOverLoan", "SetLimit", "SetPenaltyRate", "SetSettlementCycle", "SettleNet", "SettleTrade",
    "SettleVariationMargin", "TerminateTrade", "Terms", "TradeCommand", "TransferPosition", "UnreadableCommand",
]
