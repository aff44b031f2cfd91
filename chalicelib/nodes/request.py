"""HTTP request: call another service and go on with its answer.

The result is ``{status, statusText, headers, data}`` (header names in lower case), or only the data with ``onlyData``. An answer outside
200 to 299 is a failure; redirects are not followed. Whether the address may be called is decided where the connection is made.
Source: https://docs.nocobase.com/workflow/nodes/request
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.references import has_template
from chalicelib.domain.request_rules import problems_of_form, problems_of_headers, problems_of_url
from chalicelib.domain.template import Template, text_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope, rendered

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JSON_TYPE = "application/json"
CONTENT_TYPES = {
    "json": JSON_TYPE,
    "urlencoded": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "xml": "application/xml",
    "text": "text/plain",
}
FORMS = {CONTENT_TYPES["urlencoded"], CONTENT_TYPES["multipart"]}
DEFAULT_TIMEOUT_MS, MOST_TIMEOUT_MS = 5_000, 25_000


def _pairs(title: str, description: str) -> dict[str, Json]:
    text: dict[str, Json] = {"type": ["string", "number", "boolean", "null"]}
    return {
        "type": ["array", "null"],
        "title": title,
        "description": description,
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "title": "Name", "description": "An entry with an empty name is left out."},
                "value": {**text, "title": "Value", "description": "Text with templates; spaces around it are removed."},
            },
        },
    }


SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "title": "URL", "description": "Begins with http:// or https://; may hold templates."},
        "method": {"enum": [*METHODS, None], "default": "POST", "title": "Method", "description": "POST if not given."},
        "contentType": {
            "enum": [*CONTENT_TYPES.values(), *CONTENT_TYPES, None],
            "default": JSON_TYPE,
            "title": "Content type",
            "description": "How `data` is written: as JSON, a form, a form of parts, XML or text.",
        },
        "headers": _pairs("Headers", "`Content-Type` is left out: it follows from `contentType`."),
        "params": _pairs("Parameters", "Added to the query of the URL, encoded."),
        "data": {
            "title": "Body",
            "description": "Any JSON; for forms a list of `{name, value}`; for XML and text a text. Not sent with GET.",
        },
        "timeout": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MOST_TIMEOUT_MS,
            "default": DEFAULT_TIMEOUT_MS,
            "title": "Timeout (ms)",
            "description": f"From the first step to the last byte of the answer; {DEFAULT_TIMEOUT_MS} if not given.",
        },
        "onlyData": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Only the data",
            "description": "true: the result is the body of the answer alone.",
        },
        "ignoreFail": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Go on after a failure",
            "description": "true: a failure is a result like any other and the workflow goes on.",
        },
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The answer; FAILED, or ABORTED when nobody answered in time, with ``{message, code?, status?, statusText?, data?}``."""
    config = rendered(prepared, scope)
    try:
        answer = ports.effect("request", _request(config))
    except EffectFailed as failed:
        bad = status.ABORTED if failed.timed_out else status.FAILED
        return Outcome(status.RESOLVED if config.get("ignoreFail") else bad, failed.result)
    return Outcome(status.RESOLVED, answer.get("data") if config.get("onlyData") and isinstance(answer, dict) else answer)


def _request(config: dict[str, Json]) -> dict[str, Json]:
    """What is sent: texts trimmed, ``Content-Type`` decided by ``contentType``, no body on GET."""
    content_type, method = config.get("contentType") or JSON_TYPE, config.get("method") or "POST"
    return {
        "url": text_of(config.get("url")).strip(),
        "method": method,
        "contentType": CONTENT_TYPES.get(content_type, content_type),
        "headers": [pair for pair in _named(config.get("headers")) if pair["name"].lower() != "content-type"],
        "params": _named(config.get("params")),
        "data": None if method == "GET" else config.get("data"),
        "timeout": config.get("timeout") or DEFAULT_TIMEOUT_MS,
    }


def _named(pairs: Json) -> list[dict[str, str]]:
    texts = [{name: text_of(pair.get(name)).strip() for name in ("name", "value")} for pair in pairs or ()]
    return [pair for pair in texts if pair["name"]]


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """What no template completes must be right: the URL, the headers, the data of a form, which holds texts, no files."""
    found, url = problems_of_headers(config.get("headers"), f"{path}.headers"), config.get("url")
    if isinstance(url, str) and url.strip() and not has_template(url):
        found += problems_of_url(url, f"{path}.url")
    data, kind = config.get("data"), config.get("contentType")
    if config.get("method") != "GET" and isinstance(kind, str) and CONTENT_TYPES.get(kind, kind) in FORMS:
        found += problems_of_form(data, f"{path}.data")
    for position, part in enumerate(data if isinstance(data, list) else ()):
        if isinstance(part, dict) and part.get("valueType") == "file":
            message = 'files are not offered; send texts: {"name", "value"}'
            found.append(Problem(message, f"{path}.data.{position}.valueType", "NOT_OFFERED"))
    return found


NODE = NodeType("request", SCHEMA, run, check=check, acts_outside=True)
