"""The links between one record and its partners over one association: read, added, removed, replaced.

A belongsTo keeps the partner's key in the record, hasOne and hasMany keep the record's key in the partners, belongsToMany keeps a row
per pair in the ``through`` collection. Whoever is linked, and is not written itself, is counted as linked (`UnitOfWork.link`), so that no
link is made to a record that is just being destroyed. Source: https://docs.nocobase.com/data-sources/data-modeling/collection-fields/associations
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.ids import derived_pair
from chalicelib.domain.record import Record
from chalicelib.engine.finder import Search, find
from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from chalicelib.engine.records import UnitRecords

MOST_PARTNERS = 1_000
MOST_NAMED = 5


class Links:
    """One association of one record, inside a unit of work."""

    def __init__(self, records: UnitRecords, owner: Record, field: Field) -> None:
        self._records = records
        self._unit = records.unit
        self.owner = owner
        self.field = field
        self.target: Collection = records.collection(field.target or "")

    @property
    def _owner_key(self) -> Json:
        return self.owner.row[self.field.options.get("sourceKey") or "id"]

    @property
    def condition(self) -> dict[str, Json]:
        """A filter on the target's records that matches exactly the partners."""
        field = self.field
        if field.type == "belongsTo":
            key = self.owner.row.get(field.foreign_key or "")
            return {field.target_key: {"$in": [] if key is None else [key]}}
        if field.type == "belongsToMany":
            return {field.target_key: {"$in": [row.row[field.options["otherKey"]] for row in self._pairs()]}}
        if self._owner_key is None:  # null would match what points to nobody
            return {"id": {"$in": []}}
        return {field.foreign_key or "": {"$eq": self._owner_key}}

    @property
    def given_key(self) -> dict[str, Json]:
        """What a new partner holds from its making: of a hasOne or hasMany the foreign key, of the others nothing."""
        return {self.field.foreign_key or "": self._owner_key} if self.field.type in ("hasOne", "hasMany") else {}

    def partners(self) -> list[Record]:
        """All partners. Raises Invalid over 1,000."""
        search = Search(self.target, self._records.plain_filter(self.condition, self.target))
        return find(self._unit, search).records

    def add(self, partners: Sequence[Record]) -> None:
        """Link these too; of a to-one association only the last stays. Raises Invalid when the owner has no key to be linked by."""
        if partners and self.field.type != "belongsTo" and self._owner_key is None:
            name = self.field.options.get("sourceKey")
            why = f'"{name}" of {self.owner.collection.name} {self.owner.id} is empty, so nothing can be linked by it'
            raise Invalid(why, path=self.field.name)
        if self.field.type == "belongsTo":
            if partners:
                key = partners[-1].row[self.field.target_key]
                self._unit.link(partners[-1])
                self.owner = self._unit.update(self.owner, {self.field.foreign_key or "": key})
        elif self.field.type == "belongsToMany":
            linked = {row.row[self.field.options["otherKey"]] for row in self._pairs()}
            for partner in partners:
                key = partner.row[self.field.target_key]
                if key not in linked:
                    linked.add(key)
                    self._unit.link(partner)
                    self._pair_up(key)
        else:
            self._point_back(partners)

    def _pair_up(self, key: Json) -> None:
        """One row per pair, whoever makes it and from whichever side: its id is the pair's, so a second one at the same moment is refused
        and looks again."""
        values = {self.field.foreign_key or "": self._owner_key, self.field.options["otherKey"]: key}
        number = derived_pair(*(values[name] for name in sorted(values)))
        pair_id = number if self._through.id_type == "integer" else str(number)
        if self._unit.get(self._through, pair_id) is None:
            self._unit.link(self.owner)
            self._unit.create(self._through, {"id": pair_id} | values)

    def _point_back(self, partners: Sequence[Record]) -> None:
        if self.field.type == "hasOne" and partners:
            self.remove([old for old in self.partners() if old.id != partners[-1].id])
            partners = partners[-1:]
        if partners:
            # Also when the key is there already: a partner may be new and made with it.
            self._unit.link(self.owner)
        for partner in partners:
            if partner.row.get(self.field.foreign_key or "") != self._owner_key:
                self._unit.update(partner, {self.field.foreign_key or "": self._owner_key})

    def remove(self, partners: Sequence[Record]) -> None:
        """Unlink these; the partners themselves stay."""
        if self.field.type == "belongsTo":
            key = self.owner.row.get(self.field.foreign_key or "")
            if any(partner.row[self.field.target_key] == key for partner in partners):
                self._check_optional(self.owner.collection, [self.owner])
                self.owner = self._unit.update(self.owner, {self.field.foreign_key or "": None})
        elif self.field.type == "belongsToMany":
            gone = {partner.row[self.field.target_key] for partner in partners}
            for pair in self._pairs():
                if pair.row[self.field.options["otherKey"]] in gone:
                    self._unit.destroy(pair)
        else:
            held = [partner for partner in partners if partner.row.get(self.field.foreign_key or "") == self._owner_key]
            self._check_optional(self.target, held)
            for partner in held:
                self._unit.update(partner, {self.field.foreign_key or "": None})

    def _check_optional(self, holders: Collection, held: Sequence[Record]) -> None:
        """Raises Invalid when these would lose a foreign key that they must have."""
        key = self.field.foreign_key or ""
        if held and holders.requires(key):
            ids = ", ".join(str(one.id) for one in held[:MOST_NAMED]) + (" …" if len(held) > MOST_NAMED else "")
            why = f'"{key}" is required in {holders.name}, so {ids} cannot be unlinked; link it to another record, or destroy it'
            raise Invalid(why, path=self.field.name, code="FOREIGN_KEY_REQUIRED")

    def replace(self, partners: Sequence[Record]) -> None:
        """Make these the partners, and no others."""
        kept = {partner.id for partner in partners}
        if self.field.type == "belongsTo" and partners:
            return self.add(partners)  # one change: in between the record would be without a key
        self.remove([old for old in self.partners() if old.id not in kept])
        return self.add(partners)

    @property
    def _through(self) -> Collection:
        return self._records.collection(self.field.options["through"])

    def _pairs(self) -> list[Record]:
        """The rows of the through collection that belong to the owner."""
        if self._owner_key is None:
            return []
        condition = {self.field.foreign_key or "": {"$eq": self._owner_key}}
        search = Search(self._through, self._records.plain_filter(condition, self._through), limit=MOST_PARTNERS + 1)
        pairs = find(self._unit, search).records
        if len(pairs) > MOST_PARTNERS:
            raise Invalid(f'"{self.field.name}" has more than {MOST_PARTNERS} partners; write its through collection', path=self.field.name)
        return pairs
