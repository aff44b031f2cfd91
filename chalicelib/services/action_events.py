"""Which workflows a call on records sets off: those before its action, and those after it.

Pre-action workflows run before the action and may stop it; post-action ones get the records that a ``create`` or an ``update`` left. Local
ones are named in ``triggerWorkflows`` (``key``, or ``key!association`` for the associated record's own workflow), global ones by their
``actions``.
Source: https://docs.nocobase.com/workflow/triggers/post-action and https://docs.nocobase.com/workflow/triggers/pre-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.collection import Collection
from chalicelib.domain.workflow import KEY, Workflow, plain_name
from chalicelib.engine.definitions import Definitions
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.services.call import Call, filter_of
from chalicelib.services.session import Caller
from chalicelib.triggers.action import ACTIONS, POST_ACTION
from chalicelib.triggers.custom_action import PARAMETER, Segment, parse_trigger_workflows
from chalicelib.triggers.request_interception import PRE_ACTION


@dataclass(frozen=True)
class After:
    """A post-action workflow of the call; with a ``path`` it gets the record at its end."""

    workflow: Workflow
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bound:
    """What the call sets off, in running order; ``skipped`` says of the other keys why not."""

    before: Sequence[Workflow] = ()
    after: Sequence[After] = ()
    skipped: list[dict[str, Json]] = field(default_factory=list)


def segments_of(call: Call) -> list[Segment]:
    """The entries of ``triggerWorkflows``; none without it. Raises Invalid."""
    raw = call.params.get(PARAMETER)
    return parse_trigger_workflows(raw) if raw else []


def asked_of(call: Call) -> dict[str, Json]:
    """``$context.params`` of a pre-action workflow: the records and values that the call is about. Raises Invalid."""
    keys = (replace(call, record_id=call.association_id) if call.association else call).target_keys
    return {"filterByTk": keys, "filter": filter_of(call), "values": call.body}


def bound_to(definitions: Definitions, caller: Caller, call: Call, collection: Collection) -> Bound:
    """Raises Invalid for a path that leads nowhere, Forbidden for one to a collection the caller may not view, and Pending."""
    segments = segments_of(call)
    waiting = definitions.bound(collection.name)
    named = {segment.key: definitions.workflow(segment.key) for segment in segments if KEY.fullmatch(segment.key)}
    before = intercepting(waiting, [segment.key for segment in segments], call.action)
    after, skipped = _after(definitions, caller, call, collection, segments, named)
    if call.action in ACTIONS:
        taken = {one.workflow.key for one in after}
        after += [After(one) for one in waiting if one.type == POST_ACTION and _is_global_on(one, call.action) and one.key not in taken]
    intercepted = {workflow.key for workflow in before}
    return Bound(before, after, [one for one in skipped if one["key"] not in intercepted])


def expect(definitions: Definitions, call: Call, name: str) -> None:
    """Ask in one go for what the call will set off on a collection, as far as that is known by now. Raises Pending."""
    keys = [segment.key for segment in _quietly(call) if KEY.fullmatch(segment.key)]
    waiting = definitions.likely_bound(name)
    named = [workflow for key in keys if (workflow := definitions.likely_workflow(key))]
    needed = {inner for workflow in (*waiting, *named) for inner in workflow.collections} - {name}
    definitions.together(
        lambda: definitions.with_bound(name),
        *[lambda key=key: definitions.workflow(key) for key in keys],
        *[lambda inner=inner: definitions.with_bound(inner) for inner in needed],
    )


def _quietly(call: Call) -> list[Segment]:
    try:
        return segments_of(call)
    except Invalid:
        return []


def intercepting(waiting: Sequence[Workflow], keys: Sequence[str], action: str) -> list[Workflow]:
    """The pre-action workflows among those of a collection: local ones in the order of the keys, then global ones by their age."""
    own = {one.key: one for one in waiting if one.type == PRE_ACTION}
    local = [own[key] for key in keys if key in own and not own[key].config.get("global")]
    return local + [one for one in own.values() if _is_global_on(one, action)]


def _is_global_on(workflow: Workflow, action: str) -> bool:
    return workflow.config.get("global") is True and action in (workflow.config.get("actions") or [])


def _after(
    definitions: Definitions,
    caller: Caller,
    call: Call,
    collection: Collection,
    segments: Sequence[Segment],
    named: dict[str, Workflow | None],
) -> tuple[list[After], list[dict[str, Json]]]:
    """The post-action workflows that the call names, and why the other keys are left out."""
    after: list[After] = []
    skipped: list[dict[str, Json]] = []
    for segment in segments:
        workflow = named.get(segment.key)
        reason = _why_not(workflow, segment, call.action)
        if reason is None and workflow is not None:
            target = _target(definitions, caller, collection, segment)
            if target.name == plain_name(str(workflow.config.get("collection"))):
                after.append(After(workflow, segment.path))
                continue
            if not segment.path or not _is_global_on(workflow, call.action):
                bound = workflow.config.get("collection")
                reason = Problem(f'workflow "{segment.key}" is bound to "{bound}", not to "{target.name}"', PARAMETER, "WRONG_COLLECTION")
        if reason is not None:
            skipped.append({"key": segment.key, "code": reason.code, "message": reason.message})
    return after, skipped


def _why_not(workflow: Workflow | None, segment: Segment, action: str) -> Problem | None:
    if workflow is None:
        return Problem(f'there is no enabled workflow with the key "{segment.key}"', PARAMETER, "WORKFLOW_NOT_FOUND")
    if workflow.type == PRE_ACTION and workflow.config.get("global"):
        return Problem(f'workflow "{segment.key}" does not start on "{action}"', PARAMETER, "WRONG_ACTION")
    if workflow.type != POST_ACTION:
        message = f'workflow "{segment.key}" has a trigger of type "{workflow.type}", which this action does not start'
        return Problem(message, PARAMETER, "WRONG_TRIGGER_TYPE")
    if action not in ACTIONS or (workflow.config.get("global") and action not in (workflow.config.get("actions") or [])):
        return Problem(f'workflow "{segment.key}" does not start on "{action}"', PARAMETER, "WRONG_ACTION")
    return None


def _target(definitions: Definitions, caller: Caller, collection: Collection, segment: Segment) -> Collection:
    """The collection at the end of the path."""
    for name in segment.path:
        found = collection.field(name)
        if found is None or not found.is_association:
            raise Invalid(
                f'"{segment.key}!{".".join(segment.path)}": "{name}" is not an association of "{collection.name}"', path=PARAMETER
            )
        if not found.is_to_one:
            raise Invalid(
                f'"{segment.key}!{".".join(segment.path)}": "{name}" leads to many records; only one can be given', path=PARAMETER
            )
        target = definitions.collection(found.target or "")
        if target is None:
            raise NotFound(f'there is no collection "{found.target}"', code="COLLECTION_NOT_FOUND")
        caller.permit(target.name, "view")
        collection = target
    return collection
