"""``<collection>:trigger`` and ``workflows:trigger``: the custom action event.

The order is NocoBase's (https://docs.nocobase.com/workflow/triggers/custom-action): who calls (401), may they (403), which workflows,
which rows; then the synchronous ones one after the other, each in a unit of its own, then the asynchronous ones are queued. A warm
call is two requests: one read that asks for everything at once, one write.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.ids import fresh_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key, record_key
from chalicelib.domain.record import Record, Row
from chalicelib.domain.status import QUEUEING, RESOLVED
from chalicelib.domain.workflow import Workflow, plain_name
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import execution_writes, mark_frozen, walk
from chalicelib.engine.execution import Execution, restored
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, scope_filter
from chalicelib.triggers.custom_action import Segment, parse_trigger_workflows, why_not

MOST_ROWS = 90
FAILED_MESSAGE = "Workflow on your action failed, please contact the administrator"


@dataclass(frozen=True)
class Selected:
    """A workflow of the call. ``association``: its context is what stands at the segment's path (a to-one association's record)."""

    workflow: Workflow
    path: tuple[str, ...]
    association: bool


@dataclass
class Plan:
    """What one read of the call found: the caller, the workflows to run, the rows."""

    caller: Caller
    collection: Collection | None
    selected: list[Selected]
    skipped: list[dict[str, Json]]
    records: list[Record] | None
    many: bool
    missing: list[Json]
    replay: idempotency.Replay | None


@dataclass
class Progress:
    """What outlives a walk that starts again: ids given, executions committed, and the write of the key that came before."""

    ids: dict[str, int] = field(default_factory=dict)
    done: dict[str, Execution] = field(default_factory=dict)
    kept_doc: str | None = None
    collisions: int = 0
    token: str = field(default_factory=lambda: secrets.token_hex(8))


class CustomActions:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def trigger(self, call: Call) -> Answer:
        """Run what the call selects. Raises AppError."""
        progress = Progress()
        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, lambda n: self._walk(call, progress, n)))

    def _walk(self, call: Call, progress: Progress, number: int) -> Answer:
        reads, definitions = self._backend.reading()
        plan = reads.resolve(lambda: _Planner(self._backend, reads, definitions, call).plan())
        if plan.replay and plan.replay.answer:
            return plan.replay.answer
        if plan.replay:
            self._resume(progress, plan, plan.replay)
        try:
            return _Run(self._backend, reads, definitions, call, plan, progress, number).answer()
        except Replayed:
            raise Stale from None

    def _resume(self, progress: Progress, plan: Plan, begun: idempotency.Replay) -> None:
        """An earlier try of the same key began and did not end: what it committed stays, the rest runs now."""
        progress.ids.update(begun.executions)
        progress.kept_doc = begun.doc
        for selected in plan.selected:
            execution_id = begun.executions.get(selected.workflow.key)
            if execution_id is None:
                continue
            key = execution_key(execution_id)
            item = self._backend.store.batch_get([key]).get(key)
            if item:
                progress.done[selected.workflow.key] = restored(item, selected.workflow)


class _Planner:
    """Straight-line questions to the database; run again by `Reads.resolve` until every answer is there."""

    def __init__(self, backend: Backend, reads: Reads, definitions: Definitions, call: Call) -> None:
        self._backend = backend
        self._reads = reads
        self._definitions = definitions
        self._call = call
        self._ids: list[int | str] = []

    def plan(self) -> Plan:
        call, reads = self._call, self._reads
        state: dict[str, Json] = {}
        reads.together(
            lambda: state.update(caller=authenticate(self._backend, reads, self._definitions, call)),
            lambda: state.update(replay=self._replay()),
            lambda: state.update(collection=self._collection()),
            lambda: self._workflows(self._segments_quietly()),
        )
        caller: Caller = state["caller"]
        collection: Collection | None = state["collection"]
        scope = caller.permit(collection.name, "triggerNew" if call.target_keys is None else "trigger") if collection else None
        segments = self._segments()
        workflows = self._workflows(segments)
        selected, skipped = self._select(caller, collection, segments, workflows)
        records, missing = self._rows(collection) if collection else (None, [])
        if records is not None and collection and scope and scope.scope is not None:
            reachable = scope_filter(caller, scope, collection, self._definitions)
            outside = [record for record in records if not reachable.matches(record.row)]
            if not isinstance(call.target_keys, list) and (outside or missing):
                raise Forbidden(NO_PERMISSIONS)
            records = [record for record in records if record not in outside]
            missing += [record.id for record in outside]
        if records == []:
            raise _nothing_found(collection, missing)
        return Plan(caller, collection, selected, skipped, records, isinstance(call.target_keys, list), missing, state["replay"])

    def _replay(self) -> idempotency.Replay | None:
        if self._call.idempotency_key is None or self._call.token is None:
            return None
        now_s = self._backend.clock.now_ms() // 1000
        user_id = self._backend.tokens.verify(self._call.token, now_s).user_id
        return idempotency.replay(self._reads, self._call, user_id, now_s)

    def _collection(self) -> Collection | None:
        """The call's collection (``None`` for ``workflows:trigger``); also notes its rows, so that one read asks for both."""
        if self._call.resource == "workflows":
            return None
        name = self._call.resource
        likely = self._definitions.likely_collection(name)
        keys = self._keys_quietly(likely) if likely else []
        self._reads.together(lambda: self._definitions.collection(name), *[lambda key=key: self._reads.item(key) for key in keys])
        collection = self._definitions.collection(name)
        if collection is None or collection.system:
            raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
        return collection

    def _keys_quietly(self, collection: Collection) -> list[Json]:
        """Keys of the rows asked for; a wrong id is told later, after the permission."""
        try:
            return [record_key(collection.uid, record_id, collection.shards) for record_id in self._target_ids(collection)]
        except Invalid:
            return []

    def _target_ids(self, collection: Collection) -> list[int | str]:
        keys = self._call.target_keys
        if keys is None:
            return []
        raw = keys if isinstance(keys, list) else [keys]
        if len(raw) > MOST_ROWS:
            raise Invalid(f"filterByTk takes at most {MOST_ROWS} ids, not {len(raw)}", path="filterByTk")
        return list(dict.fromkeys(convert_id(collection, one) for one in raw))

    def _rows(self, collection: Collection) -> tuple[list[Record] | None, list[Json]]:
        if self._call.target_keys is None:
            return None, []
        ids = self._target_ids(collection)
        keys = [record_key(collection.uid, record_id, collection.shards) for record_id in ids]
        items = [self._reads.item(key) for key in keys]
        missing: list[Json] = [record_id for record_id, item in zip(ids, items, strict=True) if item is None]
        return [Record(collection, item) for item in items if item], missing

    def _segments(self) -> list[Segment]:
        raw = self._call.params.get("triggerWorkflows")
        if raw is None or raw in ("", []):
            raise Invalid('parameter "triggerWorkflows" is required', path="triggerWorkflows")
        segments = parse_trigger_workflows(raw)
        if not segments:
            raise Invalid('parameter "triggerWorkflows" names no workflow', path="triggerWorkflows", code="NO_WORKFLOW_TRIGGERED")
        return segments

    def _segments_quietly(self) -> list[Segment]:
        try:
            return self._segments()
        except Invalid:
            return []

    def _workflows(self, segments: Sequence[Segment]) -> list[Workflow | None]:
        """The enabled versions, with every collection they name (the nodes will ask for them)."""
        likely = [self._definitions.likely_workflow(segment.key) for segment in segments]
        named = {name for workflow in likely if workflow for name in workflow.collections}
        self._reads.together(
            *[lambda key=segment.key: self._definitions.workflow(key) for segment in segments],
            *[lambda name=name: self._definitions.collection(name) for name in named],
        )
        return [self._definitions.workflow(segment.key) for segment in segments]

    def _select(
        self, caller: Caller, collection: Collection | None, segments: Sequence[Segment], workflows: Sequence[Workflow | None]
    ) -> tuple[list[Selected], list[dict[str, Json]]]:
        """The workflows that fit the call, and why the others do not. Raises Invalid when none fits, Forbidden for a role that may not."""
        selected: list[Selected] = []
        reasons: list[tuple[Segment, Problem]] = []
        for segment, workflow in zip(segments, workflows, strict=True):
            target = self._target_of(collection, segment.path)
            bound = plain_name(workflow.config.get("collection") or "") if workflow else None
            at_target = bool(collection and target and target.name == bound and segment.path)
            compared = target if at_target else collection
            problem = why_not(
                workflow,
                resource_collection=collection.name if collection else None,
                target_collection=compared.name if compared else None,
                ids=self._ids_kind(),
            )
            if problem:
                reasons.append((segment, problem))
            elif workflow:
                selected.append(Selected(workflow, segment.path if collection else (), at_target))
        if not selected:
            raise Invalid.of([Problem(f'"{s.key}": {p.message}', "triggerWorkflows", "NO_WORKFLOW_TRIGGERED") for s, p in reasons])
        _check_roles(caller, selected)
        return selected, [{"key": s.key, "code": p.code, "message": p.message} for s, p in reasons]

    def _ids_kind(self) -> Literal["none", "one", "many"]:
        keys = self._call.target_keys if self._call.resource != "workflows" else None
        return "none" if keys is None else "many" if isinstance(keys, list) else "one"

    def _target_of(self, collection: Collection | None, path: Sequence[str]) -> Collection | None:
        """The collection at the end of a path of to-one associations; ``None`` when the path is something else."""
        for name in path:
            found = collection.field(name) if collection else None
            if found is None or not found.is_to_one:
                return None
            collection = self._definitions.collection(found.target or "")
        return collection


