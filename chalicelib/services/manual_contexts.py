"""``$context`` of a run by hand, as each trigger type makes it of what ``workflows:execute`` got.

Custom action ``{"userId", "roleName"?, "data"?, "filterByTk"?}``; post-action event ``{"data", "userId", "roleName"?}``; pre-action event
``{"target", "action", "userId", "roleName"?}``; record event ``{"data"}``; schedule ``{"date"?}``, with a date field ``{"data", "date"?}``.
Message event ``{"message": {"body", "attributes"?, "subject"?}}``. A record is given by its id, and then loaded, or whole.
Source: https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.message import Message
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.recurrence import instant_of, zone_named
from chalicelib.domain.system_collections import USERS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.runner import holds
from chalicelib.errors import Invalid, Json
from chalicelib.services.editing import Editing
from chalicelib.services.session import ROOT, UNION, role_names
from chalicelib.triggers.action import POST_ACTION
from chalicelib.triggers.collection import COLLECTION_EVENT, DESTROY
from chalicelib.triggers.custom_action import CUSTOM_ACTION, GLOBAL, MULTIPLE
from chalicelib.triggers.message import MESSAGE, TEXT, accepts, context_of
from chalicelib.triggers.request_interception import ACTIONS, PRE_ACTION
from chalicelib.triggers.schedule import DATE_FIELD, SCHEDULE


def manual_context(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json] | None:
    """The context; ``None`` when the trigger declines, since its condition does not hold. Raises Invalid naming what is wrong."""
    return CONTEXTS[workflow.type](editing, workflow, values)


def _of_custom_action(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json]:
    who = _who(editing, values)
    kind = workflow.config.get("type") or GLOBAL
    if kind == GLOBAL:
        return {"data": values.get("data"), **who}
    if kind == MULTIPLE:
        return {"data": _rows(editing, workflow, values), **who}
    return {"data": _row(editing, workflow, values.get("data"), "data"), **who}


def _of_post_action(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json]:
    who = _who(editing, values)
    return {"data": _row(editing, workflow, _given(values, "data"), "data"), **who}


def _of_pre_action(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json]:
    action = values.get("action")
    if action not in ACTIONS:
        raise Invalid(f'"action" must be one of {", ".join(ACTIONS)}', path="action")
    target, who = _given(values, "target"), _who(editing, values)
    if action == "destroy":
        return {"params": {"filterByTk": _id(_collection(editing, workflow), target, "target")}, **who}
    return {"params": {"values": _row(editing, workflow, target, "target")}, **who}


def _of_record_event(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json] | None:
    """The record alone: nobody's call changed it. A destroyed one is not held against the condition, as when it is destroyed."""
    given, condition = _given(values, "data"), workflow.config.get("condition")
    row = _row(editing, workflow, given, "data")
    if not condition or workflow.config.get("mode") == DESTROY:
        return {"data": row}
    collection = _collection(editing, workflow)
    record = _found(editing, collection, given, "data")
    return {"data": row} if record is not None and holds(editing.records, condition, record) else None


def _of_schedule(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json]:
    """The time that is sent, or now; and the record when it is about one."""
    date = values.get("date")
    try:
        at_ms = editing.backend.clock.now_ms() if date is None else instant_of(date, zone_named(workflow.config.get("timezone")))
    except ValueError as wrong:
        raise Invalid(str(wrong), path="date") from None
    when = {"date": iso_text(at_ms)}
    if workflow.config.get("mode") != DATE_FIELD:
        return when
    return {"data": _row(editing, workflow, _given(values, "data"), "data"), **when}


def _of_message(editing: Editing, workflow: Workflow, values: Row) -> dict[str, Json] | None:
    """The message, as if it had come: filter and mapping count."""
    given, config = values.get("message"), workflow.config
    if not isinstance(given, dict) or "body" not in given:
        raise Invalid('"message" is required: {"body", "attributes"?, "subject"?}', path="message")
    attributes, subject = given.get("attributes") or {}, given.get("subject")
    if not isinstance(attributes, dict):
        raise Invalid('"attributes" must be an object', path="message.attributes")
    if not isinstance(subject, str | None):
        raise Invalid('"subject" must be text', path="message.subject")
    if config.get("format") == TEXT and not isinstance(given["body"], str):
        raise Invalid('"body" must be text, which is what the workflow takes', path="message.body")
    now_ms = editing.backend.clock.now_ms()
    message = Message("", "", "", iso_text(now_ms), now_ms, subject, attributes)
    if not accepts(config, message, given["body"], now_ms):
        return None
    return context_of(config, message, str(config["topic"]), given["body"])


