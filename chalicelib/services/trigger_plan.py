"""What one call of ``<collection>:trigger`` is about: who calls, which workflows, which rows; asked for in one read when warm.

The order of the refusals is NocoBase's: who calls (401), may they (403), which workflows (400), which rows (404).
Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import RECORDS, Range
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import KEY, Workflow, plain_name
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.reads import Reads
from chalicelib.errors import Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.services import idempotency
from chalicelib.services.action_events import intercepting
from chalicelib.services.backend import Backend
from chalicelib.services.call import Call
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, scope_filter, verified_claims
from chalicelib.triggers.custom_action import PARAMETER, Segment, parse_trigger_workflows, why_not

MOST_ROWS = 90
Ids = frozenset[int | str]


@dataclass(frozen=True)
class Selected:
    """A workflow of the call. ``association``: its context is what stands at the segment's path (a to-one association's record);
    ``before``: it is a pre-action workflow, whose context is what the call asks for."""

    workflow: Workflow
    path: tuple[str, ...] = ()
    association: bool = False
    before: bool = False


@dataclass
class Plan:
    """What one read of the call found: the caller, the workflows to run, the rows. ``nothing``: why none but pre-action ones
    runs."""

    caller: Caller
    collection: Collection | None
    selected: list[Selected]
    skipped: list[dict[str, Json]]
    records: list[Record] | None
    many: bool
    missing: list[Json]
    replay: idempotency.Replay | None
    nothing: Invalid | None = None


class Planner:
    """Straight-line questions to the database; run again by `Reads.resolve` until every answer is there."""

    def __init__(
        self, backend: Backend, reads: Reads, definitions: Definitions, call: Call, begun: bool = False, among: Ids | None = None
    ) -> None:
        """``begun``: a workflow of the call is committed already; what it did to the rows is no reason to refuse the rest.

        ``among``: the only rows that count as there."""
        self._begun = begun
        self._among = among
        self._nothing: Invalid | None = None
        self._backend = backend
        self._reads = reads
        self._definitions = definitions
        self._call = call
        self._claims = verified_claims(backend, call)

    def plan(self) -> Plan:
        call, reads = self._call, self._reads
        state: dict[str, Json] = {}
        reads.together(
            lambda: state.update(caller=authenticate(reads, self._definitions, call, self._claims)),
            lambda: state.update(replay=self._replay()),
            lambda: state.update(collection=self._collection()),
            lambda: self._workflows(self._segments_quietly()),
        )
        caller: Caller = state["caller"]
        collection: Collection | None = state["collection"]
        scope = caller.permit(collection.name, "triggerNew" if call.target_keys is None else "trigger") if collection else None
        replay: idempotency.Replay | None = state["replay"]
        if replay:
            replay.check_role(caller.role_name)
            if replay.answer:
                # The first call may have removed the very rows this one names: its answer stands all the same.
                return Plan(caller, collection, [], [], None, False, [], replay)
            self._begun = True
        segments = self._segments()
        workflows = self._workflows(segments)
        selected, skipped = self._select(caller, collection, segments, workflows)
        records, missing = self._rows(collection) if collection else (None, [])
        if records is not None and collection and scope and scope.scope is not None and not self._begun:
            reachable = scope_filter(caller, scope, collection, self._definitions)
            outside = [record for record in records if not reachable.matches(record.row)]
            if not isinstance(call.target_keys, list) and (outside or missing):
                raise Forbidden(NO_PERMISSIONS)
            records = [record for record in records if record not in outside]
            missing += [record.id for record in outside]
        if records == [] and not self._begun:
            raise _nothing_found(collection, missing)
        return Plan(caller, collection, selected, skipped, records, isinstance(call.target_keys, list), missing, replay, self._nothing)

    def _replay(self) -> idempotency.Replay | None:
        return idempotency.replay(self._reads, self._call, self._claims.user_id, self._backend.clock.now_ms() // 1000)

    def _collection(self) -> Collection | None:
        """The call's collection (``None`` for ``workflows:trigger``); also notes its rows, so that one read asks for both."""
        if self._call.resource == "workflows":
            return None
        name = self._call.resource
        likely = self._definitions.likely_collection(name)
        keys = self._keys_quietly(likely) if likely else []
        self._reads.together(lambda: self._definitions.with_bound(name), *[lambda key=key: self._reads.item(key) for key in keys])
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
        if self._among is not None:
            items = [item if record_id in self._among else None for record_id, item in zip(ids, items, strict=True)]
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
        known = [segment for segment in segments if KEY.fullmatch(segment.key)]
        likely = [self._definitions.likely_workflow(segment.key) for segment in known]
        named = {name for workflow in likely if workflow for name in workflow.collections}
        self._reads.together(
            *[lambda key=segment.key: self._definitions.workflow(key) for segment in known],
            *[lambda name=name: self._definitions.with_bound(name) for name in named],
        )
        return [self._definitions.workflow(segment.key) if segment in known else None for segment in segments]

    def _select(
        self, caller: Caller, collection: Collection | None, segments: Sequence[Segment], workflows: Sequence[Workflow | None]
    ) -> tuple[list[Selected], list[dict[str, Json]]]:
        """The workflows that fit the call, and why the others do not. Raises Invalid when none fits, Forbidden for a role that may not."""
        before = self._before(collection, segments)
        selected: list[Selected] = []
        reasons: list[tuple[Segment, Problem]] = []
        for segment, workflow in zip(segments, workflows, strict=True):
            if workflow is not None and any(one.workflow.id == workflow.id for one in before):
                continue
            target = self._target_of(collection, segment.path)
            bound = plain_name(workflow.config.get("collection") or "") if workflow else None
            at_target = bool(collection and target and target.name == bound and segment.path)
            compared = target if at_target else collection
            problem = why_not(
                workflow,
                resource_collection=collection.name if collection else None,
                target_collection=compared.name if compared else None,
                ids=self._ids_kind(),
                key=segment.key,
                disabled=workflow is None and bool(KEY.fullmatch(segment.key)) and self._has_versions(segment.key),
            )
            if problem:
                reasons.append((segment, problem))
            elif workflow:
                selected.append(Selected(workflow, segment.path if collection else (), at_target))
        if not selected:
            only_before = Problem("only pre-action workflows are named: there is nothing that they come before", PARAMETER)
            told = [problem for _, problem in reasons] or [only_before]
            nothing = Invalid.of([Problem(p.message, PARAMETER, "NO_WORKFLOW_TRIGGERED") for p in told])
            if not before:
                raise nothing
            self._nothing = nothing
        _check_roles(caller, selected)
        return before + selected, [{"key": s.key, "code": p.code, "message": p.message} for s, p in reasons]

    def _before(self, collection: Collection | None, segments: Sequence[Segment]) -> list[Selected]:
        """The pre-action workflows of the collection that the call names: they run first and may keep the others from running."""
        if collection is None:
            return []
        found = intercepting(self._definitions.bound(collection.name), [segment.key for segment in segments], "trigger")
        return [Selected(workflow, before=True) for workflow in found]

    def _has_versions(self, key: str) -> bool:
        """Whether the key is known at all; asked only on the way to a refusal."""
        return bool(self._reads.store.query(RECORDS, WORKFLOWS.partitions[0], index="l1", keys=Range(low=key, high=key), limit=1).items)

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
