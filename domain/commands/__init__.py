"""Every command, by the log that decides it."""

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
ActionCommands = (
    AnnounceCorporateAction | AmendCorporateAction | CancelCorporateAction
    | ApplyCorporateAction | PayCorporateAction | ReverseCorporateAction
)
AnyCommand = ReferenceCommand | MarketCommand | LedgerCommand | ActionCommands

__all__ = [
    "ActionCommand", "AffirmTrade", "AmendCorporateAction", "AmendTrade", "AnnounceCorporateAction", "AnyCommand",
    "ApplyCorporateAction", "BookTrade", "CancelCorporateAction", "CancelTrade", "ClosePeriod", "Command",
    "CorrectTrade", "DefineBook", "DefineCalendar", "DefineCounterparty", "DefineDesk", "DefineInstrument",
    "DefineLegalEntity", "DefineTrader", "EngageKillSwitch", "EquityTerms", "FailSettlement", "FxSpotTerms",
    "IssueKey", "LedgerCommand", "LiftRestriction", "LoanTerms", "MarketCommand", "PayCorporateAction",
    "RecordFxRate", "RecordPrice", "ReferenceCommand", "ReleaseKillSwitch", "RestrictInstrument",
    "ReverseCorporateAction", "RevokeKey", "RollBusinessDate", "SetLimit", "SettleTrade", "Terms", "TradeCommand",
    "UnreadableCommand",
]
