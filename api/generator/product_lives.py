"""What becomes of options, swaps and loans that are followed."""

from decimal import Decimal

from api.generator.dealing import Dealer
from api.generator.instruments import IN_THE_MONEY, OUT_OF_THE_MONEY
from api.generator.lives import Life, Steps
from api.generator.terms import fx_swap, loan, option
from domain.commands import (
    AffirmTrade,
    AssignOption,
    BookTrade,
    CancelTrade,
    ExerciseOption,
    ExpireOption,
    FixRate,
    LoanTerms,
    OptionTerms,
    RepayEarly,
    RollOverLoan,
    SettleTrade,
)
from domain.commands.trades import Side


def used(dealer: Dealer) -> Life:
    """An option that is worth something: we use it, or it is used against us."""
    trade = _option(dealer, dealer.random.choice(IN_THE_MONEY))
    return Life([trade], _used(dealer, trade))


def _option(dealer: Dealer, name: str) -> BookTrade:
    """A book either buys a series or writes it, and so holds what it dealt."""
    books = dealer.world.desk_books("DERIVATIVES")
    book = dealer.random.choice(books)
    writes = (books.index(book) + (*IN_THE_MONEY, *OUT_OF_THE_MONEY).index(name)) % 2
    side: Side = "sell" if writes else "buy"
    return dealer.book("DERIVATIVES", option(dealer.random, dealer.world, name, side), book=book)


def _used(dealer: Dealer, trade: BookTrade) -> Steps:
    terms = trade.terms
    assert isinstance(terms, OptionTerms)
    kind: type[ExerciseOption | AssignOption] = ExerciseOption if terms.side == "buy" else AssignOption
    yield dealer.days[1]
    yield dealer.of(SettleTrade, trade)
    if terms.quantity > 1 and dealer.happens(0.5):
        part = dealer.some_of(terms.quantity)
        yield dealer.of(kind, trade, quantity=part, delivery_trade_id=f"{trade.trade_id}-D1")
    yield dealer.days[2]
    yield dealer.of(kind, trade, delivery_trade_id=f"{trade.trade_id}-D2")


def expired(dealer: Dealer) -> Life:
    trade = _option(dealer, dealer.random.choice(OUT_OF_THE_MONEY))
    return Life([trade], _expired(dealer, trade))


def _expired(dealer: Dealer, trade: BookTrade) -> Steps:
    yield dealer.days[1]
    yield dealer.of(SettleTrade, trade)
    yield dealer.days[2]
    yield dealer.of(ExpireOption, trade)


def swapped(dealer: Dealer) -> Life:
    trade = dealer.book("FX", fx_swap(dealer.random, dealer.world))
    return Life([trade], _swapped(dealer, trade))


def _swapped(dealer: Dealer, trade: BookTrade) -> Steps:
    """Both legs are cancelled, or the near one settles."""
    yield dealer.of(AffirmTrade, trade)
    if dealer.happens(0.3):
        yield dealer.of(CancelTrade, trade, reason="never agreed")
        return
    yield dealer.days[2]
    yield dealer.of(SettleTrade, trade)


def floated(dealer: Dealer) -> Life:
    """A floating loan or deposit: a rate is fixed, and some of it repaid early."""
    trade = dealer.book("MONEY-MARKET", loan(dealer.random, dealer.today, "1M", floats=True))
    return Life([trade], _floated(dealer, trade))


def _floated(dealer: Dealer, trade: BookTrade) -> Steps:
    terms = trade.terms
    assert isinstance(terms, LoanTerms)
    yield dealer.of(SettleTrade, trade)
    yield dealer.days[1]
    fixing = terms.rate + Decimal(dealer.random.randint(-25, 25)) / 100
    yield dealer.of(FixRate, trade, rate=fixing, fixed_from=dealer.days[1])
    yield dealer.days[2]
    part = terms.principal / 2 if dealer.happens(0.7) else None
    yield dealer.of(RepayEarly, trade, quantity=part, break_cost=Decimal(dealer.random.randint(-200, 200)))


def rolled(dealer: Dealer) -> Life:
    trade = dealer.book("MONEY-MARKET", loan(dealer.random, dealer.today, "1D", floats=False))
    return Life([trade], _rolled(dealer, trade))


def _rolled(dealer: Dealer, trade: BookTrade) -> Steps:
    terms = trade.terms
    assert isinstance(terms, LoanTerms)
    yield dealer.of(SettleTrade, trade)
    yield dealer.days[1]
    yield dealer.of(
        RollOverLoan, trade, new_trade_id=f"{trade.trade_id}-R", rate=terms.rate + Decimal("0.05"), tenor="1W",
        capitalises=dealer.happens(0.5),
    )


def repaid(dealer: Dealer) -> Life:
    trade = dealer.book("MONEY-MARKET", loan(dealer.random, dealer.today, "2D", floats=False))
    return Life([trade], _repaid(dealer, trade))


def _repaid(dealer: Dealer, trade: BookTrade) -> Steps:
    yield dealer.of(SettleTrade, trade)
    yield dealer.days[2]
    yield dealer.of(SettleTrade, trade)