def _check_roles(caller: Caller, selected: Sequence[Selected]) -> None:
    """A global workflow may list the roles that may trigger it."""
    for one in selected:
        allowed = one.workflow.config.get("roles")
        names = {caller.role_name, *(role.name for role in caller.roles)}
        if allowed and not caller.is_root and not names & set(allowed):
            raise Forbidden(NO_PERMISSIONS)


def _nothing_found(collection: Collection | None, missing: Sequence[Json]) -> NotFound:
    name = collection.name if collection else ""
    ids = ", ".join(map(str, missing))
    return NotFound(f'no record {ids} in collection "{name}"' if missing else "filterByTk names no record", code="RECORD_NOT_FOUND")


class _Run:
    """Runs the plan's workflows and makes the answer; one object per walk."""

    def __init__(
        self, backend: Backend, reads: Reads, definitions: Definitions, call: Call, plan: Plan, progress: Progress, number: int
    ) -> None:
        self._backend = backend
        self._reads = reads
        self._definitions = definitions
        self._call = call
        self._plan = plan
        self._progress = progress
        self._number = number
        self._now_ms = backend.clock.now_ms()

    def answer(self) -> Answer:
        """Raises Stale (walk again), and what a run or a commit raises."""
        synchronous = [one for one in self._plan.selected if one.workflow.sync]
        queued = [one for one in self._plan.selected if not one.workflow.sync]
        for one in self._plan.selected:
            self._progress.ids.setdefault(one.workflow.key, fresh_id(self._now_ms + len(self._progress.ids)))
        for position, one in enumerate(synchronous):
            execution = self._progress.done.get(one.workflow.key)
            if execution is None:
                last = position + 1 == len(synchronous)
                execution = self._execute(one, queued if last else [], last)
            if execution.ended_by_end or execution.status != RESOLVED:
                break
        else:
            if not synchronous:
                self._queue(queued)
        return self._compose()

    def _execute(self, one: Selected, queued: Sequence[Selected], last: bool) -> Execution:
        """Walk one synchronous workflow and commit it (with the asynchronous ones, when it is the last and did not stop the call)."""
        execution = self._new_execution(one)
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed=f"{execution.id}/{self._progress.collisions}")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        execution.context = self._context(one, records)
        unit.guard(self._plan.records or [])
        walk(execution, records, self._backend.clock, answers=True, deadline_ms=self._call.deadline_ms, timezone=self._call.timezone)
        self._progress.done[one.workflow.key] = execution
        try:
            goes_on = execution.status == RESOLVED and not execution.ended_by_end
            waiting = [self._new_execution(other, records) for other in queued] if goes_on else []
            for other in waiting:
                self._progress.done[other.workflow.key] = other
            self._commit([execution, *waiting], unit.writes(), last or not goes_on)
        except BaseException:
            for key in [execution.workflow.key, *(other.workflow.key for other in queued)]:
                self._progress.done.pop(key, None)
            raise
        unit.committed()
        return execution

    def _queue(self, queued: Sequence[Selected]) -> None:
        unit = self._backend.unit(self._reads, user_id=None, at_ms=self._now_ms, seed="queue")
        records = UnitRecords(unit, self._definitions, now_ms=self._now_ms, timezone=self._call.timezone)
        waiting = [self._new_execution(one, records) for one in queued if one.workflow.key not in self._progress.done]
        self._progress.done.update({execution.workflow.key: execution for execution in waiting})
        try:
            self._commit(waiting, [], True)
        except BaseException:
            for execution in waiting:
                self._progress.done.pop(execution.workflow.key)
            raise

    def _new_execution(self, one: Selected, records: UnitRecords | None = None) -> Execution:
        """A started execution; with ``records`` a queued one, its context already loaded."""
        plan = self._plan
        touched = f"{plan.collection.name}/{plan.records[0].id}" if plan.collection and plan.records and not plan.many else None
        execution = Execution(self._progress.ids[one.workflow.key], one.workflow, {}, iso_text(self._now_ms), touched)
        if records is not None:
            execution.status = QUEUEING
            execution.context = self._context(one, records)
        return execution

    def _commit(self, executions: Sequence[Execution], record_writes: Sequence[Json], final: bool) -> None:
        token = self._progress.token
        tagged = [write for execution in executions for write in execution_writes(self._definitions, execution, token, self._backend.now())]
        tagged += [*record_writes, *self._keep(final)]
        try:
            commit(self._backend.store, self._backend.clock, tagged, self._call.deadline_ms)
        except AlreadyCommitted as there:
            self._settle(executions, there, token)
        for execution in executions:
            mark_frozen(self._definitions, execution.workflow)

    def _settle(self, executions: Sequence[Execution], there: AlreadyCommitted, token: str) -> None:
        """Ours, by an earlier send that was not heard: done. Somebody else's id: take another and walk again."""
        stored = restored(there.item, executions[0].workflow)
        if stored.token == token:
            return
        if self._plan.replay is None:
            for execution in executions:
                self._progress.ids[execution.workflow.key] = fresh_id(self._backend.clock.now_ms())
            self._progress.collisions += 1
        raise Stale

    def _keep(self, final: bool) -> list[Json]:
        """The Idempotency-Key's write: the answer with the last commit, the ids with the first of several."""
        if self._call.idempotency_key is None or not (final or self._progress.kept_doc is None):
            return []
        now_s, user_id = self._now_ms // 1000, self._plan.caller.id
        answer = self._compose() if final else None
        kept = idempotency.keep(self._call, user_id, now_s, answer, self._progress.ids, self._progress.kept_doc)
        if not final:
            self._progress.kept_doc = kept[0].write.item["doc"]  # type: ignore[union-attr]
        return list(kept)

    def _context(self, one: Selected, records: UnitRecords) -> dict[str, Json]:
        caller = self._plan.caller
        return {"data": self._data(one, records), "user": caller.row(), "roleName": caller.role_name}

    def _data(self, one: Selected, records: UnitRecords) -> Json:
        """``$context.data``: the body, or the rows with the body's properties over them; see the module's page."""
        plan, body = self._plan, self._call.body if self._call.body is not None else {}
        form = _at_path(body, one.path) if one.path else body
        if plan.records is None or plan.collection is None:
            return form
        if one.association:
            rows = self._associated(one, records, plan.records, form)
            return rows if plan.many else rows[0]
        if one.path and form is None:
            form = {}
        if not isinstance(form, dict):
            raise Invalid(f"with filterByTk the body must be an object that overwrites the record, not {kind_of(form)}", path="body")
        appends = one.workflow.config.get("appends") or []
        rows = records.rows(plan.collection, plan.records, appends)
        overlaid: list[Json] = [row | form | {"id": row["id"]} for row in rows]
        return overlaid if plan.many else overlaid[0]

    def _associated(self, one: Selected, records: UnitRecords, owners: Sequence[Record], form: Json) -> list[Json]:
        """The associated record of each row: from the body when it carries one, else loaded."""
        if form is not None:
            return [form for _ in owners]
        path = ".".join(one.path)
        assert self._plan.collection is not None
        appends = [f"{path}.{name}" for name in one.workflow.config.get("appends") or []]
        rows = records.rows(self._plan.collection, owners, [path, *appends])
        return [_at_path(row, one.path) for row in rows]

    def _compose(self) -> Answer:
        """The answer as far as things have come."""
        plan, executions = self._plan, [self._progress.done[key] for key in self._keys() if key in self._progress.done]
        meta: dict[str, Json] = {"executions": [execution.summary() for execution in executions]}
        if plan.skipped:
            meta["skipped"] = plan.skipped
        if plan.missing:
            meta["missing"] = plan.missing
        messages = [message for execution in executions for message in execution.messages]
        bad = next((execution for execution in executions if execution.status is not None and execution.status < 0), None)
        if bad is None:
            return Answer(has_data=False, meta=meta, messages=messages)
        if bad.ended_by_end:
            text = f'Workflow "{bad.workflow.title}" ended as failed'
            errors: list[Row] = [{"message": m} for m in messages] or [{"message": text, "code": "WORKFLOW_ENDED"}]
            return Answer(status=400, errors=errors, meta=meta)
        return Answer(status=500, errors=[_failure(bad)], meta=meta)

    def _keys(self) -> list[str]:
        ordered = sorted(self._plan.selected, key=lambda one: not one.workflow.sync)
        return [one.workflow.key for one in ordered]


def _failure(execution: Execution) -> Row:
    job = execution.failed_job
    error: Row = {"message": FAILED_MESSAGE, "code": "WORKFLOW_FAILED", "executionId": execution.id}
    return error | ({"node": job.node.title, "nodeKey": job.node.key} if job else {})


def _at_path(value: Json, path: Sequence[str]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
