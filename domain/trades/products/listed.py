"""What is traded by the name of an instrument: shares and funds, bonds and bills, futures, options."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain.bonds import accrued, accrued_amount
from domain.business_days import add_business_days
from domain.commands.contracts import BondContract, FutureContract, OptionContract
from domain.commands.trades import BondTerms, EquityTerms, FutureTerms, ListedTerms, OptionTerms
from domain.events import InstrumentDefined
from domain.events.trades import AccruedInterest, Economics
from domain.money import ZERO, require_amount, require_positive
from domain.refusals import Refused
from domain.trades.products.deal import Deal, require_fees, require_not_before, signed_quantity


def equity(terms: EquityTerms, deal: Deal) -> Economics:
    """Shares, or those of a fund, at a price each."""
    name = terms.instrument
    instrument = _instrument(terms, deal)
    if instrument.contract is not None:
        raise _wrong_product(instrument, "equity")
    quantity = require_positive(terms.quantity, "$.terms.quantity")
    if terms.side == "sell":
        quantity = -quantity
    price = require_amount(terms.price, "$.terms.price")
    amount, currency = -(quantity * price), instrument.currency
    # Most trades are of shares: all is filled in at once.
    return replace(
        deal.begun(), product="equity", instrument=name, asset=name, currency=currency, issuer=instrument.issuer,
        quantity=quantity, price=price, amount=amount, fees=require_fees(terms.fees), isin=instrument.isin,
        mic=instrument.mic, settlement_date=_settlement_date(terms, deal, instrument),
        notional=deal.notional(amount, currency), mark=deal.market.price(name),
    )


def bond(terms: BondTerms, deal: Deal) -> Economics:
    """Nominal at a clean price, and the interest that has accrued by the settlement date."""
    instrument = _instrument(terms, deal)
    contract = instrument.contract
    if not isinstance(contract, BondContract):
        raise _wrong_product(instrument, "bond")
    begun = replace(_traded(terms, deal, instrument), product="bond", contract=contract)
    if not contract.issue_date <= begun.settlement_date < contract.maturity_date:
        raise Refused(
            "date-out-of-range", f"{terms.instrument} settles from {contract.issue_date} on, before "
            f"{contract.maturity_date}", "$.terms.settlement_date",
        )
    interest = _accrued(contract, begun, deal, instrument)
    amount = -begun.value + (interest.amount if interest else ZERO)
    return replace(begun, amount=amount, accrued=interest, notional=deal.notional(amount, begun.currency))


def future(terms: FutureTerms, deal: Deal) -> Economics:
    """Contracts: no money but fees, and as much at risk as what they are of is worth."""
    instrument = _instrument(terms, deal)
    contract = instrument.contract
    if not isinstance(contract, FutureContract):
        raise _wrong_product(instrument, "future")
    if deal.trade_date > contract.last_trading_day:
        raise Refused("expired", f"{terms.instrument} was last traded on {contract.last_trading_day}", "$.trade_date")
    # Nothing is paid for a future, so its fees are in no cost.
    begun = replace(_traded(terms, deal, instrument), product="future", contract=contract, fees_in_cost=False)
    _require_whole(begun.quantity)
    if begun.price % contract.tick:
        raise Refused("off-tick", f"a price of {terms.instrument} is so many times {contract.tick:f}", "$.terms.price")
    return replace(begun, notional=deal.notional(begun.value, begun.currency))


def option(terms: OptionTerms, deal: Deal) -> Economics:
    """Contracts for a premium."""
    instrument = _instrument(terms, deal)
    contract = instrument.contract
    if not isinstance(contract, OptionContract):
        raise _wrong_product(instrument, "option")
    if deal.trade_date > contract.expiry:
        raise Refused("expired", f"{terms.instrument} expired on {contract.expiry}", "$.trade_date")
    begun = replace(_traded(terms, deal, instrument), product="option", contract=contract)
    _require_whole(begun.quantity)
    if begun.price < ZERO:
        raise Refused("negative-premium", "a premium must not be negative", "$.terms.price")
    return replace(begun, amount=-begun.value, notional=deal.notional(begun.value, begun.currency))


def _instrument(terms: ListedTerms, deal: Deal) -> InstrumentDefined:
    instrument = deal.reference.instruments.get(terms.instrument)
    if instrument is None:
        raise Refused("unknown-instrument", f"no instrument {terms.instrument!r} is defined", "$.terms.instrument")
    return instrument


def _traded(terms: ListedTerms, deal: Deal, instrument: InstrumentDefined) -> Economics:
    """All but the money."""
    name = terms.instrument
    return replace(
        deal.begun(), instrument=name, asset=name, currency=instrument.currency, issuer=instrument.issuer,
        quantity=signed_quantity(terms.quantity, terms.side), price=require_amount(terms.price, "$.terms.price"),
        fees=require_fees(terms.fees), isin=instrument.isin, mic=instrument.mic,
        settlement_date=_settlement_date(terms, deal, instrument), mark=deal.market.price(name),
    )


def _settlement_date(terms: ListedTerms, deal: Deal, instrument: InstrumentDefined) -> date:
    settlement_date = terms.settlement_date or add_business_days(
        deal.trade_date, deal.reference.settlement_days(instrument, deal.trade_date),
        (deal.reference.calendar(instrument.calendar),),
    )
    return require_not_before(settlement_date, deal.trade_date)


def _accrued(
    contract: BondContract, begun: Economics, deal: Deal, instrument: InstrumentDefined
) -> AccruedInterest | None:
    found = accrued(contract, begun.settlement_date, deal.reference.calendar(instrument.calendar))
    if found is None:
        return None
    return AccruedInterest(
        amount=-accrued_amount(begun.quantity, found.percent, begun.currency), days=found.days,
        period_start=found.period.start, period_end=found.period.end, ex_coupon=found.ex_coupon,
    )


def _require_whole(contracts: Decimal) -> None:
    if contracts % 1:
        raise Refused("not-whole", "contracts are traded as a whole", "$.terms.quantity")


def _wrong_product(instrument: InstrumentDefined, product: str) -> Refused:
    return Refused("wrong-product", f"{instrument.instrument} is no {product}", "$.terms.instrument")
