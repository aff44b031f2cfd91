"""``dryRun=1``: everything is walked, nothing is written or sent; the answer says what would have been.

Workflows act with the system's rights, so what they would write is shown only as far as the caller may view it; what they would send,
only to who manages workflows.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.record import Record, Row
from chalicelib.engine.ports import Effects
from chalicelib.engine.unit_of_work import Staged
from chalicelib.errors import Forbidden, Json
from chalicelib.services.call import Answer
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import Caller


def would_be(answer: Answer, seen: PermittedRecords, caller: Caller, effects: Effects) -> Answer:
    """The answer with ``meta.dryRun``: ``{"writes": [{"collection", "id", "action", "before", "after"}], "sent": [{"kind", …}]}``.

    Executions are named by their workflow's key: those of a dry run have no id that could be asked for."""
    meta = answer.meta or {}
    executions = [{name: value for name, value in one.items() if name != "id"} for one in meta.get("executions", [])]
    writes = [_written(staged, seen) for staged in seen.unit.staged.values() if staged.before or staged.after]
    sent = [note if caller.manages("workflows") else {"kind": note["kind"]} for note in effects.noted.values()]
    more: dict[str, Json] = {"dryRun": {"writes": writes, "sent": sent}}
    return replace(answer, meta=meta | ({"executions": executions} if "executions" in meta else {}) | more)


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
