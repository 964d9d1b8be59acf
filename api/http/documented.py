"""What OpenAPI is told of bodies that are read without pydantic, and examples of answers."""

from typing import Any

import msgspec

from domain import commands

NDJSON = "application/x-ndjson"
_TEMPLATE = "#/components/schemas/{name}"
_KINDS: dict[str, Any] = {
    name: getattr(commands, name) for name in commands.__all__ if isinstance(getattr(commands, name), type)
}
_FROM_ELSEWHERE = frozenset({"type", "command_id"})


def components() -> dict[str, Any]:
    """The JSON Schemas of every command."""
    kinds = [kind for kind in _KINDS.values() if issubclass(kind, commands.Command) and kind is not commands.Command]
    _, found = msgspec.json.schema_components(
        [kind for kind in kinds if kind is not commands.TradeCommand], ref_template=_TEMPLATE
    )
    found["AnyCommand"] = {"anyOf": [
        {"$ref": _TEMPLATE.format(name=kind.__name__)} for kind in kinds if kind is not commands.TradeCommand
    ]}
    return found


def bulk_body(example: list[Any]) -> dict[str, Any]:
    """The request body of many whole commands, as an array or line by line."""
    reference = {"$ref": _TEMPLATE.format(name="AnyCommand")}
    lines = "".join(msgspec.json.encode(each).decode() + "\n" for each in example)
    return {"requestBody": {"required": True, "content": {
        "application/json": {"schema": {"type": "array", "items": reference}, "example": example},
        NDJSON: {"schema": {"type": "string"}, "example": lines},
    }}}


def kinds_body(examples: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    """The request body of a write whose path says which of ``kinds`` it is, with an example of each, or several
    that are named ``kind: what it shows``.
    """
    schemas = [_schema(kind, ()) for kind in kinds.values()]
    named = {name: {"value": example} for name, example in examples.items()}
    return {
        "requestBody": {"required": True, "content": {
            "application/json": {"schema": {"anyOf": schemas}, "examples": named},
        }},
        "parameters": [IDEMPOTENCY, DRY_RUN],
    }


def body(
    example: Any, kind: str, *, without: tuple[str, ...] = (), examples: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The request body of a write: a command without what the header and the path say; with several ``examples`` by
    name where one does not show all.
    """
    shown = {"example": example} if examples is None else {
        "examples": {name: {"value": each} for name, each in examples.items()}
    }
    schema = _schema(kind, without)
    required = bool(schema.get("required"))
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": schema, **shown}}},
        "parameters": [IDEMPOTENCY, DRY_RUN, *([IF_MATCH, OF_BOOK] if "trade_id" in without else [])],
    }


def documented(example: Any, status: int = 200, media: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """The example of an answer, and the shape of every problem."""
    problem = {"application/problem+json": {"schema": {"$ref": _TEMPLATE.format(name="Problem")}}}
    return {
        status: {"description": "Done", "content": {media: {"example": example}}},
        **{code: {"description": "A problem", "content": problem} for code in ("4XX", "5XX")},
    }


def _schema(kind: str, without: tuple[str, ...]) -> dict[str, Any]:
    _, found = msgspec.json.schema_components([_KINDS[kind]], ref_template=_TEMPLATE)
    left_out = _FROM_ELSEWHERE | set(without)
    schema = dict(found[kind])
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name not in left_out}
    schema["required"] = [name for name in schema.get("required", []) if name not in left_out]
    return schema


IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 64},
    "description": "The command_id: the same key is one effect for ever", "example": "desk-7-000123",
}
DRY_RUN = {
    "name": "dry_run", "in": "query", "required": False, "schema": {"type": "boolean"},
    "description": "Decide, and record nothing: the answer has no place in a log",
}
IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag that was read: the trade has not changed since", "example": '"1"',
}
OF_BOOK = {
    "name": "book", "in": "query", "required": False, "schema": {"type": "string"},
    "description": "The trade of this book, where several ledger logs have one of this id",
}
PROBLEM = {
    "type": "object", "required": ["type", "title", "status", "code", "detail"],
    "properties": {name: {"type": "string"} for name in ("type", "title", "code", "detail", "field", "instance")}
    | {"status": {"type": "integer"}},
}
