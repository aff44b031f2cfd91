"""The audit entries that a unit of work writes with its records: one for each record of a collection that asks for them.

They are puts of items that are not there; nothing in the product changes or removes one. A collection that asks for none costs nothing.
Source: https://docs.nocobase.com/security/audit-logger
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from chalicelib.domain.audit import Origin, Written, entry_item
from chalicelib.domain.ports import EXECUTIONS, Absent, Put
from chalicelib.errors import TooLarge

if TYPE_CHECKING:
    from chalicelib.engine.execution import Execution
    from chalicelib.engine.unit_of_work import Staged

IN_BACKGROUND = "workflow"
# A call may change the definition of very many things, as all versions of a workflow: the last entry then names the rest (``also``).
MOST_OF_DEFINITIONS = 4


def audit_writes(staged: Collection[Staged], origin: Origin | None, now: str, most_bytes: int) -> list[Put]:
    """The puts of the entries, in the order in which the records were staged. ``origin``: whose call it is; a walk without one acts for
    whoever started the execution that writes. ``now`` is ISO text.

    Raises TooLarge when records and entries together have more than ``most_bytes``."""
    audited = [one for one in staged if one.collection.audit and (one.before or one.after)]
    definitions = [one for one in audited if one.collection.system]
    folded = definitions[MOST_OF_DEFINITIONS:]
    puts = []
    for number, one in enumerate(one for one in audited if not any(one is other for other in folded)):
        also = folded if definitions[MOST_OF_DEFINITIONS - 1 : MOST_OF_DEFINITIONS] == [one] else []
        puts.append(Put(EXECUTIONS, entry_item(_written(one, also), origin or _starter_of(one.by), now, number), Absent()))
    _check_size(staged, puts, most_bytes)
    return puts


def _written(one: Staged, also: Collection[Staged]) -> Written:
    others = [(other.collection.name, record.id) for other in also if (record := other.after or other.before)]
    return Written(one.collection, one.before, one.after, [(execution.id, execution.workflow.key) for execution in one.by], others)


def check_number(others: int, puts: Collection[Put], most: int) -> None:
    """Raises TooLarge when entries and the ``others`` that a run writes and guards are more than ``most``. The few entries on
    definitions have room beside them."""
    count = others + max(0, len(puts) - MOST_OF_DEFINITIONS)
    if count > most:
        has = f"{others + len(puts)}, {len(puts)} of them audit entries" if puts else str(others)
        raise TooLarge(f"a run may write and guard at most {most} items; this one has {has}", code="TOO_MANY_WRITES")


def _check_size(staged: Collection[Staged], puts: Collection[Put], most_bytes: int) -> None:
    if not puts:
        return
    size = sum(one.after.size_bytes for one in staged if one.after) + sum(len(put.item["doc"].encode()) for put in puts)
    if size > most_bytes:
        message = f"a run may write at most {most_bytes} bytes of records and audit entries; this would be {size}"
        raise TooLarge(message, code="UNIT_TOO_LARGE")


def _starter_of(by: Iterable[Execution]) -> Origin | None:
    """The user in the context of the first of the executions that has one."""
    for execution in by:
        user, role = execution.context.get("user"), execution.context.get("roleName")
        if isinstance(user, dict) and isinstance(user.get("id"), int):
            return Origin(user["id"], role if isinstance(role, str) else "", IN_BACKGROUND, "")
    return None
