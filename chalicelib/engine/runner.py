"""Walks executions for one call: those it starts itself, those that its record writes set off, and subflows.

All of them share the call's unit of work, deadline and effects. What a record write sets off synchronously runs at once, inside the
same unit; an asynchronous execution is queued there, and exists when the unit is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chalicelib.domain.collection import Field
from chalicelib.domain.filter import Filter, parse_filter
from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import Clock
from chalicelib.domain.record import Record, visible
from chalicelib.domain.status import QUEUEING
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution
from chalicelib.engine.finder import Search
from chalicelib.engine.interpreter import Interpreter
from chalicelib.engine.origins import Origin
from chalicelib.engine.ports import Effects, RunPorts
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Change, UnitOfWork
from chalicelib.errors import Invalid, Json, NotFound, Unprocessable
from chalicelib.observability import about, logger, traced
from chalicelib.triggers.collection import COLLECTION_EVENT, is_set_off

ROLLED_BACK = "System process failed, please contact administrator."


@dataclass
class Runner:
    """``deadline_ms``: when the call gives up (epoch milliseconds); ``timezone``: the caller's; ``commit_by_ms``: until when a run that has
    come to its end may still be committed, where that is later."""

    clock: Clock
    effects: Effects
    deadline_ms: int | None = None
    timezone: str = "+00:00"
    commit_by_ms: int | None = None
    origin: Origin = field(init=False)  # of what the call itself has set off, in one walk

    def __post_init__(self) -> None:
        self.origin = Origin(self.effects.name)

    def walk(self, execution: Execution, records: UnitRecords, *, answers: bool) -> None:
        """Run the execution in process; its writes are staged in the records' unit. Raises what `Interpreter.run` raises."""
        unit = records.unit
        unit.serializable = unit.serializable or execution.workflow.options.get("isolation") == "serializable"
        records.runner, before, acting = self, records.stack, unit.acting
        system = system_variables(self.clock.now_ms(), unit.next_number, self.timezone)
        ports = RunPorts(execution, records, self.clock, self.effects, self, answers, self.timezone, deadline_ms=self.deadline_ms)
        ports.commit_by_ms = self.commit_by_ms
        key = execution.workflow.key
        try:
            with about(executionId=execution.id, workflow=key), traced(f"execution {key}", execution_id=execution.id):
                Interpreter(execution, ports, self.clock, system, self.deadline_ms, self.commit_by_ms).run()
        finally:
            records.stack, unit.acting = before, acting

    def settle(self, records: UnitRecords) -> None:
        """Set off what the unit's new changes set off. Raises Unprocessable when a workflow takes the change back."""
        unit, stack = records.unit, records.stack
        if not unit.changes:
            return
        # Workflows act with the system's rights, whoever made the change.
        records = UnitRecords(unit, records.definitions, now_ms=records.now_ms, timezone=self.timezone)
        records.runner, records.stack = self, stack
        # What these workflows write is told below their own executions, so it must not mix with what is told here.
        changes, unit.changes = unit.changes, ()
        for change in changes:
            for workflow in self._bound(records, change):
                self._set_off(records, workflow, change)

    def _bound(self, records: UnitRecords, change: Change) -> Iterator[Workflow]:
        """The enabled workflows that the change sets off, oldest first."""
        record = change.after or change.before
        assert record is not None
        for workflow in records.definitions.bound_now(record.collection.name):
            if workflow.type == COLLECTION_EVENT and is_set_off(workflow.config, change.before, change.after):
                condition = workflow.config.get("condition")
                if change.after is None or not condition or holds(records, condition, change.after):
                    yield workflow

    def _set_off(self, records: UnitRecords, workflow: Workflow, change: Change) -> None:
        if not may_run_below(workflow, records.stack):
            return
        unit, record = records.unit, change.after or change.before
        assert record is not None
        # As the record is now: what was linked to it after it was made is there.
        record = (unit.get(record.collection, record.id) if change.after else None) or record
        rows = records.rows(record.collection, [record], workflow.config.get("appends") or []) if change.after else [visible(record)]
        now = iso_text(self.clock.now_ms())
        touched = f"{record.collection.name}/{record.id}"
        execution = Execution(unit.next_number(), workflow, {"data": rows[0]}, now, touched, stack=records.stack)
        if workflow.sync:
            execution.origin = self._origin(unit, workflow, record)
        if not workflow.sync:
            execution.status = QUEUEING
            unit.queued += (execution,)
            return
        unit.ran.append(execution)
        self.walk(execution, records, answers=False)
        if (execution.status or 0) < 0 and workflow.config.get("rollbackOnFailure"):
            raise Unprocessable(ROLLED_BACK, code="WORKFLOW_ROLLBACK_ON_FAILURE", data={"executionId": execution.id})

    def _origin(self, unit: UnitOfWork, workflow: Workflow, record: Record) -> Origin:
        """Of an execution that a change of the record sets off. The id of a record that this run has made is another one in each walk."""
        above = unit.acting.origin if unit.acting is not None and unit.acting.origin.place else self.origin
        staged = unit.staged.get(record.key)
        is_new = staged is not None and staged.before is None
        return above.inner(f"{workflow.id}/{record.collection.name}/{'' if is_new else record.id}")

    def run_child(self, parent: Execution, records: UnitRecords, key: str, data: Json, answers: bool, place: str) -> Execution:
        workflow = _version_of(records, key)
        if not workflow.sync and parent.workflow.sync:
            raise Invalid(f'workflow "{key}" is asynchronous; a synchronous one can only run synchronous ones', path="workflow")
        if not may_run_below(workflow, parent.below):
            raise Invalid(f'workflow "{key}" is already running above this node (options.stackLimit)', path="workflow", code="STACK_LIMIT")
        context = {name: parent.context.get(name) for name in ("user", "roleName")} | {"data": data}
        now, unit = iso_text(self.clock.now_ms()), records.unit
        child = Execution(unit.next_number(), workflow, context, now, stack=parent.below, parent_id=parent.id)
        if not workflow.sync:
            child.status, child.parent_place = QUEUEING, place
            unit.queued += (child,)
            return child
        child.origin = parent.origin.inner(f"{workflow.id}")
        unit.ran.append(child)
        self.walk(child, records, answers=answers)
        return child


