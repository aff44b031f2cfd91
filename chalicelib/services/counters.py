"""How often workflows ran. The counter of a version is 16 items, one of them raised at random, so that runs do not wait for each other."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.keys import COUNTER_SHARDS, counter_key
from chalicelib.domain.ports import RECORDS, Range
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.reads import Reads


def executed(reads: Reads, versions: Sequence[Record]) -> dict[int, tuple[int, int]]:
    """By version id: how often all versions of its key ran, and how often this one."""
    keys = {record.row["key"] for record in versions}
    siblings = {key: _version_ids(reads, key) for key in keys}
    wanted = [counter_key(key, version, n) for key, ids in siblings.items() for version in ids for n in range(COUNTER_SHARDS)]
    reads.load(wanted)
    counted: dict[int, int] = {}
    for key, ids in siblings.items():
        for version in ids:
            items = [reads.items.get(counter_key(key, version, n)) for n in range(COUNTER_SHARDS)]
            counted[version] = sum(item["value"] for item in items if item)
    totals = {key: sum(counted[version] for version in ids) for key, ids in siblings.items()}
    return {int(record.id): (totals[record.row["key"]], counted.get(int(record.id), 0)) for record in versions}


def _version_ids(reads: Reads, key: str) -> list[int]:
    found: list[int] = []
    start = None
    while True:
        page = reads.store.query(RECORDS, WORKFLOWS.partitions[0], index="l1", keys=Range(low=key, high=key), start=start)
        found += [int(item["sk"]) for item in page.items]
        start = page.next
        if start is None:
            return found
