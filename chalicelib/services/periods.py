"""What the sweep does only once in a while, whoever sweeps: a mark in the database says when it was last begun.

Of several sweeps at once one finds it due, since the mark is moved under the condition that it is as it was read.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

from chalicelib.domain.ports import EXECUTIONS, Absent, Equals, Key, Put
from chalicelib.engine.commit import Stale, commit
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.services.backend import Backend


def is_due(backend: Backend, what: str, period_ms: int) -> bool:
    """Whether a period has passed since it was last begun, and no other sweep has seen that first. It begins now.

    A new installation's first period begins with its first sweep: there is nothing yet that could be old. Raises StoreUnavailable,
    Unavailable."""
    mark = Key(EXECUTIONS, "sweep", what)
    last, now_ms = backend.store.batch_get([mark]).get(mark), backend.clock.now_ms()
    if last is not None and now_ms - last["value"] < period_ms:
        return False
    put = Put(mark.table, {"pk": mark.pk, "sk": mark.sk, "value": now_ms}, Equals({"value": last["value"]}) if last else Absent())
    try:
        commit(backend.store, backend.clock, [Tagged(put, "other")])
    except Stale:
        return False
    return last is not None
