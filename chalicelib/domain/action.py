"""An action: a button with a name. What it does, on what, who sees it, when it can be pressed, and what happens then.

``workflow`` starts workflows, ``procedure`` calls a function on the server, ``client`` is for the browser alone. One definition serves the
list of what may be done (``actions:available``) and the doing (``actions:run``).
Sources: https://docs.nocobase.com/workflow/triggers/custom-action, https://kottster.app/docs/custom-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.domain.action_text import problems_of_file_name, problems_of_text, problems_of_url, variables_of
from chalicelib.domain.form_rules import problems_of_form
from chalicelib.errors import Json, Problem

NONE, SINGLE, MULTIPLE = "none", "single", "multiple"
WORKFLOW, PROCEDURE, CLIENT = "workflow", "procedure", "client"
LEVELS = ("info", "success", "warning", "error")
MOST_WORKFLOWS = 10
MOST_SORT = 10**15
# What each kind has that the others do not.
PARTS = {WORKFLOW: "workflows", PROCEDURE: "procedure", CLIENT: "client"}
NEEDED = {"openUrl": ("url",), "message": ("message",), "openRecord": ()}
# What everybody who may see an action is told of it.
SHOWN = ("name", "label", "color", "icon", "collection", "context", "placement", "kind", "confirm", "form", "sort")

_TEXT: Json = {"type": ["string", "null"], "maxLength": 200}
_LONG_TEXT: Json = {"type": ["string", "null"], "maxLength": 2_000}
_FLAG: Json = {"type": ["boolean", "null"]}
_RULE: Json = {"type": ["object", "null"]}


def _about(schema: Json, title: str, description: str = "") -> Json:
    return schema | {"title": title} | ({"description": description} if description else {})


_CLIENT: Json = {
    "type": ["object", "null"],
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": list(NEEDED), "title": "What the browser does"},
        "url": _about(_LONG_TEXT, "Address", "Of openUrl: `https://example.com/{{record.id}}` or `/path/{{record.id}}`."),
        "newWindow": _about(_FLAG, "In a new window"),
        "message": _about(_LONG_TEXT, "Message", "Of message; may name {{record.<field>}}."),
        "level": {"enum": [*LEVELS, None], "title": "Level"},
        "collection": _about(_TEXT, "Collection", "Of openRecord: whose record; by default the action's own collection."),
        "id": _about(_TEXT, "Id", "Of openRecord: `{{record.categoryId}}`; by default the record itself."),
    },
}
_DOWNLOAD: Json = {
    "type": ["object", "null"],
    "required": ["url"],
    "additionalProperties": False,
    "properties": {"url": _about({"type": "string", "maxLength": 2_000}, "Address"), "filename": _about(_TEXT, "File name")},
}
_ON_RESULT: Json = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "message": _about(_LONG_TEXT, "Message", "May name {{record.…}}, {{input.…}}, {{user.…}}, {{messages}} and {{result.…}}."),
        "level": {"enum": [*LEVELS, None], "title": "Level"},
        "refresh": _about(_FLAG, "Load the page's records again"),
        "redirect": _about(_LONG_TEXT, "Go to"),
        "download": _about(_DOWNLOAD, "Download"),
    },
}
SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["name", "kind"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$", "title": "Name", "description": "What calls name it by."},
        "label": _about(_TEXT, "Label", "What the button says."),
        "color": _about(_TEXT, "Color"),
        "icon": _about(_TEXT, "Icon"),
        "collection": _about(_TEXT, "Collection", "Whose records it works on, or beside whose records it stands."),
        "context": {"enum": [NONE, SINGLE, MULTIPLE], "title": "Context", "description": "No record, one, or several."},
        "placement": {"enum": ["toolbar", "row", "details", "form"], "title": "Placement"},
        "kind": {"enum": list(PARTS), "title": "Kind"},
        "workflows": {
            "type": ["array", "null"],
            "minItems": 1,
            "maxItems": MOST_WORKFLOWS,
            "title": "Workflows",
            "description": "Enabled workflows of the type custom-action, started in this order.",
            "items": {
                "type": "object",
                "required": ["key"],
                "additionalProperties": False,
                "properties": {
                    "key": {"type": "string"},
                    "association": _about(_TEXT, "Association", "To-one; its record is the context."),
                },
            },
        },
        "procedure": _about(_TEXT, "Procedure", "The name of a procedure of the collection, or of none."),
        "client": _about(_CLIENT, "In the browser"),
        "confirm": _about(_LONG_TEXT, "Question", "Asked before it runs."),
        "form": _about(_RULE, "Form", "A JSON Schema of the input that people give; nothing else is taken."),
        "visibleWhen": _about(_RULE, "Visible when", "A filter on the record."),
        "enabledWhen": _about(_RULE, "Enabled when", "A filter on the record."),
        "disabledReason": _about(_TEXT, "Why not", "Said when enabledWhen does not hold."),
        "roles": _about({"type": ["array", "null"], "items": {"type": "string"}}, "Roles", "Who sees it; none given means everybody."),
        "onResult": _about(_ON_RESULT, "When it is done"),
        "sort": _about({"type": ["number", "null"], "minimum": -MOST_SORT, "maximum": MOST_SORT}, "Position"),
        "enabled": {"type": "boolean", "title": "Enabled"},
    },
}


@dataclass(frozen=True)
class Bound:
    """A workflow that the action starts; ``association``: on the record's associated record."""

    key: str
    association: str = ""

    @property
    def segment(self) -> str:
        """As ``triggerWorkflows`` names it: ``key`` or ``key!association``."""
        return f"{self.key}!{self.association}" if self.association else self.key