CONTEXTS: dict[str, Callable[[Editing, Workflow, Row], dict[str, Json] | None]] = {
    CUSTOM_ACTION: _of_custom_action,
    POST_ACTION: _of_post_action,
    PRE_ACTION: _of_pre_action,
    COLLECTION_EVENT: _of_record_event,
    SCHEDULE: _of_schedule,
    MESSAGE: _of_message,
}


def _given(values: Row, name: str) -> Json:
    """Raises Invalid for what is missing or names no record."""
    value = values.get(name)
    if value is None or value == "" or isinstance(value, list | bool):
        raise Invalid(f'"{name}" is required: a record, or the id of one', path=name)
    return value


def _collection(editing: Editing, workflow: Workflow) -> Collection:
    return editing.records.collection(str(workflow.config.get("collection")))


def _rows(editing: Editing, workflow: Workflow, values: Row) -> list[Row]:
    """The rows by ``filterByTk``, or by ids in ``data``."""
    collection = _collection(editing, workflow)
    raw = values.get("filterByTk") if values.get("filterByTk") is not None else values.get("data")
    ids = [convert_id(collection, one) for one in (raw if isinstance(raw, list) else [raw])]
    found = [record for record in editing.unit.get_many(collection, ids) if record]
    return editing.records.rows(collection, found, workflow.config.get("appends") or [])


def _row(editing: Editing, workflow: Workflow, given: Json, path: str) -> Json:
    """The record by its id, with what the trigger appends; one that was sent whole is read again only for the sake of that."""
    appends = workflow.config.get("appends") or []
    if isinstance(given, dict) and not appends:
        return given
    collection = _collection(editing, workflow)
    record = _found(editing, collection, given, path)
    if record is None:
        key = given.get("id") if isinstance(given, dict) else given
        raise Invalid(f'no record {key} in collection "{collection.name}"', path=path, code="RECORD_NOT_FOUND")
    return editing.records.rows(collection, [record], appends)[0]


def _found(editing: Editing, collection: Collection, given: Json, path: str) -> Record | None:
    return editing.unit.get(collection, _id(collection, given, path))


def _id(collection: Collection, given: Json, path: str) -> int | str:
    """The id that was given, alone or with its record. Raises Invalid."""
    key = given.get("id") if isinstance(given, dict) else given
    try:
        return convert_id(collection, key)
    except Invalid as wrong:
        raise Invalid(wrong.message, path=f"{path}.id" if isinstance(given, dict) else path, code=wrong.code) from None


def _who(editing: Editing, values: Row) -> dict[str, Json]:
    """``{"user", "roleName"}``; without a role named, the first that the user has."""
    user = _user(editing, values.get("userId"))
    role = _role(editing, values.get("roleName")) or next(iter(role_names(user)), None)
    shown = {name: value for name, value in visible(user).items() if name not in ("roles", "defaultRole", "blocked")}
    return {"user": shown, "roleName": role}


def _user(editing: Editing, raw: Json) -> Record:
    raw = raw.get("id") if isinstance(raw, dict) else raw
    if raw is None:
        raise Invalid("user is not provided", path="userId")
    try:
        user = editing.unit.get(USERS, convert_id(USERS, raw))
    except Invalid:
        user = None
    if user is None:
        raise Invalid("user not found", path="userId")
    return user


def _role(editing: Editing, name: Json) -> str | None:
    """Raises Invalid for a name that no role has."""
    if name is None or name == "":
        return None
    known = isinstance(name, str) and (name in (ROOT, UNION) or editing.reads.resolve(lambda: editing.definitions.role(name)) is not None)
    if not known:
        raise Invalid(f"roleName: there is no role {name!r}", path="roleName", code="ROLE_NOT_FOUND")
    return str(name)
