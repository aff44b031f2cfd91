"""One submission of a manual task: who may, what it says, what it writes.

Source: https://docs.nocobase.com/workflow/nodes/manual
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.collection import Collection
from chalicelib.domain.instants import iso_text
from chalicelib.domain.record import Record, visible
from chalicelib.domain.status import PENDING
from chalicelib.domain.system_collections import WORKFLOW_MANUAL_TASKS
from chalicelib.domain.system_variables import system_variables
from chalicelib.domain.template import ExpressionError
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, is_kept
from chalicelib.engine.finder import Search
from chalicelib.engine.interpreter import prepared_nodes
from chalicelib.engine.ports import Effects
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.stored_jobs import parse_jobs, read_all
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.engine.waiting_scope import scope_of_job
from chalicelib.errors import Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.nodes.manual import SINGLE, Prepared, verdict
from chalicelib.nodes.manual_forms import ACTION_KEY, DRAFT, Action, Form
from chalicelib.nodes.record_config import filter_or_refuse, params_of, rendered_records
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.dispatching import after_commit
from chalicelib.services.input_problems import problems_of_form_input
from chalicelib.services.job_signals import ACCEPTED, NOT_OPEN, ReadJob, read_job
from chalicelib.services.session import Caller, signed_in

TASKS = WORKFLOW_MANUAL_TASKS
Row = dict[str, Json]


@dataclass(frozen=True)
class Chosen:
    """What the body says: the submitted forms, and the action of one of them."""

    submitted: Row
    form_key: str
    form: Form
    action_key: str
    action: Action

    @property
    def values(self) -> Row:
        return self.submitted.get(self.form_key) or {}


@dataclass
class Begun:
    """What outlives a walk that starts again: ids are the same each time, and no effect of what the records set off happens twice."""

    at_ms: int
    effects: Effects
    seed: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass
class Submission:
    """One walk of one call. ``task`` is the task as it is after `commit`; ``ends_job``: whether the execution goes on."""

    backend: Backend
    call: Call
    begun: Begun
    caller: Caller
    records: UnitRecords
    task: Record
    job: ReadJob
    node: Prepared
    ends_job: bool = False
    _started: list[Execution] = field(default_factory=list)

    @classmethod
    def read(cls, backend: Backend, call: Call, begun: Begun, task_id: int) -> Submission | Answer:
        """The submission, or the answer that is kept for its Idempotency-Key.

        Raises Unauthenticated, Unprocessable, NotFound, Forbidden (another's), Invalid (no longer open)."""
        reads, definitions = backend.reading()
        caller = signed_in(backend, reads, definitions, call)
        now_ms = backend.clock.now_ms()
        there = idempotency.kept_answer(reads, call, caller, now_ms // 1000)
        if there is not None:
            return there
        unit = backend.unit(reads, user_id=caller.id, at_ms=begun.at_ms, seed=begun.seed)
        task = unit.get(TASKS, task_id)
        if task is None or not is_kept(task.item, now_ms):
            raise NotFound(f"there is no task {task_id}", code="RECORD_NOT_FOUND")
        if task.row["userId"] != caller.id:
            raise Forbidden(f"the task {task_id} is another user's")
        if task.row["status"] != PENDING:
            raise Invalid(f"the task has been settled already, with status {task.row['status']}", code=NOT_OPEN)
        job = read_job(reads, task.row["executionId"], task.row["jobKey"], task.row["workflowId"])
        job.must_be_open(now_ms)
        records = UnitRecords(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        node: Prepared = prepared_nodes(job.workflow)[job.stored.job.node.id]
        return cls(backend, call, begun, caller, records, task, job, node)

    def commit(self) -> Answer:
        """Write all of it; the answer is the task as it is then.

        Raises Stale, Invalid, TooLarge, and what the workflows that the records set off raise."""
        chosen = chosen_of(self.call, self.node)
        tagged = self._draft(chosen) if chosen.action.status == DRAFT else self._settle(chosen)
        answer = Answer(visible(self.task), status=ACCEPTED)
        kept = idempotency.keep(self.call, self.caller, self.backend.clock.now_ms() // 1000, answer)
        try:
            commit(self.backend.store, self.backend.clock, [*tagged, *self.records.unit.writes(), *kept], self.call.deadline_ms)
        except (AlreadyCommitted, Replayed):
            raise Stale from None
        after_commit(self.backend, self.records.definitions, self._started)
        return answer

    def _draft(self, chosen: Chosen) -> list[Tagged]:
        """The submitted forms over those that were kept before; nothing else happens."""
        kept = {**(self.task.row["result"] or {}), **chosen.submitted, ACTION_KEY: chosen.action_key}
        self.task = self.records.unit.update(self.task, {"result": kept})
        return self.job.check_writes()

    def _settle(self, chosen: Chosen) -> list[Tagged]:
        self._check(chosen)
        scope = self._scope(chosen)
        try:
            values = chosen.values | chosen.action.values.render(scope)
            self._write_records(chosen, values, scope)
        except ExpressionError as error:
            raise Invalid(f'an expression of the form "{chosen.form_key}" fails: {error}', path=f"result.{chosen.form_key}") from None
        changed = {"status": chosen.action.status, "result": {chosen.form_key: values, ACTION_KEY: chosen.action_key}}
        self.task = self.records.unit.update(self.task, changed)
        status, result = self._verdict()
        self.ends_job = status != PENDING
        return [*self._run_writes(), *self.job.writes(status, result, self.backend.now())]

    def _check(self, chosen: Chosen) -> None:
        """Raises Invalid with all that the form does not take: what its schema forbids, fields of the record that it does not ask for."""
        form, prefix = chosen.form, f"result.{chosen.form_key}"
        found: list[Problem] = []
        if form.schema is not None:
            inner = problems_of_form_input(chosen.values, form.schema)
            found = [Problem(one.message, f"{prefix}.{one.path}" if one.path else prefix, one.code) for one in inner]
        elif form.fields is not None:
            found = list(_not_asked_for(chosen, form.fields, self.records.writable(form.collection)))
        if found:
            raise Invalid.of(found)

    def _verdict(self) -> tuple[int, Json]:
        """The job's status and result: of the first task, or the share of tasks that are settled."""
        row, mode = self.task.row, self.node.mode
        if mode == SINGLE:
            return row["status"], row["result"]
        same = self.records.plain_filter({"executionId": row["executionId"], "jobKey": row["jobKey"]}, TASKS)
        statuses = [task.row["status"] for task in self.records.search(Search(TASKS, same)).records]
        settled = sum(1 for one in statuses if one != PENDING)
        return verdict(mode, statuses, row["status"]), settled / len(statuses)

    def _scope(self, chosen: Chosen) -> Mapping[str, Json]:
        """What the templates of the form see. The execution's jobs are read only when there are templates."""
        now = iso_text(self.backend.clock.now_ms())
        own: Row = {"currentUser": self.caller.row(), "currentRecord": chosen.values, "currentTime": now}
        own |= {"$user": own["currentUser"], "$nForm": chosen.values, "$nDate": {"now": now}}
        is_plain = not chosen.action.values.paths and not chosen.form.filter.template.paths
        return own if is_plain else {**self._scope_of_node(), **own}

    def _scope_of_node(self) -> Mapping[str, Json]:
        workflow = self.job.workflow
        _, items = read_all(self.backend.store, self.job.execution_id)
        reads, definitions = self.backend.reading()
        now_ms = self.backend.clock.now_ms()
        unit = self.backend.unit(reads, user_id=None, at_ms=now_ms, seed="")
        records = UnitRecords(unit, definitions, now_ms=now_ms)
        runner = self.backend.runner(self.backend.effects(dry=True), deadline_ms=None, timezone="+00:00")
        execution = self._execution()
        system = system_variables(now_ms, unit.next_number, self.call.timezone)
        return scope_of_job(execution, parse_jobs(items, workflow.graph), self.task.row["jobKey"], records, runner, system)

    def _write_records(self, chosen: Chosen, values: Row, scope: Mapping[str, Json]) -> None:
        """What the form does with records, with the rights of the workflow; and what that sets off, below its execution."""
        form, prefix = chosen.form, f"result.{chosen.form_key}."
        self.records.unit.acting = self._execution()
        if form.kind == "create":
            self.records.create_record(self.records.writable(form.collection), values, prefix=prefix)
        elif form.kind == "update":
            condition = filter_or_refuse(params_of(rendered_records(form.filter, scope)))
            within = self.records.writable(form.collection)
            found = self.records.search(Search(within, self.records.filter(condition, within)))
            if not found.complete:
                raise Invalid("the filter of the form reads more than 20 MB of records; filter by an indexed field or by id")
            for record in found.records:
                self.records.update_record(record, values, prefix=prefix)
        self._set_off()
        self.records.unit.acting = None

    def _execution(self) -> Execution:
        """The execution that waits, as far as it counts here."""
        item = self.job.execution
        return Execution(item["id"], self.job.workflow, json.loads(item["doc"])["context"], item["createdAt"], item.get("record"))

    def _set_off(self) -> None:
        self.records.runner = self.backend.runner(self.begun.effects, deadline_ms=self.call.deadline_ms, timezone=self.call.timezone)
        stack = json.loads(self.job.execution["doc"]).get("stack") or []
        above = tuple((execution_id, version_id) for execution_id, version_id in stack)
        self.records.stack = (*above, (self.job.execution_id, self.job.workflow.id))
        self.records.settle()

    def _run_writes(self) -> list[Tagged]:
        """Of the executions that the records set off."""
        self._started = [*self.records.unit.ran, *self.records.unit.queued]
        now, announces = self.backend.now(), self.backend.announces
        return run_writes(self.records.definitions, self._started, self.begun.seed, now, announces=announces)


def chosen_of(call: Call, node: Prepared) -> Chosen:
    """What the body of the call chooses. Raises Invalid with every mistake."""
    result = call.values().get("result")
    if not isinstance(result, dict):
        said = "is required" if result is None else f"must be an object, not {kind_of(result)}"
        raise Invalid(f'"result" {said}: the forms by their keys, and the key of the action in "{ACTION_KEY}"', path="result")
    submitted = {key: value for key, value in result.items() if key != ACTION_KEY}
    found = list(_problems_of_forms(submitted, node))
    action_key = result.get(ACTION_KEY)
    form_key = _form_with(action_key, submitted, node)
    if form_key is None:
        found.append(_unknown_action(action_key, submitted, node))
    if found or form_key is None:
        raise Invalid.of(found)
    form = node.forms[form_key]
    return Chosen(submitted, form_key, form, str(action_key), form.actions[str(action_key)])


def _problems_of_forms(submitted: Row, node: Prepared) -> list[Problem]:
    known = ", ".join(sorted(node.forms)) or "none"
    found = [Problem(f'this task has no form "{key}"; its forms: {known}', f"result.{key}") for key in submitted if key not in node.forms]
    wrong = [key for key, value in submitted.items() if key in node.forms and value is not None and not isinstance(value, dict)]
    return found + [Problem(f'"result.{key}" must be an object of field values', f"result.{key}") for key in wrong]


def _form_with(action_key: Json, submitted: Row, node: Prepared) -> str | None:
    """The one submitted form that has the action; where none was submitted, the only form that has it."""
    having = _having(action_key, submitted, node)
    return having[0] if len(having) == 1 else None


def _having(action_key: Json, submitted: Row, node: Prepared) -> list[str]:
    """The forms that have the action, among those submitted or, where none was, among all."""
    return [
        key
        for key, form in node.forms.items()
        if isinstance(action_key, str) and action_key in form.actions and (key in submitted or not submitted)
    ]


def _unknown_action(action_key: Json, submitted: Row, node: Prepared) -> Problem:
    forms = [node.forms[key] for key in submitted if key in node.forms] or list(node.forms.values())
    known = ", ".join(dict.fromkeys(key for form in forms for key in form.actions)) or "none"
    several = _having(action_key, submitted, node)
    if several:
        message = f'"{action_key}" is an action of the forms {", ".join(several)}: submit exactly one of them'
        return Problem(message, f"result.{ACTION_KEY}")
    said = "is required" if action_key in (None, "") else f"names no action of the submitted form: {str(action_key)[:80]}"
    return Problem(f'"result.{ACTION_KEY}" {said}; actions: {known}', f"result.{ACTION_KEY}")


def _not_asked_for(chosen: Chosen, fields: Sequence[str], collection: Collection) -> Iterator[Problem]:
    """The values of fields that the form does not name; an association may be given by its foreign key."""
    named = {name: collection.field(name) for name in fields}
    taken = {*named, *(field.foreign_key for field in named.values() if field is not None and field.foreign_key)}
    for name in chosen.values:
        if name not in taken:
            text = f'"{name}" is not taken here; the fields of this form are: {", ".join(fields)}'
            yield Problem(text, f"result.{chosen.form_key}.{name}", "UNKNOWN_FIELD")
