"""Associations put into rows: one BatchGetItem a level for to-one, one Query a parent for to-many, eight at a time.

``appends=category,category.parent`` puts ``row["category"]`` with its own ``parent`` inside. A to-one without a partner is null, a
to-many without partners ``[]``. Source: https://docs.nocobase.com/api/actions (parameter ``appends``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.record import Record, Row
from chalicelib.engine.finder import Search, find, find_all
from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from chalicelib.engine.records import UnitRecords

MOST_PARENTS = 100


def expand(records: UnitRecords, collection: Collection, rows: Sequence[Row], paths: Sequence[tuple[str, ...]]) -> None:
    """Put the associations of ``paths`` into the rows, in place. Raises Invalid for a path that is no association."""
    for name in dict.fromkeys(path[0] for path in paths if path):
        field = collection.field(name)
        if field is None or not field.is_association or field.hidden:
            raise Invalid(f'"{name}" is not an association of collection "{collection.name}"', path="appends")
        target = records.readable(field.target or "")
        partners = _to_one(records, field, target, rows) if field.type == "belongsTo" else _by_links(records, collection, field, rows)
        deeper = [path[1:] for path in paths if path and path[0] == name and len(path) > 1]
        if deeper:
            expand(records, target, partners, deeper)


def _to_one(records: UnitRecords, field: Field, target: Collection, rows: Sequence[Row]) -> list[Row]:
    """One read by key for all parents (or, where the target key is another field, one by filter)."""
    wanted = [row.get(field.foreign_key or "") for row in rows]
    keys = list(dict.fromkeys(key for key in wanted if key is not None))
    found: list[Record | None]
    if field.target_key == "id":
        found = records.unit.get_many(target, keys) if keys else []
    else:
        found = [_one(records, target, field.target_key, key) for key in keys]
    partners = {key: row for key, record in zip(keys, found, strict=True) if record and (row := records.row(record)) is not None}
    for row, key in zip(rows, wanted, strict=True):
        row[field.name] = partners.get(key) if key is not None else None
    return list(partners.values())


def _one(records: UnitRecords, target: Collection, name: str, value: object) -> Record | None:
    found = find(records.unit, Search(target, records.plain_filter({name: value}, target), limit=1)).records
    return found[0] if found else None


def _by_links(records: UnitRecords, collection: Collection, field: Field, rows: Sequence[Row]) -> list[Row]:
    """hasOne, hasMany, belongsToMany: the partners of every parent."""
    if len(rows) > MOST_PARENTS:
        raise Invalid(f'"{field.name}" can be appended to at most {MOST_PARENTS} records; ask for smaller pages', path="appends")
    owners = [owner for owner in records.unit.get_many(collection, [row["id"] for row in rows]) if owner]
    read = _through if field.type == "belongsToMany" else _pointing_back
    found = read(records, field, records.collection(field.target or ""), owners)
    partners: list[Row] = []
    for row in rows:
        shown = [seen for record in found.get(row["id"], ()) if (seen := records.row(record)) is not None]
        row[field.name] = (shown[0] if shown else None) if field.is_to_one else shown
        partners += shown
    return partners


def _pointing_back(records: UnitRecords, field: Field, target: Collection, owners: Sequence[Record]) -> dict[int | str, list[Record]]:
    """hasOne, hasMany: the partners hold the key of their owner."""
    return _holding(records, target, field.foreign_key or "", field, owners)


def _through(records: UnitRecords, field: Field, target: Collection, owners: Sequence[Record]) -> dict[int | str, list[Record]]:
    """belongsToMany: the pairs of all owners, then the partners that these name, each read once."""
    other = field.options["otherKey"]
    pairs = _holding(records, records.collection(field.options["through"]), field.foreign_key or "", field, owners)
    keys = list(dict.fromkeys(pair.row[other] for of_owner in pairs.values() for pair in of_owner if pair.row[other] is not None))
    found: Sequence[Record | None]
    if field.target_key == "id":
        found = records.unit.get_many(target, keys) if keys else []
    else:
        found = [_one(records, target, field.target_key, key) for key in keys]
    partners = {key: record for key, record in zip(keys, found, strict=True) if record}
    return {owner: _by_id({pair.row[other] for pair in of_owner}, partners) for owner, of_owner in pairs.items()}


def _by_id(keys: set[Json], partners: Mapping[Json, Record]) -> list[Record]:
    return sorted((partners[key] for key in keys if key in partners), key=lambda record: record.item["sk"])


def _holding(
    records: UnitRecords, collection: Collection, key: str, field: Field, owners: Sequence[Record]
) -> dict[int | str, list[Record]]:
    """By owner: the records of ``collection`` whose ``key`` is the owner's. Raises Invalid where there are too many to read."""
    values = {owner.id: owner.row[field.options.get("sourceKey") or "id"] for owner in owners}
    known = {owner: value for owner, value in values.items() if value is not None}  # null would match what points to nobody
    searches = [Search(collection, records.plain_filter({key: {"$eq": value}}, collection)) for value in known.values()]
    found = find_all(records.unit, searches)
    if not all(one.complete for one in found):
        raise Invalid(f'"{field.name}" has too many partners to be appended; list them by its own path', path="appends")
    return {owner: one.records for owner, one in zip(known, found, strict=True)}
