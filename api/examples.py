"""One example for every public route."""

from typing import Any

import msgspec

TERMS = {"product": "equity", "side": "buy", "instrument": "SAN", "quantity": "100", "price": "91.25",
         "fees": {"broker": "4.50"}}
BOOKING: dict[str, Any] = {"trade_id": "T-1", "book": "EQ-1", "trader": "anna", "counterparty": "ACME",
                           "trade_date": "2026-11-24", "terms": TERMS}
_LISTED = {"isin": "FR0000120578", "mic": "XPAR", "currency": "EUR", "issuer": "SANOFI", "calendar": "XPAR"}
CONTRACTS: list[dict[str, Any]] = [
    {"instrument": "OAT-35", "name": "OAT 3.5 % 2035", "cfi": "DBFTFB", **_LISTED, "contract": {
        "kind": "bond", "coupon": "3.5", "frequency": 1, "day_count": "ACT/ACT-ICMA", "issue_date": "2025-05-25",
        "maturity_date": "2035-05-25"}},
    {"instrument": "CRUDE-Z6", "name": "Crude, December 2026", "cfi": "FCECSX", **_LISTED, "contract": {
        "kind": "future", "multiplier": "1000", "tick": "0.01", "last_trading_day": "2026-12-18"}},
    {"instrument": "SAN-C90", "name": "Sanofi call at 90", "cfi": "OCASPS", **_LISTED, "contract": {
        "kind": "option", "right": "call", "underlying": "SAN", "strike": "90", "multiplier": "100",
        "expiry": "2026-12-18"}},
]
_FX = {"side": "buy", "base": "EUR", "quote": "USD", "quantity": "100000", "rate": "1.0842"}
_PRODUCTS: dict[str, dict[str, Any]] = {
    "equity": TERMS,
    "bond": {"side": "buy", "instrument": "OAT-35", "quantity": "100000", "price": "99.5"},
    "future": {"side": "buy", "instrument": "CRUDE-Z6", "quantity": "10", "price": "61.25"},
    "option": {"side": "buy", "instrument": "SAN-C90", "quantity": "10", "price": "2.5"},
    "fx-spot": _FX, "fx-forward": {**_FX, "points": "0.0012", "tenor": "3M"},
    "fx-swap": {**_FX, "far_points": "0.0012", "far_trade_id": "T-FAR", "tenor": "1M"},
    "loan-deposit": {"side": "lend", "currency": "EUR", "principal": "36000", "rate_type": "floating", "rate": "4",
                     "index": "ESTR", "start_date": "2026-11-24", "maturity_date": "2026-12-24"},
}
BOOKINGS: dict[str, dict[str, Any]] = {
    product: {**BOOKING, "terms": {"product": product, **terms}} for product, terms in _PRODUCTS.items()
}
USE: dict[str, Any] = {"quantity": "4", "on": "2026-11-24", "delivery_trade_id": "T-DELIVERY"}
EXPIRY = {"on": "2026-12-18"}
MARGIN = {"book": "EQ-1", "instrument": "CRUDE-Z6", "price": "61.40", "on": "2026-11-24"}
FIXING = {"rate": "3.75", "fixed_from": "2026-12-01"}
ROLL_OVER: dict[str, Any] = {"new_trade_id": "T-NEXT", "rate": "3.5", "tenor": "1M", "capitalises": True}
REPAYMENT = {"quantity": "12000", "repaid_on": "2026-12-01", "break_cost": "25"}
BULK: list[dict[str, Any]] = [
    {"type": "BookTrade", "command_id": "c-1", **BOOKING},
    {"type": "CancelTrade", "command_id": "c-2", "trade_id": "T-1", "book": "EQ-1"},
    {"type": "DefineInstrument", "command_id": "c-3", **CONTRACTS[0]},
    {"type": "BookTrade", "command_id": "c-4", **BOOKINGS["bond"], "trade_id": "T-2"},
]
OUTCOME = {"status": "accepted", "source": "desk-7", "command_id": "c-1", "log": "ledger-0", "sequence": 17,
           "count": 1, "stream": "trade:T-1", "version": 1}
