"""``<collection>:trigger`` and ``workflows:trigger``: the custom action event.

The order is NocoBase's (https://docs.nocobase.com/workflow/triggers/custom-action): who calls (401), may they (403), which workflows,
which rows; then the synchronous ones one after the other, each in a unit of its own, then the asynchronous ones are queued. A warm
call is two requests: one read that asks for everything at once, one write.
"""

from __future__ import annotations

from chalicelib.domain.keys import execution_key
from chalicelib.engine.commit import Replayed, Stale, store_errors, walk_until_committed
from chalicelib.engine.definitions import Definitions
from chalicelib.engine.execution import restored
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.services import idempotency
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dry_run import naming_no_execution
from chalicelib.services.later_calls import LaterCalls, is_for_later, run_at_ms
from chalicelib.services.spilling import Spilling
from chalicelib.services.trigger_plan import Ids, Plan, Planner
from chalicelib.services.trigger_run import Check, Progress, TriggerRun


class CustomActions:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def trigger(self, call: Call, among: Ids | None = None, check: Check | None = None, later: Call | None = None) -> Answer:
        """Run what the call selects; with ``runAt`` check it now, and run it then. Raises AppError."""
        # Other rows than those ``among`` count as missing, and ``check`` may refuse one as it is in this very walk; ``later`` is the call
        # that this one stands for; said here, since the docstring is part of the published reference.
        if is_for_later(call):
            return self._kept(call, check, later or call)
        progress = Progress(Spilling(call, self._backend.effects(call.dry_run)), among=among, check=check)
        with naming_no_execution(call):
            return store_errors(
                lambda: walk_until_committed(self._backend.clock, call.deadline_ms, lambda n: self._walk(call, progress, n))
            )

    def _walk(self, call: Call, progress: Progress, number: int) -> Answer:
        reads, definitions = self._backend.reading()
        plan = reads.resolve(Planner(self._backend, reads, definitions, call, begun=bool(progress.done), among=progress.among).plan)
        progress.keep_rows(plan)
        if plan.replay and plan.replay.answer:
            return plan.replay.answer
        if plan.replay:
            self._resume(progress, plan, plan.replay)
        elif progress.check and not progress.done:
            self._check(call, plan, progress.check, reads, definitions)
        try:
            return TriggerRun(self._backend, reads, definitions, call, plan, progress).answer()
        except Replayed:
            raise Stale from None

    def _check(self, call: Call, plan: Plan, check: Check, reads: Reads, definitions: Definitions) -> None:
        """Raises what stands against one of the rows."""
        now_ms = self._backend.clock.now_ms()
        unit = self._backend.unit(reads, user_id=None, at_ms=now_ms, seed="rules")
        records = UnitRecords(unit, definitions, now_ms=now_ms, timezone=call.timezone)
        for record in plan.records or []:
            check(plan.caller, record, records)

    def _kept(self, call: Call, check: Check | None, later: Call) -> Answer:
        """The answer to a call that runs later: everything is asked as if it ran now, but no workflow is walked."""
        run_at_ms(call, self._backend.clock.now_ms())

        def once(number: int) -> Answer:
            reads, definitions = self._backend.reading()
            plan = reads.resolve(Planner(self._backend, reads, definitions, call).plan)
            if plan.replay and plan.replay.answer:
                return plan.replay.answer
            if plan.nothing is not None:
                raise plan.nothing
            if check is not None:
                self._check(call, plan, check, reads, definitions)
            try:
                return LaterCalls(self._backend).keep(call, plan.caller, later)
            except Replayed:
                raise Stale from None

        return store_errors(lambda: walk_until_committed(self._backend.clock, call.deadline_ms, once))

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
