"""Rules for the contracts of instruments: what a bond, future or option promises must be possible."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from domain.bonds import coupon_periods
from domain.business_days import EARLIEST, LATEST
from domain.commands import DefineInstrument
from domain.commands.contracts import BondContract, Contract, FutureContract, OptionContract
from domain.events import InstrumentDefined
from domain.money import ZERO, require_amount, require_positive
from domain.refusals import Refused

MOST_COUPON_PERCENT = Decimal(1000)
_CATEGORIES = {BondContract: "D", FutureContract: "F", OptionContract: "O"}


def require_contract(instruments: Mapping[str, InstrumentDefined], command: DefineInstrument) -> None:
    """Whether ``command`` has a contract that can be.

    Raises:
        Refused: naming the field.
    """
    contract = command.contract
    assert contract is not None
    _require_category(contract, command.cfi)
    if isinstance(contract, BondContract):
        _require_bond(contract)
    elif isinstance(contract, FutureContract):
        require_positive(contract.multiplier, "$.contract.multiplier")
        require_positive(contract.tick, "$.contract.tick")
    else:
        _require_option(instruments, contract, command.currency)


def _require_category(contract: Contract, cfi: str) -> None:
    category = _CATEGORIES[type(contract)]
    if not cfi.startswith(category):
        raise Refused("cfi-mismatch", f"the CFI of such an instrument begins with {category}", "$.cfi")


def _require_bond(bond: BondContract) -> None:
    if not ZERO <= require_amount(bond.coupon, "$.contract.coupon") <= MOST_COUPON_PERCENT:
        raise Refused("out-of-range", "a coupon is yearly in percent, from 0 to 1000", "$.contract.coupon")
    if not EARLIEST <= bond.issue_date < bond.maturity_date <= LATEST:
        raise Refused(
            "date-out-of-range", "a bond is issued before it matures, between 1970 and 2199", "$.contract.maturity_date"
        )
    first = bond.first_coupon_date
    if first is None:
        return
    if not bond.issue_date < first <= bond.maturity_date:
        raise Refused("date-out-of-range", "the first coupon lies in the bond's life", "$.contract.first_coupon_date")
    regular = coupon_periods(msgspec.structs.replace(bond, first_coupon_date=None))
    if first not in {period.end for period in regular}:
        raise Refused(
            "off-schedule", "no coupon falls on this day, counted back from the maturity",
            "$.contract.first_coupon_date",
        )


def _require_option(instruments: Mapping[str, InstrumentDefined], option: OptionContract, currency: str) -> None:
    require_positive(option.multiplier, "$.contract.multiplier")
    require_positive(option.strike, "$.contract.strike")
    underlying = instruments.get(option.underlying)
    if underlying is None:
        raise Refused(
            "unknown-instrument", f"no instrument {option.underlying!r} is defined", "$.contract.underlying"
        )
    if underlying.contract is not None or underlying.currency != currency:
        raise Refused(
            "wrong-product", f"{option.underlying} is no share of the option's currency", "$.contract.underlying"
        )
