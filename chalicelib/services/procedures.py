"""``<collection>:<procedure>``: a call of a function that a team wrote, in one unit of work.

The order: who calls (401), may they (403), the record as it is in the database (404; 403 outside the role's scope), the input (400), the
function, what it promised to return. Everything it and its workflows wrote is committed at once, or nothing is. A call that meets somebody
else's change starts again from a fresh read; what was sent to the outside is not sent again then.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.collection import Collection
from chalicelib.domain.field_types import convert_id
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import EffectFailed, StoreUnavailable
from chalicelib.domain.record import Record, visible
from chalicelib.domain.role import PROCEDURES, Permit
from chalicelib.engine.commit import AlreadyCommitted, Replayed, Stale, commit, rehearse, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Pending, Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import AppError, DeadlineExceeded, Forbidden, Invalid, Json, NotFound, ProcedureFailed
from chalicelib.observability import logger
from chalicelib.procedures import PROCEDURES as REGISTERED
from chalicelib.procedures import Procedure, ProcedureCall, Procedures, found_procedure
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend, Claims
from chalicelib.services.call import Answer, Call
from chalicelib.services.dispatching import after_commit
from chalicelib.services.dry_run import naming_no_execution, would_be
from chalicelib.services.input_problems import problems_of_input, same
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.procedure_ports import ProcedureRun
from chalicelib.services.session import NO_PERMISSIONS, Caller, authenticate, scope_filter, verified_claims

PASSED_ON = (AppError, Stale, StoreUnavailable, Pending)
Check = Callable[[Caller, Record | None, UnitRecords], None]


@dataclass
class Kept:
    """What outlives a walk that starts again: the time and the seed that ids come from, and what was done outside."""

    effects: Effects
    at_ms: int
    seed: str = ""
    collisions: int = 0
    token: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True)
class Opened:
    """A call whose caller may make it."""

    caller: Caller
    collection: Collection | None
    record: Record | None
    replay: idempotency.Replay | None


class ProcedureCalls:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend, procedures: Procedures = REGISTERED) -> None:
        self._backend = backend
        self.procedures = procedures

    def knows(self, call: Call) -> bool:
        return call.association is None and found_procedure(call.resource, call.action, self.procedures) is not None

    def call(self, call: Call, check: Check | None = None) -> Answer:
        """What the procedure returns. ``check`` may refuse the record as it is in this very unit of work."""
        procedure = found_procedure(call.resource, call.action, self.procedures)
        if procedure is None:
            raise NotFound(f'there is no action "{call.name}"', code="ACTION_NOT_FOUND")
        kept = Kept(self._backend.effects(call.dry_run), self._backend.clock.now_ms())

        def walk(number: int) -> Answer:
            try:
                return self._walk(procedure, call, kept, check)
            except (Replayed, AlreadyCommitted) as met:
                kept.collisions += isinstance(met, AlreadyCommitted)
                raise Stale from None

        with naming_no_execution(call):
            return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, walk))

    def _walk(self, procedure: Procedure, call: Call, kept: Kept, check: Check | None) -> Answer:
        reads, definitions = self._backend.reading()
        claims = verified_claims(self._backend, call)
        opened = reads.resolve(lambda: self._opened(reads, definitions, procedure, call, claims))
        if opened.replay and opened.replay.answer:
            opened.replay.check_role(opened.caller.role_name)
            return opened.replay.answer
        kept.seed = kept.seed or _seed(call, opened.caller)
        unit = self._backend.unit(reads, user_id=opened.caller.id, at_ms=kept.at_ms, seed=f"{kept.seed}/{kept.collisions}")
        records = UnitRecords(unit, definitions, now_ms=self._backend.clock.now_ms(), timezone=call.timezone)
        unit.guard([opened.record] if opened.record else [])
        if check:
            check(opened.caller, opened.record, records)
        runner = self._backend.runner(kept.effects, deadline_ms=call.deadline_ms, timezone=call.timezone)
        run = ProcedureRun(records, runner, opened.caller, kept.seed)
        result = _returned(procedure, call, self._asked(procedure, call, opened, run))
        return self._committed(definitions, call, kept, opened.caller, run, result)

    def _opened(self, reads: Reads, definitions: Definitions, procedure: Procedure, call: Call, claims: Claims) -> Opened:
        state: dict[str, Json] = {}
        now_s = self._backend.clock.now_ms() // 1000
        reads.together(
            lambda: state.update(caller=authenticate(reads, definitions, call, claims)),
            lambda: state.update(collection=_collection(reads, definitions, procedure, call)),
            lambda: state.update(replay=idempotency.replay(reads, call, claims.user_id, now_s)),
        )
        caller: Caller = state["caller"]
        collection: Collection | None = state["collection"]
        granted = caller.permit(procedure.collection or PROCEDURES, f"call:{procedure.name}")
        replay: idempotency.Replay | None = state["replay"]
        if replay and replay.answer:
            return Opened(caller, collection, None, replay)
        return Opened(caller, collection, _record(reads, definitions, call, collection, caller, granted), replay)

    def _asked(self, procedure: Procedure, call: Call, opened: Opened, run: ProcedureRun) -> ProcedureCall:
        """The call as the procedure sees it. Raises Invalid with every mistake in the input."""
        values = call.values()
        found = problems_of_input(values, procedure.input_schema)
        if found:
            raise Invalid.of(found)
        record = visible(opened.record) if opened.record else None
        now = iso_text(self._backend.clock.now_ms())
        return ProcedureCall(record, values, opened.caller.row(), opened.caller.role_name, now, run)

    def _committed(self, definitions: Definitions, call: Call, kept: Kept, caller: Caller, run: ProcedureRun, result: Json) -> Answer:
        now_ms, unit = self._backend.clock.now_ms(), run.unit_records.unit
        if call.deadline_ms is not None and now_ms > call.deadline_ms:
            raise DeadlineExceeded(f"the procedure {call.name} took too long; nothing was written")
        executions = [*unit.ran, *unit.queued]
        meta = {"executions": [execution.summary() for execution in executions]} if executions else None
        answer = Answer(result, meta=meta, messages=run.messages)
        tagged = run_writes(definitions, executions, kept.token, iso_text(now_ms), announces=self._backend.announces) + unit.writes()
        if call.dry_run:
            rehearse(self._backend.store, tagged)
            return would_be(answer, PermittedRecords(unit, definitions, caller, call, now_ms), caller, kept.effects)
        tagged += [*idempotency.keep(call, caller, now_ms // 1000, answer)]
        commit(self._backend.store, self._backend.clock, tagged, call.deadline_ms)
        after_commit(self._backend, definitions, executions)
        return answer


def _seed(call: Call, caller: Caller) -> str:
    """What ids and the keys of effects come from: the same for the same Idempotency-Key, so that a retry does not send twice."""
    if call.idempotency_key is None:
        return secrets.token_hex(12)
    return hashlib.sha256(f"{caller.id}/{call.name}/{call.idempotency_key}".encode(errors="replace")).hexdigest()[:24]


def _collection(reads: Reads, definitions: Definitions, procedure: Procedure, call: Call) -> Collection | None:
    """The procedure's collection; also notes the record, so that one read asks for both. Raises NotFound."""
    name = procedure.collection
    if name is None:
        return None
    likely = definitions.likely_collection(name)
    noted = [lambda: reads.item(_key(likely, call))] if likely and _names_a_record(likely, call) else []
    reads.together(lambda: definitions.collection(name), *noted)
    collection = definitions.collection(name)
    if collection is None:
        raise NotFound(f'there is no collection "{name}"', code="COLLECTION_NOT_FOUND")
    return collection