AMENDMENT = {"terms": {**TERMS, "quantity": "120"}}
CORRECTION = {"terms": {**TERMS, "price": "91.52"}, "reason": "digits were swapped"}
REASON = {"reason": "agreed with the counterparty"}
SETTLEMENT = {"quantity": "60", "settled_on": "2026-11-26"}
ALLOCATION = {"allocations": [
    {"trade_id": "T-1-A", "book": "EQ-1", "share": "60", "account": "K-17"},
    {"trade_id": "T-1-B", "book": "EQ-2", "share": "40"},
]}
REALLOCATION = {"allocations": [{"trade_id": "T-1-C", "book": "EQ-2", "quantity": "100"}]}
NOVATION = {"new_trade_id": "T-1-N", "counterparty": "BETA", "quantity": "40"}
COMPRESSION = {"trade_id": "T-9", "book": "EQ-1", "trade_ids": ["T-1", "T-2"]}
INCREASE = {"quantity": "20", "price": "92.10", "fees": {"broker": "1.00"}}
DECREASE = {"quantity": "25", "price": "92.40", "trade_date": "2026-11-25"}
TERMINATION = {"amount": "-150.00", "reason": "agreed with the counterparty"}
TRADE = {"id": "EQ-1/T-1", "book": "EQ-1", "trade_id": "T-1", "status": "booked", "position": "ledger-0:17",
         "state": {"version": 1, "revision": 1, "terms": {
             "product": "equity", "instrument": "SAN", "quantity": "100", "price": "91.25", "amount": "-9125.00",
             "currency": "EUR", "fees": {"broker": "4.50"}, "settlement_date": "2026-11-26"}}}
POSITION = {"book": "EQ-1", "instrument": "SAN", "quantity": "100", "settled": "0", "in_flight": "100",
            "cost": "9125", "realised": "0", "mark": "92", "unrealised": "75", "market_position": "market:41"}
AS_OF = {"valid_at": "2026-11-24T23:59:59.999999Z", "known_at": "ledger-0:17", "final": True}
_FIGURES = {"quantity": "100", "settled": "0", "cost": "9125", "realised": "0", "fees": "4.50", "penalties": "0",
            "income": "0"}
EXPLANATION = {"book": "EQ-1", "instrument": "SAN", "currency": "EUR", **_FIGURES, "items": [
    {**_FIGURES, "event": "ledger-0:17", "trade_id": "T-1", "revision": 1, "kind": "trade", "price": "91.25",
     "amount": "-9125", "opened": [{"trade_id": "T-1", "quantity": "100"}], "closed": [], "actor": "desk-7",
     "valid_from": "2026-11-24T09:00:00Z", "recorded_at": "2026-11-24T09:00:01Z", "reason": None}], **AS_OF}
DIFFERENCE = {"items": [{
    "book": "EQ-1", "instrument": "SAN", "currency": "EUR", "before": {"quantity": "100"}, "after": {"quantity": "120"},
    "change": {"quantity": "20"}, "items": [
        {"event": "ledger-0:17", "trade_id": "T-1", "revision": 1, "kind": "trade", "what": "removed",
         "quantity": "-100", "cause": "ledger-0:25"},
        {"event": "ledger-0:25", "trade_id": "T-1", "revision": 2, "kind": "trade", "what": "added",
         "quantity": "120", "cause": "ledger-0:25"}],
    "causes": [{"event": "ledger-0:25", "actor": "desk-7", "recorded_at": "2026-11-25T16:20:00Z",
                "reason": "a digit was missing"}]}],
    "known_from": "ledger-0:17", "known_to": "ledger-0:31", "valid_at": None, "final": True, "next": None}
_CAUSE = {"event": "ledger-0:25", "actor": "desk-7", "recorded_at": "2026-11-24T15:04:05Z",
          "reason": "digits were swapped"}
_BETWEEN = {"known_from": "ledger-0:17", "known_to": "ledger-0:31", "valid_at": None, "final": True}
CASH_CHANGES = {"items": [{
    "book": "EQ-1", "currency": "EUR", "before": {"payable": "9129.50", "total": "-9129.50"},
    "after": {"payable": "9156.50", "total": "-9156.50"}, "change": {"payable": "27", "total": "-27"},
    "causes": [{**_CAUSE, "change": {"payable": "27", "total": "-27"}}]}], **_BETWEEN}
