"""Which fields of a record go out: ``fields``, ``except`` and ``appends`` as one tree over the collections.

A node holds what is shown of one collection's record; its children are the associations to expand. ``appends=posts.tags`` alone
shows ``posts`` without fields of their own, ``appends=posts,posts.tags`` with them, as the model does. Hidden fields and
passwords are in no node, so nothing a caller sends brings them out.
Source: https://docs.nocobase.com/api/database/repository#find (``fields``, ``except``, ``appends``)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chalicelib.domain.collection import SYSTEM_FIELDS, Collection
from chalicelib.domain.filter import is_readable
from chalicelib.errors import Invalid, Json, Problem

MAX_APPEND_LEVELS = 3
Row = dict[str, Json]
Resolve = Callable[[str], Collection]


@dataclass
class Shape:
    """What is shown of a collection's records. ``own`` are the fields named; ``whole`` means all of them, ``dropped`` none of these."""

    collection: Collection
    level: int = 0
    whole: bool = False
    own: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    children: dict[str, Shape] = field(default_factory=dict)

    def apply(self, value: Json) -> Json:
        """The record, or list of records, with only what is shown; null stays null."""
        if isinstance(value, list):
            return [self.apply(member) for member in value]
        if not isinstance(value, dict):
            return value
        return {name: self._shown(name, member) for name, member in value.items() if self._shows(name)}

    def _shown(self, name: str, value: Json) -> Json:
        return self.children[name].apply(value) if name in self.children else value

    def _shows(self, name: str) -> bool:
        if name in self.dropped:
            return False
        return name in self.children or (_is_own(self.collection, name) and (name in self.own or self._is_whole))

    @property
    def _is_whole(self) -> bool:
        return self.whole and not self.own

    def paths(self) -> Iterator[tuple[str, ...]]:
        for name, child in self.children.items():
            if name not in self.dropped:
                yield (name,)
                yield from ((name, *path) for path in child.paths())


@dataclass(frozen=True)
class Selection:
    """What a request shows of its records. Immutable in use; made by `parse_selection`."""

    root: Shape

    @property
    def appends(self) -> list[tuple[str, ...]]:
        """The associations to load, parents before children: ``[("category",), ("category", "owner")]``."""
        return sorted(self.root.paths(), key=len)

    def apply(self, row: Row) -> Row:
        """A copy of the flat record (with its loaded associations in it) as it may leave the house."""
        shown: Row = self.root.apply(row)
        return shown


def parse_selection(fields: Json, except_: Json, appends: Json, collection: Collection, resolve: Resolve) -> Selection:
    """The selection of the parameters ``fields``, ``except``, ``appends`` (comma texts or lists, ``None`` = not sent).

    An association among ``fields`` is expanded; ``category.title`` shows that field of it only. Raises Invalid naming every unknown field,
    under the path of its parameter, and appends of more than three levels."""
    found: list[Problem] = []
    reader = _Reader(Shape(collection), resolve, found)
    named = names_in(fields, "fields", found)
    reader.root.whole = not named
    for text in named:
        reader.show(text)
    for text in names_in(appends, "appends", found):
        reader.append(text)
    for text in names_in(except_, "except", found):
        reader.drop(text)
    if found:
        raise Invalid.of(found)
    return Selection(reader.root)


def names_in(raw: Json, parameter: str, found: list[Problem]) -> list[str]:
    """The names of ``"a,b"`` or ``["a", "b"]`` without blanks; anything else is a problem under ``parameter``."""
    texts = raw if isinstance(raw, list) else [] if raw is None else [raw]
    if not all(isinstance(text, str) for text in texts):
        found.append(Problem(f"{parameter} must be a list of field names, or one text with commas between them", parameter))
        return []
    return [name.strip() for text in texts for name in text.encode(errors="replace").decode().split(",") if name.strip()]


def _is_own(collection: Collection, name: str) -> bool:
    one = collection.field(name)
    return name in SYSTEM_FIELDS if one is None else is_readable(one) and not one.is_association


def _is_association(collection: Collection, name: str) -> bool:
    one = collection.field(name)
    return one is not None and is_readable(one) and one.is_association


@dataclass
class _Reader:
    """Grows the tree of shapes; mistakes are collected in ``found``."""

    root: Shape
    resolve: Resolve
    found: list[Problem]

    def show(self, text: str) -> None:
        parent, name = self._parent(text, "fields")
        if parent and _is_own(parent.collection, name):
            parent.own.add(name)
        elif parent and (child := self._child(parent, name, text, "fields")):
            child.whole = True

    def append(self, text: str) -> None:
        parent, name = self._parent(text, "appends")
        if parent and (child := self._child(parent, name, text, "appends")):
            child.whole = True

    def drop(self, text: str) -> None:
        """Checks the whole path, but drops only what is shown: `except` expands nothing."""
        shape: Shape | None = self.root
        collection = self.root.collection
        *parents, name = text.split(".")
        for part in parents:
            if not _is_association(collection, part):
                return self._unknown(text, part, collection, "except")
            collection = self.resolve(collection.fields[part].target or "")
            shape = shape.children.get(part) if shape else None
        if not _is_own(collection, name) and not _is_association(collection, name):
            return self._unknown(text, name, collection, "except")
        if shape:
            shape.dropped.add(name)
        return None

    def _parent(self, text: str, parameter: str) -> tuple[Shape | None, str]:
        """The shape that the last name of a dotted text is about; ``None`` after a mistake."""
        shape: Shape | None = self.root
        *parents, name = text.split(".")
        for part in parents:
            shape = self._child(shape, part, text, parameter) if shape else None
        return shape, name

    def _child(self, parent: Shape, name: str, text: str, parameter: str) -> Shape | None:
        if not _is_association(parent.collection, name):
            self._unknown(text, name, parent.collection, parameter)
        elif parent.level == MAX_APPEND_LEVELS:
            self.found.append(Problem(f"{text!r} expands more than {MAX_APPEND_LEVELS} levels of associations", parameter))
        else:
            target = self.resolve(parent.collection.fields[name].target or "")
            return parent.children.setdefault(name, Shape(target, parent.level + 1))
        return None

    def _unknown(self, text: str, name: str, collection: Collection, parameter: str) -> None:
        if _is_own(collection, name):
            message = f"{text!r}: field {name!r} is no association"
        else:
            message = f"{text!r}: unknown field {name!r} in collection {collection.name!r}"
        self.found.append(Problem(message, parameter))
