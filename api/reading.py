"""What reads have in common: parameters, freshness, staleness, cursors and the shape of answers."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response

from api.paging import READ_AT_ONCE, pages
from api.plain import plain
from api.problems import Problem
from api.services import services
from domain.outcomes import Outcome
from projections.projection import Document

Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most")]
After = Annotated[str | None, Query(description="The cursor that the page before gave as next")]
Keep = Callable[[Any], bool]
AT_LEAST = "everbook-at-least"
SHOWN = 100
_encoder = msgspec.json.Encoder(order="sorted")


def only_known_parameters(request: Request) -> None:
    """Refuses a query parameter that the route does not have: a typing error must not widen an answer."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    known = {field.alias: field.field_info.annotation for field in dependant.query_params} if dependant else {}
    for name in request.query_params:
        if name not in known:
            raise Problem(422, "unknown-parameter", f"{name[:SHOWN]} is no parameter of this route", name[:SHOWN])
        if len(request.query_params.getlist(name)) > 1 and "list[" not in str(known[name]):
            raise Problem(422, "bad-parameter", f"{name} stands there more than once", name)


def answer(content: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """JSON, with decimals as strings and sorted keys."""
    # An outcome has no figures, and is what the hottest route answers.
    shaped = content if isinstance(content, Outcome) else plain(content)
    return Response(_encoder.encode(shaped), status, dict(headers or {}), media_type="application/json")


def vector_of(text: str, logs: Sequence[str], field: str) -> dict[str, int]:
    """``ledger-0:17,market:3`` by log.

    Raises:
        Problem: 400 naming ``field``.
    """
    vector: dict[str, int] = {}
    for part in text.split(","):
        log, _, sequence = part.strip().rpartition(":")
        if log not in logs or not sequence.isascii() or not sequence.isdigit() or len(sequence) > 15:
            raise Problem(400, "bad-vector", f"{part.strip()!r} is no log:sequence of this ledger", field)
        vector[log] = max(vector.get(log, 0), int(sequence))
    return vector


def fresh(request: Request, *models: str) -> None:
    """Waits until ``models`` reflect what the request demands.

    Raises:
        Problem: 503 when they do not in time; never is older data given.
    """
    header = request.headers.get(AT_LEAST)
    if header is None:
        return
    having = services(request)
    vector = vector_of(header, having.logs.names(), "Everbook-At-Least")
    if not having.reads.wait(models, vector, having.fresh_seconds):
        raise Problem(
            503, "not-yet-visible", f"the read models do not reflect {header} yet", "Everbook-At-Least",
            headers={"Retry-After": "1"},
        )


def sound(documents: Iterable[Any]) -> list[Any]:
    """The documents, when none of them is stale.

    Raises:
        Problem: 503 naming what is stale: it is not given, not even inside a sum.
    """
    found = list(documents)
    stale = [document.id for document in found if document.stale]
    if stale:
        raise Problem(503, "projection-stale", "some events could not be applied", stale=stale[:20])
    return found


def everything(request: Request, model: str, **where: Any) -> list[Any]:
    """All documents of a model that match, sound."""
    filters = {column: wanted for column, wanted in where.items() if wanted is not None}
    return sound(services(request).reads.select(model, where=filters, limit=-1))


def each(request: Request, model: str, **where: Any) -> Iterator[Any]:
    """All documents of a model that match, sound, and never all of them in memory."""
    filters = {column: wanted for column, wanted in where.items() if wanted is not None}
    for read in pages(services(request).reads, model, where=filters):
        yield from sound(read)


def page(
    request: Request, model: str, *, limit: int, after: str | None, prefix: str = "", keep: Keep | None = None,
    **where: Any,
) -> tuple[list[Any], dict[str, str], str | None]:
    """One page of the documents that ``keep`` keeps, the headers that lead to the next, and its cursor."""
    filters = {column: wanted for column, wanted in where.items() if wanted is not None}
    # Where most is left out, many are looked at for one that is given.
    size = limit + 1 if keep is None else max(limit + 1, READ_AT_ONCE)
    found: list[Any] = []
    for read in pages(
        services(request).reads, model, where=filters, after=decoded(after), prefix=prefix, size=size
    ):
        found += [document for document in sound(read) if keep is None or keep(document)]
        if len(found) > limit:
            break
    if len(found) <= limit:
        return found, {}, None
    headers, cursor = onward(request, found[limit - 1].id)
    return found[:limit], headers, cursor


def listed(
    request: Request, model: str, *, limit: int, after: str | None, prefix: str = "", keep: Keep | None = None,
    **where: Any,
) -> Response:
    """A page of documents as they are."""
    found, headers, cursor = page(request, model, limit=limit, after=after, prefix=prefix, keep=keep, **where)
    return answer({"items": [shown(document) for document in found], "next": cursor}, headers)


def shown(document: Document, *properties: str) -> dict[str, Any]:
    """All fields of a document, with some of its properties and its place in the logs."""
    names = [name for name in document.__struct_fields__ if name not in {"log", "sequence", "stale"}]
    fields: dict[str, Any] = {name: getattr(document, name) for name in (*names, *properties)}
    return {**fields, "position": f"{document.log}:{document.sequence}"}


def onward(request: Request, last: str, **pinned: str) -> tuple[dict[str, str], str]:
    """The headers that lead on after the id ``last``, and its cursor; with the parameters ``pinned`` from then on."""
    cursor = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
    url = request.url.include_query_params(after=cursor, **pinned)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}, cursor


def decoded(cursor: str | None) -> str | None:
    """The id behind a cursor.

    Raises:
        Problem: when no route gave it.
    """
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Problem(400, "bad-cursor", "after is no cursor that this route gave", "after") from error