ACCOUNT_CHANGES = {"items": [{
    "account": "Equity:Trading:SAN", "asset": "EUR", "before": {"debit": "9125", "credit": "0", "balance": "9125"},
    "after": {"debit": "9152", "credit": "0", "balance": "9152"}, "change": {"debit": "27", "balance": "27"},
    "causes": [{**_CAUSE, "change": {"debit": "27", "balance": "27"}}]}], **_BETWEEN}
PROFIT_CHANGES = {"items": [{
    "name": "EQ-1", "base_currency": "EUR", "before": {"unrealised": "0", "total": "0", "rates": {}},
    "after": {"unrealised": "98", "total": "98", "rates": {"EUR": "1"}},
    "change": {"unrealised": "98", "total": "98"}, "causes": [
        {**_CAUSE, "change": {"unrealised": "48", "total": "48"}},
        {**_CAUSE, "event": "market:44", "reason": None, "change": {"unrealised": "50", "total": "50"}}]}],
    "unmarked": [], **_BETWEEN, "known_from": "ledger-0:17,market:41", "known_to": "ledger-0:31,market:44"}
SETTLEMENT_CHANGES = {"items": [{
    "book": "EQ-1", "trade_id": "T-1", "leg": "start", "before": {"status": "issued", "quantity": "100"},
    "after": {"status": "issued", "quantity": "120"}, "change": {"quantity": "20", "amount": "-1825"},
    "causes": [{**_CAUSE, "change": {"quantity": "20", "amount": "-1825"}}]}], **_BETWEEN, "next": None}
HISTORY = {"items": [{"log": "ledger-0", "sequence": 17, "version": 1, "type": "trade.booked.v1",
                      "state": {"trade_id": "T-1"}}]}
POSITIONS = {"items": [{name: value for name, value in POSITION.items() if name != "market_position"}],
             "market_position": "market:41", "next": None}
PROFIT = {"items": [{"name": "EQ", "base_currency": "EUR", "realised": "0", "unrealised": "75", "fees": "4.50",
                     "penalties": "0", "total": "70.50"}], "market_position": "market:41"}
_EARNED = {
    "items": [{"name": "EQ", "base_currency": "EUR", "amendments": "0", "corrected_marks": "0", "trades": "-12.50",
               "fees": "-4.50", "penalties": "0", "carry": "0", "prices": "75", "fx": "1.25", "total": "59.25"}],
    "unmarked": [],
}
ATTRIBUTION = {**_EARNED, "from": "2026-11-24T23:59:59.999999Z", "to": None, "known_from": "ledger-0:17,market:40",
               "known_at": "ledger-0:31,market:41", "final": True}
DAILY = {"days": [{"day": "2026-11-25", **_EARNED}], "known_at": "ledger-0:31,market:41", "final": True}
CASH = {"items": [{"book": "EQ-1", "currency": "EUR", "settled": "0", "receivable": "0", "payable": "9129.50",
                   "total": "-9129.50"}]}
ENTRY = {"items": [{"id": "EQ-1/ledger-0-000000000017", "trade_id": "T-1", "postings": [
    {"account": "Assets:SecuritiesReceivable:ACME", "asset": "SAN", "quantity": "100"},
    {"account": "Equity:Trading:SAN", "asset": "SAN", "quantity": "-100"}]}], "next": None}
TRIAL_BALANCE = {"items": [{"account": "Equity:Trading:SAN", "asset": "SAN", "debit": "0", "credit": "100",
                            "balance": "-100"}], "sums": {"SAN": "0", "EUR": "0"}}
FAIL = {"cause": "securities", "reason": "the seller is short"}
INSTRUCTION = {"instruction": "SI-000123"}
MISMATCH = {"difference": "their price is 91.52"}
BUY_IN = {"price": "93.10", "settled_on": "2026-12-03"}
PENALTY = {"through": "2026-11-30"}
STATEMENT = "as_of,depot,isin,quantity\n2026-11-26,EQ-1,FR0000120578,100\n"
RECONCILED = {"reconciliation": {"kind": "custody", "lines": 1, "matched": 0, "breaks": [
    {"account": "EQ-1", "asset": "SAN", "as_of": "2026-11-26", "lines": [2], "statement": "100", "settled": "0",
     "in_flight": "100", "difference": "100", "reasons": [
         {"cause": "unsettled", "quantity": "100", "trade_id": "T-1", "events": ["ledger-0:17"], "others": 0}]}]},
    "errors": []}
