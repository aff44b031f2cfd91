"""``workflows:execute``: run a version by hand, enabled or not, synchronous or not, in process as far as it does not have to wait.

Source: https://docs.nocobase.com/workflow/development/api (execute). Nodes that answer a call have no call here.
"""

from __future__ import annotations

import secrets

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record, Row, visible
from chalicelib.domain.status import QUEUEING, STARTED
from chalicelib.domain.system_collections import USERS
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.commit import AlreadyCommitted, commit, store_errors, walk_until_committed
from chalicelib.engine.compiler import waits as waiting
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution
from chalicelib.engine.ports import Effects
from chalicelib.errors import AppError, Invalid, Json
from chalicelib.nodes import NODE_TYPES
from chalicelib.observability import logger
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import FIRST_ATTEMPT, after_commit, start
from chalicelib.services.editing import Editing, open_for
from chalicelib.services.revisions import add_revision
from chalicelib.services.session import ROOT, UNION, role_names
from chalicelib.services.versions import AREA, check, found_version, is_frozen, version_id_of
from chalicelib.triggers.custom_action import GLOBAL, MULTIPLE

LONGEST_WALK_MS = 20_000


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
        execution_id, effects = fresh_id(self._backend.clock.now_ms()), self._backend.effects()

        def once(number: int) -> Answer:
            editing = open_for(self._backend, call, AREA, f"{execution_id}/{number}")
            return self._run(editing, call, version_id, execution_id, effects)

        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, once))

    def _run(self, editing: Editing, call: Call, version_id: int, execution_id: int, effects: Effects) -> Answer:
        version = found_version(editing, version_id)
        values = call.values()
        revised = _wants_revision(call.params.get("autoRevision"))
        workflow = _workflow(editing, version)
        check(editing, version.item["data"])
        user = _user(editing, values.get("userId"))
        role = _role(editing, values.get("roleName")) or next(iter(role_names(user)), None)
        now_ms = self._backend.clock.now_ms()
        context = {"data": _data(editing, workflow, values), "user": _user_row(user), "roleName": role}
        execution = Execution(execution_id, workflow, context, iso_text(now_ms), manually=True)
        waits = has_to_wait(workflow)
        if waits:
            execution.status = QUEUEING
        else:
            runner = self._backend.runner(effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
            runner.walk(execution, editing.records, answers=False)
        new = {"newVersionId": add_revision(editing, version, {}).id} if revised else {}
        token = call.request_id or secrets.token_hex(8)
        executions = [execution, *editing.unit.ran, *editing.unit.queued]
        tagged = run_writes(editing.definitions, executions, token, self._backend.now()) + editing.unit.writes()
        try:
            commit(self._backend.store, self._backend.clock, tagged, call.deadline_ms)
        except AlreadyCommitted as there:
            if there.item["id"] != execution_id:
                raise
        after_commit(self._backend, editing.definitions, [one for one in executions if one is not execution or not waits])
        status = self._walked(execution, call) if waits else execution.status
        return Answer({"execution": {"id": execution.id, "status": status}, **new})

    def _walked(self, execution: Execution, call: Call) -> int:
        """The status after the first attempt's walk in this process, as far as that comes; what waits then goes on with its machine."""
        runs = AsyncRuns(self._backend)
        deadline_ms = call.deadline_ms or self._backend.clock.now_ms() + LONGEST_WALK_MS
        try:
            status = runs.walk_in_process(execution.id, FIRST_ATTEMPT, deadline_ms)
        except AppError as error:
            logger.warning("execution %s goes on with its machine: %s", execution.id, error)
            status = STARTED
        if status == STARTED:
            start(self._backend, execution)
        return status


def has_to_wait(workflow: Workflow) -> bool:
    """Whether the version has nodes that wait, so that no call can see its end. A subflow waits in an asynchronous version only."""
    types = [NODE_TYPES[node.type] for node in workflow.graph.nodes.values() if waiting(node)]
    return any(not (kind.also_sync and workflow.sync) for kind in types)


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


def _role(editing: Editing, name: Json) -> str | None:
    """Raises Invalid for a name that no role has."""
    if name is None or name == "":
        return None
    known = isinstance(name, str) and (name in (ROOT, UNION) or editing.reads.resolve(lambda: editing.definitions.role(name)) is not None)
    if not known:
        raise Invalid(f"roleName: there is no role {name!r}", path="roleName", code="ROLE_NOT_FOUND")
    return str(name)


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
