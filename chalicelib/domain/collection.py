"""What a collection is: its fields, their types, its place in the table.

Field types are NocoBase's (https://docs.nocobase.com/data-sources/data-modeling/collection-fields); the value rules are in
``field_types.py``. A definition is plain JSON (`Collection.definition`), parsed once per epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from chalicelib.errors import Json

SYSTEM_FIELDS = ("id", "createdAt", "createdById", "updatedAt", "updatedById")
TO_ONE = ("belongsTo", "hasOne")
TO_MANY = ("hasMany", "belongsToMany")
ASSOCIATIONS = TO_ONE + TO_MANY


@dataclass(frozen=True)
class Field:
    """One field. ``slot`` is its index attribute (``l1`` … ``g4``) or ``None``; ``options`` holds the rest of the definition."""

    name: str
    type: str
    required: bool = False
    unique: bool = False
    index: bool = False
    hidden: bool = False
    read_only: bool = False
    default: Json = None
    target: str | None = None
    foreign_key: str | None = None
    target_key: str = "id"
    slot: str | None = None
    options: dict[str, Json] = field(default_factory=dict, compare=False)

    @property
    def becoming(self) -> str | None:
        """The type that the field is about to have, once every value has been looked at."""
        becoming: str | None = self.options.get("becoming")
        return becoming

    @property
    def is_association(self) -> bool:
        return self.type in ASSOCIATIONS

    @property
    def is_to_one(self) -> bool:
        return self.type in TO_ONE


@dataclass(frozen=True)
class Collection:
    """A collection: ``uid`` names its partitions, ``fields`` its own fields (system fields and foreign keys included)."""

    name: str
    uid: str
    title: str = ""
    id_type: str = "integer"
    shards: int = 1
    key_field: str = "id"
    fields: dict[str, Field] = field(default_factory=dict)
    system: bool = False
    options: dict[str, Json] = field(default_factory=dict, compare=False)

    def field(self, name: str) -> Field | None:
        return self.fields.get(name)

    @property
    def audit(self) -> Literal["names", "values"] | None:
        """What is kept of each write of a record: which fields changed, their values too, or nothing."""
        wanted = self.options.get("audit")
        return "values" if wanted == "values" else "names" if wanted else None

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.unique and f.name != "id")

    @cached_property
    def indexed_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.slot)

    @cached_property
    def retyped_fields(self) -> tuple[Field, ...]:
        """Fields whose stored values may still be those of the type that they had before."""
        return tuple(f for f in self.fields.values() if "type" in str(f.options.get("building")))

    @cached_property
    def associations(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.is_association)

    def requires(self, name: str) -> bool:
        """Whether no record may be without a value of the field; a foreign key is as required as the association that it belongs to."""
        own = self.fields.get(name)
        of_association = (one.required for one in self.associations if one.type == "belongsTo" and one.foreign_key == name)
        return bool(own and own.required) or any(of_association)

    def restricted(self, names: frozenset[str] | None) -> Collection:
        """The collection of one who may see these fields only (``None`` = all): the others are hidden, id and system fields stay."""
        if names is None:
            return self
        shown = names | set(SYSTEM_FIELDS) | {self.key_field}
        fields = {name: field if name in shown else replace(field, hidden=True) for name, field in self.fields.items()}
        return replace(self, fields=fields)

    @property
    def partitions(self) -> list[str]:
        return [f"{self.uid}#{shard}" for shard in range(self.shards)]