def holds(records: UnitRecords, condition: Json, record: Record) -> bool:
    """Whether the record matches a trigger's condition; associations are looked up for this record alone.

    A condition that has become wrong since it was saved (a field that is gone) holds for nothing, and the log says so."""

    def partners_of(owner: Record) -> Callable[[Field, Filter], list[int | str]]:
        def matching(field: Field, inner: Filter) -> list[int | str]:
            partners = records.links(owner, field).partners()
            if not any(inner.resolve_associations(partners_of(partner)).matches(partner.row) for partner in partners):
                return []
            key = owner.row.get(field.foreign_key or "") if field.type == "belongsTo" else owner.row[field.options.get("sourceKey") or "id"]
            return [] if key is None else [key]

        return matching

    try:
        parsed = parse_filter(condition, record.collection, records.collection, now_ms=records.now_ms)
        return parsed.resolve_associations(partners_of(record)).matches(record.row)
    except (Invalid, NotFound) as wrong:
        logger.warning("the condition of a record event on %s cannot be evaluated: %s", record.collection.name, wrong)
        return False


def may_run_below(workflow: Workflow, stack: tuple[tuple[int, int], ...]) -> bool:
    """Whether the stack has room for one more execution of the version (``options.stackLimit``, by default 1)."""
    return sum(1 for _, version_id in stack if version_id == workflow.id) < (workflow.options.get("stackLimit") or 1)


def _version_of(records: UnitRecords, key: str) -> Workflow:
    """The enabled version of the key, else its current one. Raises Invalid."""
    enabled = records.definitions.workflow_now(key)
    if enabled is not None:
        return enabled
    found = records.search(Search(WORKFLOWS, records.plain_filter({"key": key, "current": True}, WORKFLOWS), limit=1)).records
    if not found:
        raise Invalid(f'there is no workflow with the key "{key}"', path="workflow", code="WORKFLOW_NOT_FOUND")
    version = found[0]
    return Workflow.of(version.row, frozen=bool(version.item.get("frozen")), version=version.version)
