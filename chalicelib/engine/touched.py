"""Which records an execution touched: small items beside its own, by which the history of a record is found.

An execution's own item names the record that it was started for. For every other record that was among its context rows, or that it
created, updated or destroyed, there is a *hint*: ``pk`` the execution's id, ``sk`` ``touched#<collection>/<id>``, and ``record``, by which
the index ``byRecord`` finds it. A hint may stand there for nothing, so readers ask the execution itself.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-adjacency-graphs.html (adjacency lists)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.keys import touched_key
from chalicelib.domain.ports import EXECUTIONS, Put
from chalicelib.domain.retention import is_wanted, ttl_s
from chalicelib.domain.status import QUEUEING, STARTED
from chalicelib.errors import Json

if TYPE_CHECKING:
    from chalicelib.engine.execution import Execution
    from chalicelib.engine.unit_of_work import Staged


def with_actor(by: tuple[Execution, ...], acting: Execution | None) -> tuple[Execution, ...]:
    """The executions that have changed a record, this one too."""
    if acting is None or any(one is acting for one in by):
        return by
    acting.touches = True
    return (*by, acting)


def row_names(collection: str, data: Json) -> tuple[str, ...]:
    """``("samples/91", …)``: the names of the records of a collection in ``$context.data``, one row or a list of them; a row without an
    id has none."""
    rows = data if isinstance(data, list) else [data]
    found = [row["id"] for row in rows if isinstance(row, dict) and row.get("id") is not None]
    return tuple(dict.fromkeys(f"{collection}/{one}" for one in found if isinstance(one, int | str) and not isinstance(one, bool)))


def hints_of_rows(execution: Execution, now: str) -> Iterator[Put]:
    """The writes of the hints to an execution's context rows."""
    return (_hint(execution, name, now) for name in execution.rows if name != execution.record and _is_kept(execution))


def hints_of_writes(staged: Iterable[Staged], now: str) -> list[Put]:
    """The writes of the hints to what executions have changed; none to what is as it was before."""
    return [_hint(execution, name, now) for execution, name in _changed(staged) if name not in execution.hinted and _is_kept(execution)]


def note_hinted(staged: Iterable[Staged]) -> None:
    """After the commit: these hints are there."""
    for execution, name in _changed(staged):
        execution.hinted.add(name)


def _changed(staged: Iterable[Staged]) -> Iterator[tuple[Execution, str]]:
    for one in staged:
        record = one.after or one.before
        if record is None or one.collection.system:
            continue
        name = f"{one.collection.name}/{record.id}"
        yield from ((execution, name) for execution in one.by if name != execution.record and name not in execution.rows)


def _is_kept(execution: Execution) -> bool:
    return execution.status in (QUEUEING, STARTED) or is_wanted(execution.workflow.options, execution.status)


def _hint(execution: Execution, name: str, now: str) -> Put:
    key = touched_key(execution.id, name)
    has_ended = execution.status not in (QUEUEING, STARTED)
    ttl = ttl_s(execution.workflow.options, execution.id, execution.status, epoch_ms_of(now)) if has_ended else None
    return Put(EXECUTIONS, {"pk": key.pk, "sk": key.sk, "id": execution.id, "record": name, "ttl": ttl})
