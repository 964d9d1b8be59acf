"""What is traded on a generated day: shares and funds, bonds and bills, futures, options."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from domain.commands import BondContract, FutureContract, OptionContract
from domain.commands.contracts import Contract
from domain.identifiers import isin_of

RESTRICTED = "ATOS"
STOCKS: tuple[tuple[str, str, str, str, str], ...] = (
    ("AIRLIQ", "Air Liquide", "FR000012007", "XPAR", "175.30"), ("AIRBUS", "Airbus", "NL000023519", "XPAR", "168.22"),
    ("BNP", "BNP Paribas", "FR000013110", "XPAR", "74.11"), ("SANOFI", "Sanofi", "FR000012057", "XPAR", "88.45"),
    ("TOTAL", "TotalEnergies", "FR000012027", "XPAR", "57.90"), ("LVMH", "LVMH", "FR000012101", "XPAR", "612.40"),
    ("ATOS", "Atos", "FR000005173", "XPAR", "41.75"), ("ORANGE", "Orange", "FR000013330", "XPAR", "13.42"),
    ("SIEMENS", "Siemens", "DE000723610", "XETR", "231.05"), ("SAP", "SAP", "DE000716460", "XETR", "240.70"),
    ("ALLIANZ", "Allianz", "DE000840400", "XETR", "352.60"), ("BASF", "BASF", "DE000BASF11", "XETR", "45.18"),
    ("SHELL", "Shell", "GB00BP6MXD8", "XLON", "27.64"), ("HSBC", "HSBC", "GB000540528", "XLON", "9.87"),
    ("VOD", "Vodafone", "GB00BH4HKS3", "XLON", "0.91"), ("NESTLE", "Nestle", "CH003886335", "XSWX", "82.16"),
    ("NOVARTIS", "Novartis", "CH001200526", "XSWX", "101.32"), ("TOYOTA", "Toyota", "JP363340000", "XTKS", "2811"),
    ("SONY", "Sony", "JP343500000", "XTKS", "4120"), ("APPLE", "Apple", "US037833100", "XNAS", "246.02"),
    ("MSFT", "Microsoft", "US594918104", "XNAS", "512.77"), ("IBM", "IBM", "US459200101", "XNYS", "291.44"),
    ("GE", "GE Aerospace", "US369604301", "XNYS", "288.30"), ("JPM", "JPMorgan", "US46625H100", "XNYS", "302.11"),
    ("VIVENDI", "Vivendi", "FR000012777", "XPAR", "9.10"), ("TARKETT", "Tarkett", "FR000418872", "XPAR", "16.80"),
    ("PEUGEOT", "Peugeot", "FR000012150", "XPAR", "21.70"), ("STELLAN", "Stellantis", "NL00150001Q", "XPAR", "12.45"),
    ("INGENICO", "Ingenico", "FR000012534", "XPAR", "120.40"), ("WORLDLINE", "Worldline", "FR001198196", "XPAR", "62"),
    ("HAVAS", "Havas", "NL0015002AH", "XPAR", "1.52"),
)
SPUN_OFF = "HAVAS"
"""It is traded from the day on which its parent spins it off."""
FUNDS: tuple[tuple[str, str, str, str, str], ...] = (
    ("ETF-WORLD", "World equities", "LU168104359", "XPAR", "531.20"),
    ("ETF-EURO", "Euro area equities", "FR000705467", "XPAR", "58.36"),
    ("ETF-DAX", "German equities", "DE000593393", "XETR", "197.44"),
    ("ETF-US", "US equities", "US922908363", "XNYS", "612.75"),
)
VENUES = {"XPAR": "EUR", "XETR": "EUR", "XLON": "GBP", "XSWX": "CHF", "XTKS": "JPY", "XNAS": "USD", "XNYS": "USD"}
COUPON_BOND, SHORT_BILL = "OAT", "BTF-SHORT"
BONDS: tuple[tuple[str, str, str, str, str], ...] = (
    (COUPON_BOND, "French Republic 3.5 %", "FR001400H7V", "XPAR", "101.12"),
    ("BUND", "German Federation 2.3 %", "DE000110261", "XETR", "97.85"),
    ("GILT", "United Kingdom 4 %", "GB00BMBL1D5", "XLON", "96.40"),
    ("TNOTE", "US Treasury 4.125 %", "US91282CJK8", "XNYS", "100.31"),
    (SHORT_BILL, "French bill, falls due soon", "FR012745106", "XPAR", "99.97"),
    ("BTF-LONG", "French bill", "FR012799272", "XPAR", "98.60"),
)
INDEX, EXPIRING_INDEX = "CAC-NEXT", "CAC-NEAR"
FUTURES: tuple[tuple[str, str, str, str, str, str], ...] = (
    (INDEX, "CAC 40 future, next month", "10", "0.5", "XPAR", "8012.5"),
    (EXPIRING_INDEX, "CAC 40 future, near month", "10", "0.5", "XPAR", "8004"),
    ("BUND-FUT", "Bund future", "1000", "0.01", "XETR", "128.47"),
)
OPTIONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("AIRBUS-C150", "call", "AIRBUS", "150", "19.20"), ("AIRBUS-P190", "put", "AIRBUS", "190", "22.60"),
    ("BNP-C65", "call", "BNP", "65", "9.60"), ("LVMH-C700", "call", "LVMH", "700", "0.85"),
    ("SAP-P200", "put", "SAP", "200", "0.40"),
)
IN_THE_MONEY = ("AIRBUS-C150", "AIRBUS-P190", "BNP-C65")
OUT_OF_THE_MONEY = ("LVMH-C700", "SAP-P200")
MARKET_OF = {row[0]: row[3] for row in (*STOCKS, *FUNDS, *BONDS)}


def years_from(day: date, years: int) -> date:
    """The same day of another year; of a 29th of February only for leap years."""
    return day.replace(year=day.year + years)


def listed(days: tuple[date, ...]) -> Iterator[dict[str, Any]]:
    """The definitions, each after what it refers to."""
    for cfi, rows in (("ESVUFR", STOCKS), ("CEOGES", FUNDS)):
        for name, title, isin, mic, _ in rows:
            yield _defined(name, title, isin, mic=mic, cfi=cfi)
    contracts = bond_contracts(days)
    for name, title, isin, mic, _ in BONDS:
        bond = contracts[name]
        yield _defined(name, title, isin, mic=mic, cfi="DBFTFB" if bond.coupon else "DBZTFB", contract=bond)
    for number, (name, title, multiplier, tick, mic, _) in enumerate(FUTURES):
        future = FutureContract(
            multiplier=Decimal(multiplier), tick=Decimal(tick),
            last_trading_day=days[2] if name == EXPIRING_INDEX else years_from(days[0], 4),
        )
        yield _defined(name, title, f"FR00GENFUT{number}", mic=mic, cfi="FFICSX", contract=future)
    for number, (name, right, underlying, strike, _) in enumerate(OPTIONS):
        option = OptionContract(
            right="call" if right == "call" else "put", underlying=underlying, strike=Decimal(strike),
            multiplier=Decimal(100), expiry=days[2],
        )
        title, cfi = f"{underlying} {right} at {strike}", "OCASPS" if right == "call" else "OPASPS"
        yield _defined(name, title, f"FR00GENOPT{number}", mic=MARKET_OF[underlying], cfi=cfi, contract=option)


def bond_contracts(days: tuple[date, ...]) -> dict[str, BondContract]:
    """What bonds promise. Who buys one on the first day has it before its coupon, or its end, on the last."""
    first, last = days[0], days[-1]
    issued = years_from(last, -4)
    return {
        COUPON_BOND: BondContract(coupon=Decimal("3.5"), issue_date=issued, maturity_date=years_from(last, 8)),
        "BUND": BondContract(coupon=Decimal("2.3"), issue_date=issued, maturity_date=date(first.year + 7, 2, 15)),
        "GILT": BondContract(
            coupon=Decimal(4), frequency=2, issue_date=issued, maturity_date=date(first.year + 8, 12, 7),
            ex_coupon_days=7,
        ),
        "TNOTE": BondContract(
            coupon=Decimal("4.125"), frequency=2, issue_date=issued, maturity_date=date(first.year + 5, 11, 15)
        ),
        SHORT_BILL: BondContract(coupon=Decimal(0), issue_date=issued, maturity_date=last),
        "BTF-LONG": BondContract(coupon=Decimal(0), issue_date=first, maturity_date=years_from(last, 4)),
    }


def first_prices() -> dict[str, Decimal]:
    """By name, in percent for a bond."""
    rows = (*STOCKS, *FUNDS, *BONDS, *FUTURES, *OPTIONS)
    return {row[0]: Decimal(row[-1]) for row in rows}


def _defined(
    name: str, title: str, isin: str, *, mic: str, cfi: str, contract: Contract | None = None
) -> dict[str, Any]:
    cleared = isinstance(contract, FutureContract | OptionContract)
    return {
        "instrument": name, "name": title, "isin": isin_of(isin), "mic": mic, "cfi": cfi, "currency": VENUES[mic],
        "issuer": name, "calendar": mic, "contract": contract, "settlement_days": 1 if cleared else None,
    }
