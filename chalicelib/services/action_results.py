"""What an action answers, whatever it did: one shape for every kind, so that a page needs one way to show it.

``{"status", "level", "message", "fieldErrors", "refresh", "redirect", "download", "executions", "client"}``. A browser shows ``message`` as
text. Source: https://docs.nocobase.com/workflow/nodes/response-message
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.domain.action import CLIENT, Action
from chalicelib.domain.action_text import filled, filled_file_name, filled_url
from chalicelib.domain.record import Row
from chalicelib.errors import AppError, DeadlineExceeded, Invalid, Json, ProcedureFailed, Unavailable, WorkflowFailed
from chalicelib.services.call import Answer

BROKEN = (ProcedureFailed, WorkflowFailed, Unavailable, DeadlineExceeded)
SUCCESS, QUEUED, FAILED = "success", "queued", "failed"


def _effect(kind: str, properties: dict[str, Json]) -> dict[str, Json]:
    return {"type": "object", "required": ["type", *properties], "properties": {"type": {"const": kind}, **properties}}


_STARTED: Json = {
    "type": "object",
    "required": ["key", "status"],  # a dry run has no ids
    "properties": {
        "id": {"type": "integer"},
        "key": {"type": "string"},
        "status": {"type": ["integer", "null"]},
        "spilled": {"const": True},
    },
}
SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["status", "level", "message", "fieldErrors", "refresh", "redirect", "download", "executions", "client"],
    "properties": {
        "status": {"enum": [SUCCESS, QUEUED, FAILED]},
        "level": {"enum": ["info", "success", "warning", "error"]},
        "message": {"type": ["string", "null"]},
        "fieldErrors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "refresh": {"type": "boolean"},
        "redirect": {"type": ["string", "null"]},
        "download": {
            "type": ["object", "null"],
            "required": ["url", "filename"],
            "properties": {"url": {"type": "string"}, "filename": {"type": ["string", "null"]}},
        },
        "executions": {"type": "array", "items": _STARTED},
        "client": {
            "description": "What the browser is to do: open an address, show a message, open a record.",
            "anyOf": [
                _effect("openUrl", {"url": {"type": "string"}, "newWindow": {"type": "boolean"}}),
                _effect("message", {"message": {"type": "string"}}),
                _effect("openRecord", {"collection": {"type": "string"}, "id": {"type": "string"}, "newWindow": {"type": "boolean"}}),
                {"type": "null"},
            ],
        },
        "result": {"description": "What the procedure returned."},
    },
}


def succeeded(action: Action, answer: Answer, scope: Mapping[str, Json]) -> Row:
    """The result of a run that went well. ``scope``: ``record input user`` for the texts. Raises Invalid for an address that leads away."""
    executions = list((answer.meta or {}).get("executions") or [])
    queued = bool(executions) and all(one["status"] is None for one in executions)
    said = "\n".join(answer.messages)
    values = {**scope, "messages": said, "result": answer.data}
    shown = action.on_result
    message = filled(shown["message"], values) if shown.get("message") else said
    result = {
        "status": QUEUED if queued else SUCCESS,
        "level": shown.get("level") or ("info" if queued else "success"),
        "message": message or None,
        "fieldErrors": {},
        "refresh": shown["refresh"] if shown.get("refresh") is not None else action.kind != CLIENT,
        "redirect": filled_url(shown["redirect"], values) if shown.get("redirect") else None,
        "download": _download(shown.get("download"), values),
        "executions": executions,
        "client": None,
    }
    return result | ({"result": answer.data} if answer.has_data else {})


def failed(errors: Sequence[Row], executions: Sequence[Row] = (), *, level: str = "warning") -> Row:
    """The result of a run that was refused (a warning: the caller can mend it) or broke (an error)."""
    by_field: dict[str, list[str]] = {}
    for error in errors:
        if error.get("path"):
            by_field.setdefault(str(error["path"]), []).append(str(error["message"]))
    return {
        "status": FAILED,
        "level": level,
        "message": "\n".join(dict.fromkeys(str(error["message"]) for error in errors)) or None,
        "fieldErrors": by_field,
        "refresh": False,
        "redirect": None,
        "download": None,
        "executions": list(executions),
        "client": None,
    }


def refused(error: AppError) -> Row:
    """The result of a call that an error ended."""
    return failed([problem.to_json() for problem in error.problems()], level="error" if isinstance(error, BROKEN) else "warning")


def in_browser(action: Action, scope: Mapping[str, Json]) -> Row:
    """What the browser has to do. Raises Invalid for an address that leads away."""
    client: dict[str, Json] = action.row["client"]
    does: Row = {"type": client["type"]}
    level, message, redirect = client.get("level") or "info", None, None
    if client["type"] == "openUrl":
        redirect = filled_url(client["url"], scope)
        does |= {"url": redirect, "newWindow": bool(client.get("newWindow"))}
    elif client["type"] == "message":
        message = filled(client["message"], scope)
        does |= {"message": message}
    else:
        opened = filled(action.opened_id, scope)
        if not opened:
            raise nothing_to_open()
        does |= {"collection": client.get("collection") or action.collection, "id": opened}
        does |= {"newWindow": bool(client.get("newWindow"))}
    base = succeeded(action, Answer(has_data=False, messages=[message] if message else []), scope)
    return base | {"level": action.on_result.get("level") or level, "redirect": redirect or base["redirect"], "client": does}


def nothing_to_open() -> Invalid:
    return Invalid("there is no record to open here", path="filterByTk", code="NOTHING_TO_OPEN")


def _download(download: Json, values: Mapping[str, Json]) -> Json:
    if not download:
        return None
    filename = filled_file_name(download["filename"], values) if download.get("filename") else None
    return {"url": filled_url(download["url"], values), "filename": filename}
