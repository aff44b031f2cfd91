"""``actions:available`` tells which actions a caller may press, and why not; ``actions:run/<name>`` presses one.

Both ask the same rules. A run checks the form, then goes the way of any call: ``<collection>:trigger``, ``workflows:trigger`` or the
procedure's own, with the same permissions, the same transaction and the same ``Idempotency-Key``; only its answer has another shape.
Sources: https://docs.nocobase.com/workflow/triggers/custom-action, https://kottster.app/docs/custom-actions
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.action import CLIENT, NONE, PROCEDURE, SHOWN, SINGLE, Action
from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import Key
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import ACTIONS
from chalicelib.engine.commit import store_errors
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.finder import Search, find
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.errors import AppError, Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.procedures import PROCEDURES, Procedures
from chalicelib.services import idempotency
from chalicelib.services.action_bindings import is_global, procedure_of, workflows_of
from chalicelib.services.action_offers import asked_about, named_ids, offered_for_each, wants_each
from chalicelib.services.action_results import failed, in_browser, refused, succeeded
from chalicelib.services.action_rules import MOST_RECORDS, NOT_SEEN, ActionRules, disabled
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.custom_actions import CustomActions
from chalicelib.services.input_problems import problems_of_form_input
from chalicelib.services.later_calls import RUN_AT, is_for_later
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.procedures import Check, ProcedureCalls
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, verified_claims

BODY = ("filterByTk", "input")


@dataclass
class Opened:
    """A call by somebody who is signed in."""

    caller: Caller
    reads: Reads
    definitions: Definitions
    rules: ActionRules


class ActionRuns:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend, procedures: Procedures = PROCEDURES) -> None:
        self._backend = backend
        self._procedures = procedures
        self._calls = ProcedureCalls(backend, procedures)
        self._triggers = CustomActions(backend)
        self._kept: tuple[int, list[Action]] = (-1, [])

    def available(self, call: Call) -> Answer:
        """The actions of ``collection`` (without it: of none) that the caller sees, for the records in ``filterByTk``.

        Each with ``enabled``, and with ``reason`` and ``code`` when it is not. With ``each=1`` they are told as without a record, and
        ``meta.records`` says by id what may be done with each of the records alone."""

        def act() -> Answer:
            name, ids = asked_about(call)
            opened = self._open(call, ids, name)
            found = [one for one in self._actions(opened) if one.collection == name]
            if name is not None and opened.definitions.collection_now(name) is None:
                raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
            if not wants_each(call):
                return Answer([row for one in found if (row := self._shown(opened, one)) is not None])
            alone = replace(opened, rules=replace(opened.rules, ids=None))
            shown = [row for one in found if (row := self._shown(alone, one)) is not None]
            return Answer(shown, meta={"records": offered_for_each(opened.rules, found, ids or [])})

        return store_errors(act)

    def run(self, call: Call) -> Answer:
        """``{"filterByTk"?: id or [ids], "input"?: {form values}}`` → what it did, in one shape for every kind.

        A refusal has the usual ``errors``, and beside them the same shape as ``data``."""
        try:
            return store_errors(lambda: self._run(call))
        except AppError as error:
            error.result = refused(error)
            raise

    def _run(self, call: Call) -> Answer:
        if not call.record_id:
            raise Invalid("this action needs a name: actions:run/<name>", path="filterByTk")
        ids, values = _asked(call)
        hint = next((one.collection for one in self._kept[1] if one.name == call.record_id), None)
        opened = self._open(call, ids, hint)
        action = next((one for one in self._actions(opened) if one.name == call.record_id), None)
        if action is None:
            raise NotFound(f'there is no action named "{call.record_id}"', code="ACTION_NOT_FOUND")
        return self._pressed(opened, action, call, ids, values)

    def _pressed(self, opened: Opened, action: Action, call: Call, ids: list[Json] | None, values: Row) -> Answer:
        underlying = self._underlying(opened, action, call, ids, values)
        if underlying and self._was_answered(opened, underlying):
            record = self._as_it_is(opened, action)
        else:
            record = self._checked(opened, action, ids)
        self._check_form(action, values)
        scope = {"record": self._seen(opened, record, call), "input": values, "user": opened.caller.row()}
        if underlying is None:
            if is_for_later(call):
                raise Invalid("runAt is for actions that start workflows: this one is for the browser alone", path=RUN_AT)
            if not action.needed_fields <= scope["record"].keys():
                raise Forbidden(NOT_SEEN)
            return Answer(in_browser(action, scope))
        answer = self._started(action, underlying, call)
        return _shaped(action, answer, scope)

    def _started(self, action: Action, underlying: Call, call: Call) -> Answer:
        """The answer of what the action stands for; its rules are asked once more of the records as that call reads them."""
        check = self._check(action)
        if action.kind != PROCEDURE:
            return self._triggers.trigger(underlying, check=check, later=call)
        if is_for_later(call):
            raise Invalid("runAt is for actions that start workflows: this one calls a procedure", path=RUN_AT)
        return self._calls.call(underlying, check)

    def _open(self, call: Call, ids: list[Json] | None, hint: str | None) -> Opened:
        """Who calls; the records of the collection that is probably meant are asked for in the same read."""
        reads, definitions = self._backend.reading()
        claims = verified_claims(self._backend, call)
        likely = definitions.likely_collection(hint) if hint else None
        keys = _keys_quietly(likely, ids or []) if likely else []
        steps = [lambda key=key: reads.item(key) for key in keys]
        state: dict[str, Caller] = {}
        reads.resolve(lambda: reads.together(lambda: state.update(caller=authenticate(reads, definitions, call, claims)), *steps))
        caller = state["caller"]
        now_ms = self._backend.clock.now_ms()
        unit = self._backend.unit(reads, user_id=None, at_ms=now_ms, seed="")
        records = UnitRecords(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        return Opened(caller, reads, definitions, ActionRules(caller, definitions, records, self._procedures, ids))

    def _actions(self, opened: Opened) -> list[Action]:
        """Every action, in order; kept while no definition changes. They are read after the epoch under which they are kept."""
        epoch = opened.definitions.snapshot.epoch
        kept_epoch, kept = self._kept
        if kept_epoch == epoch:
            return kept
        found = find(opened.rules.records.unit, Search(ACTIONS, EVERYTHING)).records
        actions = sorted((Action(record.row) for record in found), key=lambda one: one.order)
        self._kept = (epoch, actions)
        return actions

    def _shown(self, opened: Opened, action: Action) -> Row | None:
        verdict = opened.rules.verdict(action)
        if not verdict.visible:
            return None
        row = {name: action.row.get(name) for name in SHOWN}
        if action.kind == PROCEDURE and not row["form"]:
            procedure = procedure_of(action, self._procedures)
            row["form"] = procedure.input_schema if procedure and procedure.input_schema.get("properties") else None
        if verdict.refusal is None:
            return row | {"enabled": True}
        return row | {"enabled": False, "reason": verdict.refusal.message, "code": verdict.refusal.problems()[0].code}

    def _checked(self, opened: Opened, action: Action, ids: list[Json] | None) -> Record | None:
        """The record of an action on a single one. Raises what stands against the action."""
        if action.context == NONE and ids:
            raise Invalid("this action works on no record", path="filterByTk", code="WRONG_CONTEXT_TYPE")
        verdict = opened.rules.verdict(action)
        if verdict.refusal is not None:
            raise verdict.refusal
        return verdict.records[0] if action.context == SINGLE and verdict.records else None

    def _as_it_is(self, opened: Opened, action: Action) -> Record | None:
        """The record of a call that was answered before, for the texts; gone or out of reach by now, it says nothing in them."""
        try:
            return opened.rules.reached(action, opened.rules.permit(action))[0] if action.context == SINGLE else None
        except (Forbidden, NotFound, Invalid):
            return None

    def _check(self, action: Action) -> Check:
        """The rules once more, on the record as the procedure's own unit of work has read it."""

        def check(caller: Caller, record: Record | None, records: UnitRecords) -> None:
            rules = ActionRules(caller, records.definitions, records, self._procedures, None)
            found = [record] if record else []
            if not rules.holds(action, "visibleWhen", found):
                raise Forbidden(NO_PERMISSIONS)
            if not rules.holds(action, "enabledWhen", found):
                raise disabled(action)

        return check

    def _check_form(self, action: Action, values: Row) -> None:
        """Raises Invalid with every mistake in the values. A procedure without a form checks its input itself."""
        form = action.row.get("form")
        if form:
            found = problems_of_form_input(values, form)
        elif values and action.kind != PROCEDURE:
            found = [Problem(f'"{name}" is not taken: this action has no form', name, "UNKNOWN_FIELD") for name in values]
        else:
            found = []
        if found:
            raise Invalid.of(found)

    def _underlying(self, opened: Opened, action: Action, call: Call, ids: list[Json] | None, values: Row) -> Call | None:
        """The call that the action stands for; ``None`` when it is for the browser alone."""
        if action.kind == CLIENT:
            return None
        params = {name: value for name, value in call.params.items() if name not in ("filterByTk", "triggerWorkflows")}
        one = ids[0] if ids and action.context == SINGLE else None
        if action.kind == PROCEDURE:
            procedure = procedure_of(action, self._procedures)
            resource, name = procedure.address.split(":") if procedure else ("procedures", str(action.row["procedure"]))
            return replace(call, resource=resource, action=name, record_id=None if one is None else str(one), params=params, body=values)
        alone = action.context == NONE and is_global(workflows_of(action, opened.definitions))
        params["triggerWorkflows"] = [bound.segment for bound in action.bound]
        if action.context != NONE:
            params["filterByTk"] = one if action.context == SINGLE else ids
        resource = "workflows" if alone or not action.collection else action.collection
        return replace(call, resource=resource, action="trigger", record_id=None, params=params, body=values)

    def _was_answered(self, opened: Opened, underlying: Call) -> bool:
        """Whether this very call was made before under its Idempotency-Key: then what it did may be why it could not be made now."""
        if underlying.idempotency_key is None:
            return False
        now_s = self._backend.clock.now_ms() // 1000
        return opened.reads.resolve(lambda: idempotency.replay(opened.reads, underlying, opened.caller.id, now_s)) is not None

    def _seen(self, opened: Opened, record: Record | None, call: Call) -> Row:
        """The record as far as the caller may view it: more must not be in a text or an address."""
        if record is None:
            return {}
        records = opened.rules.records
        seen = PermittedRecords(records.unit, opened.definitions, opened.caller, call, records.now_ms)
        try:
            return seen.row(record) or {}
        except Forbidden:
            return {"id": record.id}