def _names_a_record(collection: Collection, call: Call) -> bool:
    """What is wrong with an id is told later, after the permission."""
    try:
        return call.target_key is not None and convert_id(collection, call.target_key) is not None
    except Invalid:
        return False


def _key(collection: Collection, call: Call) -> Json:
    return record_key(collection.uid, convert_id(collection, call.target_key), collection.shards)


def _record(
    reads: Reads, definitions: Definitions, call: Call, collection: Collection | None, caller: Caller, granted: Permit
) -> Record | None:
    """The record that the call names. Raises Invalid, NotFound, and Forbidden outside the role's scope.

    A role that reaches some records only must name one: without, the procedure would choose."""
    if call.target_key is None:
        if granted.scope is not None:
            raise Forbidden(f"{NO_PERMISSIONS}: your role may do this with a record only")
        return None
    if collection is None:
        raise Invalid(f"{call.name} works on no record", path="filterByTk")
    item = reads.item(_key(collection, call))
    if item is None and granted.scope is None:
        raise NotFound(f'no record {call.target_key} in collection "{collection.name}"', code="RECORD_NOT_FOUND")
    record = Record(collection, item) if item else None
    if record is None or not scope_filter(caller, granted, collection, definitions).matches(record.row):
        raise Forbidden(NO_PERMISSIONS)
    return record


def _returned(procedure: Procedure, call: Call, asked: ProcedureCall) -> Json:
    """What the procedure returns, as it promised. Raises AppError."""
    try:
        result = procedure.run(asked)
        broken = problems_of_schema(json.loads(json.dumps(result, allow_nan=False)), same(procedure.output_schema), "")
    except PASSED_ON:
        raise
    except EffectFailed as failed:
        message = f"{procedure.address}: {failed.result.get('message')}"
        raise ProcedureFailed(message, code="EFFECT_FAILED") from failed
    except Exception as raised:
        logger.exception("procedure %s raised, request %s", procedure.address, call.request_id)
        raise ProcedureFailed("internal error", code="INTERNAL", data={"requestId": call.request_id}) from raised
    if broken:
        places = ", ".join(one.path or "the result" for one in broken)
        logger.error("procedure %s returned what it does not promise: %s", procedure.address, places)
        raise ProcedureFailed(
            f"{procedure.address} returned what it does not promise ({places}); nothing was written", code="BROKEN_PROMISE"
        )
    return result
