"""The trial balance, folded from the journal when read."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

import msgspec

from domain.money import ZERO
from projections.postings import Posting


class Posts(Protocol):
    """An entry of the journal, or a movement."""

    @property
    def postings(self) -> tuple[Posting, ...]: ...


class Balance(msgspec.Struct, kw_only=True):
    """Debits, credits and what they leave of one account and asset; the balances of an asset sum to zero."""

    account: str
    asset: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


def trial_balance(entries: Iterable[Posts]) -> list[Balance]:
    """Every account by asset."""
    balances: dict[tuple[str, str], Balance] = {}
    for entry in entries:
        for posting in entry.postings:
            key = (posting.account, posting.asset)
            balance = balances.setdefault(key, Balance(account=posting.account, asset=posting.asset))
            if posting.quantity > 0:
                balance.debit += posting.quantity
            else:
                balance.credit -= posting.quantity
    return [balances[key] for key in sorted(balances)]


def sums_by_asset(balances: Iterable[Balance]) -> dict[str, Decimal]:
    """What the accounts of each asset sum to: zero, or the books are wrong."""
    sums: dict[str, Decimal] = {}
    for balance in balances:
        sums[balance.asset] = sums.get(balance.asset, ZERO) + balance.balance
    return sums
