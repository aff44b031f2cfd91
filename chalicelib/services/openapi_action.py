"""What the OpenAPI document says of one action, and the shapes of answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.services.openapi_schemas import Schema, or_null, record, reference

Wrap = Callable[[Schema], Schema]

READ = ("400", "401", "403", "404", "500", "503")
WRITE = (*READ, "409", "413")
CALLS = ("state", "userId", "page", "pageSize", "paginate")
LIST = ("filter", "fields", "except", "appends", "sort", "page", "pageSize", "paginate")
MOVING = ("sourceId", "targetId", "sortField", "sticky", "method", "dryRun")
SHOWN = ("fields", "except", "appends")


def _envelope(properties: Schema, *required: str) -> Schema:
    return record(properties | {"messages": {"type": "array", "items": reference("Message")}}, required)


def one(schema: Schema) -> Schema:
    """``{"data": record or null}``."""
    return _envelope({"data": or_null(schema)}, "data")


def made(schema: Schema) -> Schema:
    """``{"data": record}``; a collection says in ``meta`` what its shards hold."""
    return _envelope({"data": schema, "meta": {"type": "object"}}, "data")


def rows(schema: Schema) -> Schema:
    """``{"data": [record …]}``."""
    return _envelope({"data": {"type": "array", "items": schema}}, "data")


def rows_of_records(schema: Schema) -> Schema:
    """``{"data": [row …], "meta": {"records": {id: [row …]}}}``."""
    each = {"type": "object", "additionalProperties": {"type": "array", "items": reference("OfferedAction")}}
    return _envelope({"data": {"type": "array", "items": schema}, "meta": {"type": "object", "properties": {"records": each}}}, "data")


def page(schema: Schema) -> Schema:
    """``{"data": [record …], "meta": {…}}``."""
    return _envelope({"data": {"type": "array", "items": schema}, "meta": reference("Page")}, "data")


def count(schema: Schema) -> Schema:
    """``{"data": number}``."""
    return _envelope({"data": {"type": "integer", "minimum": 0}}, "data")


def nothing(schema: Schema) -> Schema:
    """``{}``."""
    return _envelope({})


def triggered(schema: Schema) -> Schema:
    """``{"meta": {"executions": […]}, "messages": […]}``."""
    return _envelope({"meta": reference("Triggered")}, "meta")


def made_or_rows(schema: Schema) -> Schema:
    """``{"data": record}``, or a list of it."""
    return _envelope({"data": {"anyOf": [schema, {"type": "array", "items": schema}]}}, "data")


def anything(schema: Schema) -> Schema:
    """``{"data": …}``."""
    return _envelope({"data": {}}, "data")


def whole(schema: Schema) -> Schema:
    """The schema itself, without an envelope."""
    return schema


@dataclass(frozen=True)
class Action:
    """``of`` and ``body`` name schemas; with a dot before it (``.read``) that of the collection the action is on.

    ``target``: type of the id behind the action (``""`` = none). ``needs``: what a role must be allowed to do with the collection.
    ``about``: the description, where the use case's docstring is for those who read the code."""

    name: str
    summary: str
    wrap: Wrap
    of: str = ""
    body: str = ""
    target: str = ""
    parameters: tuple[str, ...] = ()
    refusals: tuple[str, ...] = WRITE
    etag: bool = False
    public: bool = False
    needs: str = "view"
    about: str = ""
    success: str = "200"

    @property
    def method(self) -> str:
        return "get" if self.refusals is READ else "post"


MATCHED, CHANGING = ("If-Match",), (*WRITE, "412")
ONCE, MAKING = ("Idempotency-Key",), (*WRITE, "422")
TRIGGERING = (*WRITE, "422", "504")
# Of what can be tried first, too.
KEYED = ("Idempotency-Key", "dryRun")
SPILLING = (*KEYED, "Prefer")
LATER = ("runAt", "timezone", *SPILLING)
NUMBER, TEXT = "integer", "string"
