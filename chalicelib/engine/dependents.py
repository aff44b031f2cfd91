"""What hangs on a record that is destroyed: rows of ``through`` collections, and the foreign keys of its hasOne and hasMany partners.

An association says with ``onDelete`` what becomes of them: ``SET NULL`` (the default) empties the partners' foreign key, ``CASCADE``
destroys the partners and what hangs on them, ``RESTRICT`` and ``NO ACTION`` refuse as long as there are partners that do not go along.
Rows of a belongsToMany go with the record, unless that is refused: a row with one side says nothing. All of it is staged in the
record's own unit of work. Only associations that the record's collection declares are followed.
Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields/associations/o2m (``ON DELETE``)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.record import Record
from chalicelib.engine.finder import Search, find_all
from chalicelib.errors import Invalid, Json, Problem

if TYPE_CHECKING:
    from chalicelib.engine.records import UnitRecords

MOST_NAMED = 5


@dataclass(frozen=True)
class Hold:
    """One association of one record that goes: rows of ``within`` hold ``owner_key`` in their field ``key``."""

    owner: Record
    field: Field
    within: Collection
    key: str
    owner_key: Json

    @property
    def rule(self) -> str:
        """``onDelete`` of the association, else of the belongsTo that is its other side, else the default of its type."""
        said = self.field.options.get("onDelete") or self._other_side() or "SET NULL"
        return "CASCADE" if self.field.type == "belongsToMany" and said == "SET NULL" else str(said)

    def _other_side(self) -> Json:
        for field in self.within.associations:
            if field.type == "belongsTo" and field.foreign_key == self.key and field.target == self.owner.collection.name:
                return field.options.get("onDelete")
        return None

    def search(self, records: UnitRecords) -> Search:
        return Search(self.within, records.plain_filter({self.key: {"$eq": self.owner_key}}, self.within))

    def problem(self, rows: Sequence[Record], why: str, code: str) -> Problem:
        name, ids = self.field.name, ", ".join(str(row.id) for row in rows[:MOST_NAMED])
        more = " …" if len(rows) > MOST_NAMED else ""
        text = f'{self.owner.collection.name} {self.owner.id}: "{name}" leads to {self.within.name} {ids}{more}; {why}'
        return Problem(text, name, code)


def destroy_records(records: UnitRecords, doomed: Sequence[Record]) -> None:
    """Stage the removal of the records and of what hangs on them; a collection without such associations asks for no read.

    What hangs on all of them is read in one round, and in one more for each further level of ``CASCADE``.
    Raises Invalid (``RESTRICTED``, ``FOREIGN_KEY_REQUIRED``) naming every association that refuses, and TooLarge (``TOO_MANY_WRITES``)."""
    kept: list[tuple[Hold, list[Record]]] = []
    problems: list[Problem] = []
    wave = list(doomed)
    while wave:
        for record in wave:
            records.unit.destroy(record)
        holds = list(_holds(records, wave))
        wave = []
        for hold, rows in _rows(records, holds):
            if hold.rule == "CASCADE":
                wave += rows
            elif hold.rule != "SET NULL":
                kept.append((hold, rows))
            elif rows and hold.within.requires(hold.key):
                why = f'"{hold.key}" is required there: destroy them first, or set onDelete of "{hold.field.name}" to CASCADE'
                problems.append(hold.problem(rows, why, "FOREIGN_KEY_REQUIRED"))
            else:
                _let_go(records, hold, rows)
        wave = list({record.key: record for record in wave}.values())
    problems += [found for hold, rows in kept if (found := _refusal(records, hold, rows))]
    if problems:
        raise Invalid.of(problems)


def _holds(records: UnitRecords, owners: Sequence[Record]) -> Iterator[Hold]:
    """The associations that may hold rows; their collections are asked for at once. One whose key is gone holds none."""
    wanted = [(owner, field) for owner in owners for field in owner.collection.associations if field.type != "belongsTo"]
    reads, definitions = records.unit.reads, records.definitions
    names = dict.fromkeys(_place_of(field) for _, field in wanted)
    reads.resolve(lambda: reads.together(*[lambda name=name: definitions.collection(name) for name in names]))
    for owner, field in wanted:
        within = definitions.collection(_place_of(field))
        key, owner_key = field.foreign_key or "", owner.row.get(field.options.get("sourceKey") or "id")
        if within is not None and key in within.fields and owner_key is not None:
            yield Hold(owner, field, within, key, owner_key)


def _place_of(field: Field) -> str:
    """The name of the collection that holds the key."""
    return str(field.options.get("through") if field.type == "belongsToMany" else field.target)


def _rows(records: UnitRecords, holds: Sequence[Hold]) -> Iterator[tuple[Hold, list[Record]]]:
    found = find_all(records.unit, [hold.search(records) for hold in holds])
    for hold, one in zip(holds, found, strict=True):
        if not one.complete:
            why = f'to find what "{hold.field.name}" leads to, more than 20 MB of "{hold.within.name}" would be read; index "{hold.key}"'
            raise Invalid(why, path=hold.field.name)
        yield hold, one.records


def _let_go(records: UnitRecords, hold: Hold, rows: Sequence[Record]) -> None:
    """A row may hang on two of the records: each change goes on from the one before."""
    for row in rows:
        now = records.unit.get(hold.within, row.id)
        if now is not None:
            records.unit.update(now, {hold.key: None})


def _refusal(records: UnitRecords, hold: Hold, rows: Sequence[Record]) -> Problem | None:
    """A problem when rows are left that hold the record; those that go along do not."""
    now = records.unit.get_many(hold.within, [row.id for row in rows])
    left = [row for row in now if row is not None and row.row.get(hold.key) == hold.owner_key]
    return hold.problem(left, f'onDelete of "{hold.field.name}" is {hold.rule}', "RESTRICTED") if left else None