NET: dict[str, Any] = {"net_id": "N-1", "book": "EQ-1", "trade_ids": ["T-1", "T-2"]}
SETTLE_NET = {"book": "EQ-1", "settled_on": "2026-11-26"}
SETTLEMENTS = {"items": [{"trade_id": "T-1", "leg": "start", "book": "EQ-1", "status": "instructed",
                          "due_on": "2026-11-26", "overdue": False, "business_days_open": 0, "ageing": "not-due",
                          "quantity": "100", "amount": "-9129.50", "open_quantity": "100", "open_amount": "-9129.50",
                          "instruction": "SI-000123"}], "business_date": "2026-11-24", "next": None}
LOT = {"trade_id": "T-1", "trade_date": "2026-11-24", "quantity": "60", "cost": "5475"}
TRANSFER = {"transfer_id": "M-1", "book": "EQ-1", "to_book": "EQ-2", "instrument": "SAN", "transfer_date": "2026-11-25",
            "quantity": "60", "reason": "the strategy moves to the other desk"}
MOVED = {"id": "EQ-1/to/EQ-2/M-1", "transfer_id": "M-1", "book": "EQ-1", "other_book": "EQ-2", "status": "sent",
         "instrument": "SAN", "currency": "EUR", "quantity": "60", "cost": "5475", "lots": [LOT],
         "transfer_date": "2026-11-25", "position": "ledger-0:18"}
ROLL = {"business_date": "2026-11-25"}
PRICE = {"instrument": "SAN", "price": "92.00"}
PRICES = {"items": [{"kind": "prices", "key": "SAN", "content": {"instrument": "SAN", "price": "92.00"}}]}
RATE = {"base": "EUR", "quote": "USD", "rate": "1.0842"}
RATES = {"items": [{"kind": "rates", "key": "EUR/USD", "content": RATE}]}
EXPOSURE = {"items": [{"name": "EQ-1", "base_currency": "EUR", "holdings": 1, "long": "9125", "short": "0",
                       "gross": "9125", "net": "9125", "rates": {"EUR": "1"}, "unmarked": [], "dealt": "9125",
                       "unsettled": "9125", "reserved": "9125", "unconverted": []}], "market_position": "market:41"}
LIMIT = {"book": "EQ-1", "kind": "gross-notional", "amount": "5000000"}
LIMITS = {"items": [{"book": "EQ-1", "kind": "gross-notional", "instrument": None, "amount": "5000000",
                     "used": "9125"}]}
BREACHES = {"items": [{"id": "EQ-1/ledger-0-000000000018", "code": "limit-gross-notional", "book": "EQ-1"}],
            "next": None}
KILL_SWITCH = {"book": "EQ-1", "reason": "runaway orders"}
ALERTS = {"items": [{"id": "EQ-1/off-market/T-9", "kind": "off-market", "severity": "high",
                     "evidence": {"price": "120", "mark": "92"}}], "next": None}
AUDIT = {"items": [{"event": "ledger-0:17", "type": "trade.booked.v1", "actor": "desk-7", "trade_id": "T-1"}],
         "next": None}
EVENT = {"log": "ledger-0", "sequence": 17, "stream": "trade:T-1", "version": 1, "type": "trade.booked.v1",
         "state": {"trade_id": "T-1"}}
