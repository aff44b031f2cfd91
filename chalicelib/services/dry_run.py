"""``dryRun=1``: everything is walked, nothing is written or sent; the answer says what would have been.

Workflows act with the system's rights, so what they would write is shown only as far as the caller may view it; what they would send,
only to who manages workflows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chalicelib.domain.ports import Key, Store
from chalicelib.domain.record import Record, Row
from chalicelib.engine.commit import rehearse
from chalicelib.engine.ports import Effects
from chalicelib.engine.unit_of_work import Staged, Tagged
from chalicelib.errors import AppError, Forbidden, Json
from chalicelib.services.call import Answer, Call
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import Caller


def would_be(answer: Answer, seen: PermittedRecords, caller: Caller, effects: Effects) -> Answer:
    """The answer with ``meta.dryRun``: ``{"writes": [{"collection", "id", "action", "before", "after"}], "sent": [{"kind", …}]}``;
    ``notWalked`` names the asynchronous workflows, which would run later.

    Executions are named by their workflow's key: those of a dry run have no id that could be asked for."""
    meta = answer.meta or {}
    executions = [{name: value for name, value in one.items() if name != "id"} for one in meta.get("executions", [])]
    writes = [_written(staged, seen) for staged in seen.unit.staged.values() if staged.before or staged.after]
    sent = [note if caller.manages("workflows") else {"kind": note["kind"]} for note in effects.noted.values()]
    queued = [one["key"] for one in executions if one["status"] is None]
    more: dict[str, Json] = {"dryRun": {"writes": writes, "sent": sent, **({"notWalked": queued} if queued else {})}}
    errors = answer.errors and [{name: value for name, value in error.items() if name != "executionId"} for error in answer.errors]
    return replace(answer, errors=errors, meta=meta | ({"executions": executions} if "executions" in meta else {}) | more)


@contextmanager
def naming_no_execution(call: Call) -> Iterator[None]:
    """What is raised inside names no execution when the call is a dry run: that one would be there is not so."""
    try:
        yield
    except AppError as error:
        if "executionId" in error.data and call.dry_run:
            del error.data["executionId"]
        raise


@dataclass
class Rehearsal:
    """What a dry run would have committed so far. All of its commits share one unit, so each is held against those before it."""

    store: Store
    _before: set[Key] = field(default_factory=set)

    def commit(self, tagged: Sequence[Tagged]) -> None:
        """Raises what the commit would, as far as that can be known: Invalid for a unique value that is taken, TooLarge."""
        fresh = [entry for entry in tagged if entry.write.key not in self._before]
        rehearse(self.store, fresh)
        self._before |= {entry.write.key for entry in fresh}


def _written(staged: Staged, seen: PermittedRecords) -> Row:
    before, after = staged.before, staged.after
    record = after or before
    assert record is not None
    action = "update" if before and after else "create" if after else "destroy"
    shown = {"before": _row(before, seen), "after": _row(after, seen)}
    return {"collection": staged.collection.name, "id": record.id, "action": action, **shown}


def _row(record: Record | None, seen: PermittedRecords) -> Row | None:
    if record is None:
        return None
    try:
        return seen.row(record) or {"id": record.id}
    except Forbidden:
        return {"id": record.id}
