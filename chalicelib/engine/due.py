"""When records are due: for each record with a time to come, of each enabled workflow that starts at a date of its records, one item.

The item's key names workflow and record, the time is its first local index (``l1``): who writes a record replaces the item without knowing
which of its times was next, in the transaction that writes the record, and the sweep reads those that are due in order.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html (an item without the attribute is not in the index)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chalicelib.domain.instants import epoch_ms_of, iso_text
from chalicelib.domain.keys import due_partition
from chalicelib.domain.ports import RECORDS, Condition, Delete, Key, Put, Write
from chalicelib.domain.record import Record, Row
from chalicelib.domain.recurrence import Recurrence
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import Json
from chalicelib.triggers.schedule import DATE_FIELD, SCHEDULE, recurrence_of_row

if TYPE_CHECKING:
    from chalicelib.engine.unit_of_work import Staged

LATEST_MS = 253_402_300_799_999  # the end of the year 9999: instants are written with four digits
SHIFTING = ("startsOn", "endsOn")


def watches_dates(workflow: Workflow) -> bool:
    """Whether it starts at a date of its collection's records."""
    return workflow.type == SCHEDULE and workflow.config.get("mode") == DATE_FIELD and workflow.due_since > 0


def due_key(workflow: Workflow, record: Record) -> Key:
    """Of the record's item for the workflow."""
    shard = int(record.key.pk.rpartition("#")[2])
    return Key(RECORDS, due_partition(workflow.key, workflow.due_since, shard), record.key.sk)


def due_put(key: Key, due_ms: int, condition: Condition | None = None) -> Put:
    """The write that says when the record is due."""
    return Put(key.table, {"pk": key.pk, "sk": key.sk, "l1": iso_text(due_ms)}, condition)


def recurrence_of(config: dict[str, Json], row: Row) -> Recurrence | None:
    """As `recurrence_of_row`; ``None`` also for a value that is no date, which a field of another type may have left."""
    try:
        return recurrence_of_row(config, row)
    except (ValueError, OverflowError):
        return None


def next_due_ms(recurrence: Recurrence | None, after_ms: int) -> int | None:
    """The first time strictly after ``after_ms``, both in epoch milliseconds; ``None`` when there is none."""
    found = recurrence.next_after(after_ms) if recurrence is not None else None
    return found if found is not None and found <= LATEST_MS else None


def due_writes(all_staged: Iterable[Staged], bound: Callable[[str], list[Workflow]], now: str) -> list[Write]:
    """What keeps the items in step with records that are written; ``bound`` gives the workflows that a collection's records concern.

    Only times after ``now`` (ISO text) count, and only where a date that the workflow reads has changed."""
    known: dict[str, list[Workflow]] = {}
    writes: list[Write] = []
    for staged in all_staged:
        if staged.collection.system:
            continue
        name = staged.collection.name
        if name not in known:
            known[name] = [workflow for workflow in bound(name) if watches_dates(workflow)]
        writes += [write for workflow in known[name] if (write := _due_write(workflow, staged, now))]
    return writes


def _due_write(workflow: Workflow, staged: Staged, now: str) -> Write | None:
    record = staged.after or staged.before
    before, after = (_dates(workflow.config, one) for one in (staged.before, staged.after))
    if record is None or before == after:
        return None
    due_ms = next_due_ms(recurrence_of(workflow.config, staged.after.row), epoch_ms_of(now)) if staged.after else None
    if due_ms is not None:
        return due_put(due_key(workflow, record), due_ms)
    return Delete(due_key(workflow, record)) if before and before[0] else None


def _dates(config: dict[str, Json], record: Record | None) -> tuple[Json, ...] | None:
    """The values of the record that its times depend on, the start first; ``None`` for no record."""
    if record is None:
        return None
    fields = [config[name]["field"] for name in SHIFTING if isinstance(config.get(name), dict)]
    return tuple(record.row.get(field) for field in fields)
