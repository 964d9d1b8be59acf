"""What corporate actions do to a holding, and what that posts: receivable at the ex date, settled at the pay date."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from domain.commands.corporate_actions import ActionTerms, Coupon
from domain.commands.reference import LotMethod
from domain.corporate_actions import entitled, ratio, scaled
from domain.money import ZERO, divide
from projections.accounts import exchange_account, trading_account
from projections.lots import Fill, Holding, Lot, Place, add
from projections.postings import Posting

WITHHELD = "Expense:WithholdingTax"


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What one action did to a holding: it changed the ``quantity``, closed some of it for ``proceeds``, and brought
    ``gross`` income, of which ``tax`` was withheld. ``exchanged`` is the cost that came from another instrument, or
    below zero went to one.
    """

    quantity: Decimal = ZERO
    proceeds: Decimal = ZERO
    gross: Decimal = ZERO
    tax: Decimal = ZERO
    is_interest: bool = False
    paid: bool = False
    exchanged: Decimal = ZERO

    @property
    def income(self) -> Decimal:
        """What is left of the income."""
        return self.gross - self.tax

    @property
    def cash(self) -> Decimal:
        """What is received in all, or paid."""
        return self.income + self.proceeds

    def when_paid(self) -> "Effect":
        return replace(self, paid=True)


def taken(
    holding: Holding, terms: ActionTerms, place: Place, currency: str, method: LotMethod
) -> tuple[Holding, Effect]:
    """The holding after an action, and what it did: another number of units costs what they cost before, and a
    fraction that is paid out is sold.
    """
    if holding.quantity == 0:
        return holding, Effect()
    found = entitled(terms, holding.quantity, currency)
    new, old = ratio(terms)
    after = holding
    if new == 0 or found.quantity == 0:
        realised = holding.realised + found.proceeds - holding.cost
        after = replace(holding, quantity=ZERO, cost=ZERO, realised=realised, lots=())
    elif new != old:
        after = _rescaled(holding, found.quantity, new, old)
    if found.fraction:
        after = sold(after, found.fraction, found.proceeds, place, method)
    return after, Effect(
        after.quantity - holding.quantity, found.proceeds, found.gross, found.tax, isinstance(terms, Coupon)
    )


def sold(holding: Holding, fraction: Decimal, proceeds: Decimal, place: Place, method: LotMethod) -> Holding:
    """The holding without a fraction that is paid out."""
    price = divide(proceeds, fraction)
    # The price is rounded, the money is not: neither where that closes something nor where it opens a lot.
    return add(holding, Fill(place, -fraction, price, fraction * price - proceeds), method)


def units(before: Decimal, terms: ActionTerms) -> Decimal:
    """How many units of after the action one of the beginning is, when it was ``before`` by then."""
    new, old = ratio(terms)
    return scaled(before, new, old) if new and new != old else before


def posted(
    effects: Iterable[tuple[Effect, str]], asset: str, currency: str, issuer: str
) -> tuple[Posting, ...]:
    """What actions have put into each account, altogether: what is not paid yet is owed by the issuer, or to it. Each
    effect comes with the instrument that the action is on.
    """
    total: dict[tuple[str, str], Decimal] = {}
    for effect, source in effects:
        for posting in (*_postings(effect, asset, currency, issuer), *_exchanged(effect, asset, currency, source)):
            key = (posting.account, posting.asset)
            total[key] = total.get(key, ZERO) + posting.quantity
    return _of(total)


def changed(before: tuple[Posting, ...], after: tuple[Posting, ...]) -> tuple[Posting, ...]:
    """What must be posted so that the accounts hold what they do ``after``."""
    if before == after:
        return ()
    total = {(each.account, each.asset): each.quantity for each in after}
    for each in before:
        key = (each.account, each.asset)
        total[key] = total.get(key, ZERO) - each.quantity
    return _of(total)


def _postings(effect: Effect, asset: str, currency: str, issuer: str) -> Iterator[Posting]:
    trading = trading_account(asset)
    income = "Income:Interest" if effect.is_interest else "Income:Dividend"
    yield Posting(trading, asset, -effect.quantity)
    yield Posting(trading, currency, -effect.proceeds)
    yield Posting(income, currency, -effect.gross)
    yield Posting(WITHHELD, currency, effect.tax)
    if effect.paid:
        yield Posting("Assets:Custody", asset, effect.quantity)
        yield Posting("Assets:Nostro", currency, effect.cash)
        return
    units_of, cash_of = effect.quantity > 0, effect.proceeds > 0
    kind = "Assets:SecuritiesReceivable" if units_of else "Liabilities:SecuritiesDeliverable"
    yield Posting(f"{kind}:{issuer}", asset, effect.quantity)
    kind = "Assets:CashReceivable" if cash_of else "Liabilities:CashPayable"
    yield Posting(f"{kind}:{issuer}", currency, effect.proceeds)
    kind = "Assets:DividendReceivable" if effect.income > 0 else "Liabilities:DividendPayable"
    yield Posting(f"{kind}:{issuer}", currency, effect.income)


def _exchanged(effect: Effect, asset: str, currency: str, source: str) -> Iterator[Posting]:
    """Cost that goes from the trading account of one instrument to that of another."""
    if effect.exchanged:
        yield Posting(trading_account(asset), currency, effect.exchanged)
        yield Posting(exchange_account(source), currency, -effect.exchanged)


def _rescaled(holding: Holding, total: Decimal, new: Decimal, old: Decimal) -> Holding:
    lots: list[Lot] = []
    left = total
    for number, lot in enumerate(holding.lots, 1):
        quantity = left if number == len(holding.lots) else scaled(lot.quantity, new, old)
        left -= quantity
        lots.append(Lot(lot.trade_id, lot.trade_date, quantity, divide(lot.cost, quantity or lot.quantity), lot.cost))
    return replace(holding, quantity=total, lots=tuple(lots))


def _of(total: Mapping[tuple[str, str], Decimal]) -> tuple[Posting, ...]:
    return tuple(Posting(*key, total[key]) for key in sorted(total) if total[key])