EVENT_LINE = msgspec.json.encode(EVENT).decode() + "\n"
EVENT_MESSAGE = f"id: reference:9,market:41,ledger-0:17\nevent: trade.booked.v1\ndata: {EVENT_LINE}\n"
OUTCOME_LINES = "".join(msgspec.json.encode({"line": line, **OUTCOME}).decode() + "\n" for line in (1, 2))
VERIFIER_KEY = "everbook/<ledger>/ledger-0+1f2e3d4c+AbC…=\n"
CHECKPOINT = "everbook/<ledger>/ledger-0\n40\nwo…=\n\n\u2014 everbook/<ledger>/ledger-0 AbC…=\n"
PROOF = {"log": "ledger-0", "sequence": 17, "tree_size": 40, "leaf": "9f…", "root": "c2…", "inclusion": ["7a…"]}
COUNTERPARTY = {"counterparty": "ACME", "trades": 12, "settlements": 9, "fails": 1, "books": ["EQ-1"],
                "exposure": [{"name": "ACME", "gross": "9125"}]}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "entities": {"entity": "BANK", "name": "Bank", "lei": "EVERBOOK000000000173", "base_currency": "EUR"},
    "desks": {"desk": "EQ", "name": "Equities", "entity": "BANK"},
    "books": {"book": "EQ-2", "name": "Second book", "desk": "EQ", "lot_method": "average"},
    "traders": {"trader": "anna", "name": "Anna", "desk": "EQ", "books": ["EQ-1", "EQ-2"]},
    "counterparties": {"counterparty": "ACME", "name": "Acme", "lei": "EVERBOOK000000000270", "country": "FR"},
    "calendars": {"calendar": "XPAR", "name": "Paris", "holidays": ["2026-12-25"], "weekend": [6, 7]},
    "instruments": {"instrument": "SAN", "name": "Sanofi", "isin": "FR0000120578", "mic": "XPAR", "cfi": "ESVUFR",
                    "currency": "EUR", "issuer": "SANOFI", "calendar": "XPAR", "settlement_days": 2},
    "settlement-cycles": {"market": "XNYS", "days": 1, "effective_from": "2024-05-28"},
    "penalty-rates": {"kind": "liquid-shares", "rate": "1.0", "effective_from": "2022-02-01"},
    "liquidity": {"instrument": "SAN", "liquidity": "liquid-shares", "effective_from": "2022-02-01"},
    "restrictions": {"instrument": "SAN", "reason": "we advise its buyer"},
    "corporate-actions": {"action": "SAN-2027-DIV", "instrument": "SAN", "ex_date": "2027-05-10",
                          "record_date": "2027-05-11", "pay_date": "2027-05-12",
                          "terms": {"kind": "cash-dividend", "amount": "3.92", "withholding_percent": "25"}},
}
EXCHANGES: dict[str, dict[str, Any]] = {
    "corporate-actions: spin-off": {
        "action": "SAN-2027-SPIN", "instrument": "SAN", "ex_date": "2027-06-01", "pay_date": "2027-06-03",
        "terms": {"kind": "spin-off", "into": "OPELLA", "new": "1", "old": "4", "cost_percent": "12.5",
                  "cash_in_lieu": "31.20"},
    },
    "corporate-actions: stock merger": {
        "action": "SAN-2027-MRGR", "instrument": "SAN", "ex_date": "2027-06-01",
        "terms": {"kind": "stock-merger", "into": "OPELLA", "new": "3", "old": "2"},
    },
    "corporate-actions: mixed merger": {
        "action": "SAN-2027-MIXED", "instrument": "SAN", "ex_date": "2027-06-01",
        "terms": {"kind": "mixed-merger", "into": "OPELLA", "new": "1", "old": "1", "amount": "20", "price": "75.40"},
    },
}
"""Actions that bring another instrument, which is to be defined before."""
AMENDED_ACTION = {"ex_date": "2027-05-10", "pay_date": "2027-05-14",
                  "terms": {"kind": "cash-dividend", "amount": "3.96", "withholding_percent": "25"},
                  "reason": "the meeting resolved on more"}
AMENDED_ACTIONS: dict[str, dict[str, Any]] = {
    "more": AMENDED_ACTION,
    "a spin-off": {"ex_date": "2027-06-02", "reason": "the part of the cost is known", "terms": {
        "kind": "spin-off", "into": "OPELLA", "new": "1", "old": "4", "cost_percent": "13.1"}},
}
REFERENCE = {"items": [{"kind": "books", "key": "EQ-1", "in_force": True, "content": {"desk": "EQ"}}], "next": None}
KEY = {"key_id": "desk-7", "name": "Equities desk", "roles": ["trader"], "books": ["EQ-1"]}
ISSUED = {**OUTCOME, "stream": "key:desk-7", "secret": "shown once"}
HEALTH = {"status": "ready"}
