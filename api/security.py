"""Who asks, and what they may see."""

from collections.abc import Sequence

from fastapi import Depends, Request

from api.problems import Problem
from api.services import services
from domain.commands.reference import Role
from domain.outcomes import Principal

BEARER = "bearer "


def principal_of(request: Request) -> Principal:
    """The holder of the request's key.

    Raises:
        Problem: 401 when there is none in force.
    """
    principal = _holder(request)
    if principal is not None:
        return principal
    raise Problem(
        401, "not-authenticated", "send an API key in force as Authorization: Bearer <key>", "Authorization",
        headers={"WWW-Authenticate": 'Bearer realm="everbook"'},
    )


AUTHENTICATED = [Depends(principal_of)]
"""For routes with parameters that must be given: who asks is to be known before what is asked is looked at."""


def holds(request: Request, principal: Principal) -> bool:
    """Whether the request's key is still in force: an answer that goes on may outlive it."""
    return _holder(request) == principal


def reader(request: Request, *roles: Role) -> Principal:
    """The holder of the request's key, who has one of ``roles`` where these are named."""
    principal = principal_of(request)
    if roles and not any(role in roles for role in principal.roles):
        raise Problem(403, "not-permitted", f"this needs one of the roles {', '.join(roles)}")
    return principal


def books_of(principal: Principal, asked: str | None) -> Sequence[str] | None:
    """The books to read: the one asked for, those of the key, or None for all.

    Raises:
        Problem: 403 for a book of others.
    """
    if asked is None:
        return principal.books or None
    require_book(principal, asked)
    return (asked,)


def require_book(principal: Principal, book: str) -> None:
    if not principal.may_see(book):
        raise Problem(403, "not-permitted", f"the key is not for book {book}", "book")


def _holder(request: Request) -> Principal | None:
    header = request.headers.get("authorization", "")
    if header[: len(BEARER)].lower() != BEARER:
        return None
    return services(request).gate.authenticate(header[len(BEARER) :].strip())
