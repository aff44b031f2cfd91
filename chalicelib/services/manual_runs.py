"""``workflows:execute``: run a version by hand, enabled or not, synchronous or not, in process.

Source: https://docs.nocobase.com/workflow/development/api (execute). Nodes that answer a call have no call here.
"""

from __future__ import annotations

import secrets

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.system_collections import USERS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import AlreadyCommitted, commit, store_errors, walk_until_committed
from chalicelib.engine.dispatch import execution_writes, mark_frozen, walk
from chalicelib.engine.execution import Execution
from chalicelib.errors import Invalid, Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, open_for
from chalicelib.services.revisions import add_revision
from chalicelib.services.session import role_names
from chalicelib.services.versions import AREA, check, found_version, is_frozen, version_id_of
from chalicelib.triggers.custom_action import GLOBAL, MULTIPLE


class ManualRuns:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def execute(self, call: Call) -> Answer:
        """``{"userId", "roleName"?, "data"?, "filterByTk"?}`` → ``{"execution": {"id", "status"}}``.

        With ``autoRevision=1`` also ``"newVersionId"``: a version to go on editing, made in the same transaction."""
        if call.body is None:
            raise Invalid("values is required", path="body")
        version_id = version_id_of(call)
        execution_id = fresh_id(self._backend.clock.now_ms())

        def once(number: int) -> Answer:
            editing = open_for(self._backend, call, AREA, f"{execution_id}/{number}")
            return self._run(editing, call, version_id, execution_id)

        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, once))

    def _run(self, editing: Editing, call: Call, version_id: int, execution_id: int) -> Answer:
        version = found_version(editing, version_id)
        values = call.values()
        revised = _wants_revision(call.params.get("autoRevision"))
        workflow = _workflow(editing, version)
        check(editing, version.item["data"])
        user = _user(editing, values.get("userId"))
        role = values.get("roleName") or next(iter(role_names(user)), None)
        now_ms = self._backend.clock.now_ms()
        context = {"data": _data(editing, workflow, values), "user": _user_row(user), "roleName": role}
        execution = Execution(execution_id, workflow, context, iso_text(now_ms), manually=True)
        walk(execution, editing.records, self._backend.clock, answers=False, deadline_ms=call.deadline_ms, timezone=call.timezone)
        new = {"newVersionId": add_revision(editing, version, {}).id} if revised else {}
        token = call.request_id or secrets.token_hex(8)
        tagged = execution_writes(editing.definitions, execution, token, self._backend.now()) + editing.unit.writes()
        try:
            commit(self._backend.store, self._backend.clock, tagged, call.deadline_ms)
        except AlreadyCommitted as there:
            if there.item["id"] != execution_id:
                raise
        mark_frozen(editing.definitions, workflow)
        return Answer({"execution": {"id": execution.id, "status": execution.status}, **new})


def _wants_revision(raw: Json) -> bool:
    """Whether the parameter is the number 1. Raises Invalid for what is no number."""
    try:
        return float(raw or 0) == 1 if raw != "false" else False
    except (TypeError, ValueError):
        raise Invalid("autoRevision must be 0 or 1", path="autoRevision") from None


def _workflow(editing: Editing, version: Record) -> Workflow:
    """The version to run; of an enabled one the copy that is kept under its key, which a first run freezes too."""
    key = version.row["key"]
    enabled = editing.reads.resolve(lambda: editing.definitions.workflow(key)) if version.row["enabled"] else None
    if enabled is not None and enabled.id == version.id:
        return enabled
    return Workflow.of(version.row, frozen=is_frozen(version), version=version.version)


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


def _user_row(user: Record) -> Row:
    return {name: value for name, value in visible(user).items() if name not in ("roles", "defaultRole", "blocked")}


def _data(editing: Editing, workflow: Workflow, values: Row) -> Json:
    """The context's data: rows by ``filterByTk``, a record by its id, or what was sent."""
    kind, data = workflow.config.get("type") or GLOBAL, values.get("data")
    if kind == GLOBAL:
        return data
    name = str(workflow.config.get("collection"))
    collection = editing.records.collection(name)
    appends = workflow.config.get("appends") or []
    if kind == MULTIPLE:
        raw = values.get("filterByTk") if values.get("filterByTk") is not None else data
        ids = [convert_id(collection, one) for one in (raw if isinstance(raw, list) else [raw])]
        found = [record for record in editing.unit.get_many(collection, ids) if record]
        return editing.records.rows(collection, found, appends)
    if isinstance(data, dict) and not appends:
        return data
    key = data.get("id") if isinstance(data, dict) else data
    record = editing.unit.get(collection, convert_id(collection, key))
    if record is None:
        raise Invalid(f'no record {key} in collection "{collection.name}"', path="data", code="RECORD_NOT_FOUND")
    return editing.records.rows(collection, [record], appends)[0]
