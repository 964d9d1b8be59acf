"""Who may do what: roles and books of an API key."""

from collections.abc import Collection

from domain.commands.reference import Role
from domain.outcomes import Principal
from domain.reference.state import ReferenceState
from domain.refusals import Refused


def principal_of(state: ReferenceState, key_id: str) -> Principal | None:
    """The holder of a key in force; None for one that is unknown or revoked."""
    return state.principals.get(key_id)


def require_role(principal: Principal, roles: Collection[Role]) -> None:
    """Whether ``principal`` has one of ``roles``.

    Raises:
        Refused: when not.
    """
    for role in principal.roles:
        if role in roles:
            return
    raise Refused("not-permitted", f"this needs one of the roles {', '.join(roles)}")


def require_every_book(principal: Principal) -> None:
    """Whether ``principal`` may act for every book, as what reaches beyond some needs.

    Raises:
        Refused: when not.
    """
    if principal.books:
        raise Refused("not-permitted", "this reaches beyond the books of the key")


def require_trader(principal: Principal, state: ReferenceState, desk: str, books: Collection[str]) -> None:
    """Whether ``principal`` may act for every book of a trader: of its desk, when it names none.

    Raises:
        Refused: when not.
    """
    if not principal.books:
        return
    reached = set(books) or {book.book for book in state.books.values() if book.desk == desk}
    if not reached or not reached <= set(principal.books):
        raise Refused("not-permitted", "the trader has books that the key is not for", "$.trader")


def require_book(principal: Principal, book: str) -> None:
    """Whether ``principal`` may act for ``book``.

    Raises:
        Refused: when not.
    """
    if not principal.may_see(book):
        raise Refused("not-permitted", f"the key is not for book {book}", "$.book")
