"""Which attribute partitions and which sorts each index, as `Store.query` names them.

Local indexes read strongly, global ones never do.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.ports import EXECUTIONS, RECORDS, Table


class Index(NamedTuple):
    """``name`` in DynamoDB (at least three characters; ``None``: the table itself), the attributes it is partitioned and sorted by,
    ``number``: the sort attribute is a number, ``strong``: reads are consistent."""

    name: str | None = None
    partition: str = "pk"
    sort: str = "sk"
    number: bool = False
    strong: bool = True


LOCAL = ("l1", "l2", "l3", "l4", "l5")
GLOBAL = ("g1", "g2", "g3", "g4")

INDEXES: dict[Table, dict[str | None, Index]] = {
    RECORDS: {
        None: Index(),
        **{slot: Index(f"by{slot.upper()}", sort=slot) for slot in LOCAL},
        **{slot: Index(f"by{slot.upper()}", sort=slot, strong=False) for slot in GLOBAL},
    },
    EXECUTIONS: {
        None: Index(),
        "byWorkflow": Index("byWorkflow", "key", "id", number=True, strong=False),
        "byRecord": Index("byRecord", "record", "id", number=True, strong=False),
        "byOpen": Index("byOpen", "open", "id", number=True, strong=False),
    },
}


def index_of(table: Table, name: str | None) -> Index:
    """The index that `Store.query` calls ``name``. Raises ValueError for a name that the table does not have."""
    found = INDEXES[table].get(name)
    if found is None:
        raise ValueError(f"the {table} table has no index {name}")
    return found