@dataclass(frozen=True)
class Action:
    """A stored action. ``row`` is all of it; what the rest of the product asks for has a property."""

    row: Mapping[str, Json]

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def collection(self) -> str | None:
        return self.row.get("collection") or None

    @property
    def context(self) -> str:
        return str(self.row["context"])

    @property
    def kind(self) -> str:
        return str(self.row["kind"])

    @property
    def enabled(self) -> bool:
        return self.row.get("enabled") is not False

    @property
    def bound(self) -> list[Bound]:
        return [Bound(one["key"], one.get("association") or "") for one in self.row.get("workflows") or []]

    @property
    def on_result(self) -> Mapping[str, Json]:
        return self.row.get("onResult") or {}

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.row.get("roles") or ())

    @property
    def opened_id(self) -> str:
        """The text that names the record to open; empty unless the browser is to open one."""
        client = self.row.get("client") or {}
        return (client.get("id") or ("{{record.id}}" if self.context == SINGLE else "")) if client.get("type") == "openRecord" else ""

    @property
    def needed_fields(self) -> frozenset[str]:
        """The fields of the record without which the browser could not do what it is asked to."""
        client = self.row.get("client") or {}
        texts = [text for text in (client.get("url"), client.get("id")) if isinstance(text, str)] if self.context == SINGLE else []
        paths = [name.split(".") for text in texts for name in variables_of(text)]
        return frozenset(path[1] for path in paths if path[0] == "record" and len(path) > 1)

    @property
    def order(self) -> tuple[float, str]:
        sort = self.row.get("sort")
        return (sort if isinstance(sort, int | float) else float("inf"), self.name)


def with_defaults(raw: Mapping[str, Json]) -> dict[str, Json]:
    """What is stored of a new action: what was sent, and what that leaves open."""
    context = raw.get("context") or (SINGLE if raw.get("collection") else NONE)
    placement = raw.get("placement") or ("row" if context == SINGLE else "toolbar")
    label = raw.get("label") or raw.get("name")
    return {**raw, "label": label, "context": context, "placement": placement, "enabled": raw.get("enabled", True)}


def problems_of_parts(data: Mapping[str, Json]) -> Iterator[Problem]:
    """What is wrong with an action that its schema has no word for; ``data`` is as the schema says."""
    kind, context = data["kind"], data["context"]
    for other, part in PARTS.items():
        if other == kind and not data.get(part):
            yield Problem(f'"{part}" is required for the kind {kind}', part)
        elif other != kind and data.get(part) is not None:
            yield Problem(f'"{part}" is for the kind {other}, this action is of the kind {kind}', part)
    if context != NONE and not data.get("collection"):
        yield Problem(f'"collection" is required for the context {context}', "collection")
    for rule in ("visibleWhen", "enabledWhen"):
        if context == NONE and data.get(rule):
            yield Problem(f'"{rule}" asks about a record, and the context is none', rule)
    yield from problems_of_form(data.get("form"))
    yield from _problems_of_client(data.get("client"), context)
    yield from _problems_of_result(data.get("onResult") or {}, _roots(kind, context), "result" if kind == PROCEDURE else "")


def _roots(kind: str, context: str) -> dict[str, str]:
    """What texts of the action may name."""
    record = {"record": "the record"} if context == SINGLE else {}
    more = {} if kind == CLIENT else {"messages": "what workflows said"}
    result = {"result": "what the procedure returned"} if kind == PROCEDURE else {}
    return record | {"input": "the form's values", "user": "who presses it"} | more | result


def _problems_of_client(client: Json, context: str) -> Iterator[Problem]:
    if not isinstance(client, dict):
        return
    kind, roots = client["type"], _roots(CLIENT, context)
    for name in NEEDED[kind]:
        if not client.get(name):
            yield Problem(f'"client.{name}" is required to {kind}', f"client.{name}")
    if kind == "openRecord" and context != SINGLE and not client.get("id"):
        yield Problem('"client.id" is required: without a record there is none to open', "client.id")
    yield from problems_of_text(client.get("message"), "client.message", roots)
    yield from problems_of_text(client.get("id"), "client.id", roots)
    yield from problems_of_url(client.get("url"), "client.url", roots)


def _problems_of_result(shown: Mapping[str, Json], roots: Mapping[str, str], whole: str) -> Iterator[Problem]:
    download = shown.get("download") or {}
    yield from problems_of_text(shown.get("message"), "onResult.message", roots)
    yield from problems_of_text(download.get("filename"), "onResult.download.filename", roots)
    yield from problems_of_file_name(download.get("filename"), "onResult.download.filename")
    yield from problems_of_url(shown.get("redirect"), "onResult.redirect", roots, whole)
    yield from problems_of_url(download.get("url"), "onResult.download.url", roots, whole)