def _keys_quietly(collection: Collection, ids: list[Json]) -> list[Key]:
    """Keys of the records; what is wrong with an id is told later."""
    try:
        return [record_key(collection.uid, convert_id(collection, one), collection.shards) for one in ids[:MOST_RECORDS]]
    except Invalid:
        return []


def _asked(call: Call) -> tuple[list[Json] | None, Row]:
    """Ids (of the query string, else of the body) and form values. Raises Invalid."""
    body = call.values()
    found = [Problem(f'"{name}" is not taken; the body is {{"filterByTk", "input"}}', name) for name in body if name not in BODY]
    sent = body.get("input")
    values: Row = sent if isinstance(sent, dict) else {}
    if not isinstance(sent, dict | None):
        found.append(Problem('"input" must be an object: the values of the form', "input"))
    ids = named_ids(call, body, found)
    if found:
        raise Invalid.of(found)
    return ids, values


def _shaped(action: Action, answer: Answer, scope: Row) -> Answer:
    """The underlying answer with its own status, in the shape of an action's result."""
    if answer.whole is not None and "errors" in answer.whole:
        answer = replace(answer, errors=answer.whole["errors"], meta=answer.whole.get("meta"), whole=None)
    elif answer.whole is not None:
        answer = _unwrapped(answer)
    executions = list((answer.meta or {}).get("executions") or [])
    if answer.errors is None:
        return replace(answer, data=succeeded(action, answer, scope), has_data=True)
    data = failed(answer.errors, executions, level="warning" if answer.status < 500 else "error")
    return Answer(status=answer.status, headers=answer.headers, whole={"errors": answer.errors, "data": data, "meta": answer.meta or {}})


def _unwrapped(answer: Answer) -> Answer:
    """An answer that was kept for its Idempotency-Key, as it was before it was put into the envelope."""
    whole = answer.whole or {}
    messages = [one["message"] for one in whole.get("messages") or []]
    return replace(answer, data=whole.get("data"), has_data="data" in whole, meta=whole.get("meta"), messages=messages, whole=None)
