"""Collections, roles and enabled workflows, kept parsed in the process for one epoch.

The epoch is a counter that every transaction that writes a definition raises, and that every request reads together with its
records. While it stands still the process's copies are right. A definition may be kept under an epoch only when it was read
*after* that epoch: BatchGetItem is no snapshot, and an old definition kept under a new epoch would stay wrong for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import parse_collection
from chalicelib.domain.keys import record_key
from chalicelib.domain.ports import Item, Key
from chalicelib.domain.role import Role
from chalicelib.domain.system_collections import SYSTEM_COLLECTIONS
from chalicelib.domain.workflow import Workflow, bound_key, bound_keys, enabled_key
from chalicelib.engine.reads import Pending, Reads
from chalicelib.errors import Json

Kind = Literal["collection", "role", "workflow", "bound"]
MOST_ENTRIES = 5_000


def _parse_collection(item: Item) -> Collection:
    return parse_collection(item["data"])


def _parse_role(item: Item) -> Role:
    return Role.parse(item["data"] | {"name": item["sk"]})


def _parse_workflow(item: Item) -> Workflow:
    return Workflow.of(item["data"], frozen=bool(item.get("frozen")), version=item.get("version", 0))


KEY_OF: dict[Kind, Callable[[str], Key]] = {
    "collection": lambda name: record_key("collections", name),
    "role": lambda name: record_key("roles", name),
    "workflow": enabled_key,
    "bound": bound_key,
}
PARSE: dict[Kind, Callable[[Item], Json]] = {
    "collection": _parse_collection,
    "role": _parse_role,
    "workflow": _parse_workflow,
    "bound": bound_keys,
}


@dataclass
class Snapshot:
    """Parsed definitions that are right for one epoch; ``None`` = known not to exist."""

    epoch: int
    entries: dict[tuple[Kind, str], Json] = field(default_factory=dict)
    frozen: set[int] = field(default_factory=set)


class DefinitionCache:
    """The process's copies. One object per process; threads may share it, since a snapshot is only ever added to."""

    def __init__(self) -> None:
        self.current = Snapshot(-1)
        self._last = Snapshot(-1)

    def lookup(self, kind: Kind, name: str) -> tuple[bool, Json]:
        """Whether something was known a moment ago (in this epoch or the one before), and what."""
        for entries in (self.current.entries, self._last.entries):
            if (kind, name) in entries:
                return True, entries[kind, name]
        return False, None

    def at(self, epoch: int) -> Snapshot:
        """The snapshot of this epoch: today's, a new one when the epoch has moved on, a private one for a late reader."""
        current = self.current
        if epoch == current.epoch and len(current.entries) < MOST_ENTRIES:
            return current
        snapshot = Snapshot(epoch)
        if epoch >= current.epoch:
            self._last, self.current = current, snapshot
        return snapshot


class Definitions:
    """The definitions as one request sees them."""

    def __init__(self, reads: Reads, cache: DefinitionCache) -> None:
        self._reads = reads
        self._cache = cache
        self._snapshot: Snapshot | None = None

    def collection(self, name: str) -> Collection | None:
        """Raises Pending, as the next two."""
        return SYSTEM_COLLECTIONS.get(name) or cast(Collection | None, self._get("collection", name))

    def role(self, name: str) -> Role | None:
        return cast(Role | None, self._get("role", name))

    def workflow(self, key: str) -> Workflow | None:
        """The enabled version of the key."""
        return cast(Workflow | None, self._get("workflow", key))

    def collection_now(self, name: str) -> Collection | None:
        """As `collection`, with a read of its own when it has to be."""
        return self._reads.resolve(lambda: self.collection(name))

    def bound(self, collection: str) -> list[Workflow]:
        """The enabled workflows that wait for events of the collection, or of another `Workflow.source`, oldest first. Raises Pending."""
        if collection in SYSTEM_COLLECTIONS:
            return []
        likely = cast("list[str] | None", self._likely("bound", collection)) or []
        self._reads.together(lambda: self._get("bound", collection), *[lambda key=key: self.workflow(key) for key in likely])
        keys = cast("list[str] | None", self._get("bound", collection)) or []
        self._reads.together(*[lambda key=key: self.workflow(key) for key in keys])
        found = [workflow for key in keys if (workflow := self.workflow(key))]
        return sorted((one for one in found if one.source == collection), key=lambda one: one.id)

    def likely_bound(self, collection: str) -> list[Workflow]:
        """As `likely_collection`, for those of `bound`."""
        keys = cast("list[str] | None", self._likely("bound", collection)) or []
        return [workflow for key in keys if (workflow := self.likely_workflow(key))]

    def together(self, *steps: Callable[[], object]) -> None:
        """As `Reads.together`."""
        self._reads.together(*steps)

    def with_bound(self, name: str) -> None:
        """Ask for a collection together with the workflows that wait for its events. Raises Pending."""
        self._reads.together(lambda: self.collection(name), lambda: self.bound(name))

    def bound_now(self, collection: str) -> list[Workflow]:
        """As `bound`, with reads of its own when it has to be."""
        return self._reads.resolve(lambda: self.bound(collection))

    def workflow_now(self, key: str) -> Workflow | None:
        """As `workflow`, with a read of its own when it has to be."""
        return self._reads.resolve(lambda: self.workflow(key))

    def is_frozen(self, workflow: Workflow) -> bool:
        return workflow.frozen or workflow.id in self.snapshot.frozen

    @property
    def snapshot(self) -> Snapshot:
        if self._snapshot is None:
            epoch = self._reads.epoch
            if epoch is None:
                raise Pending
            self._snapshot = self._cache.at(epoch)
        return self._snapshot

    def _get(self, kind: Kind, name: str) -> Json:
        if self._reads.epoch is None:
            return self._hint(kind, name)
        entries = self.snapshot.entries
        if (kind, name) not in entries:
            item = self._reads.item_since_epoch(KEY_OF[kind](name))
            entries[kind, name] = PARSE[kind](item) if item else None
        return entries[kind, name]

    def likely_collection(self, name: str) -> Collection | None:
        """What the collection was a moment ago, if that is known: good enough to ask for what it leads to in the same round."""
        return SYSTEM_COLLECTIONS.get(name) or cast(Collection | None, self._likely("collection", name))

    def likely_workflow(self, key: str) -> Workflow | None:
        """As `likely_collection`."""
        return cast(Workflow | None, self._likely("workflow", key))

    def _hint(self, kind: Kind, name: str) -> Json:
        """What was right for an earlier epoch; asked for when nothing is known of it. Checked in the next round."""
        if not self._cache.lookup(kind, name)[0]:
            self._reads.item(KEY_OF[kind](name))
        return self._likely(kind, name)

    def _likely(self, kind: Kind, name: str) -> Json:
        known, value = self._cache.lookup(kind, name)
        if known:
            return value
        item = self._reads.items.get(KEY_OF[kind](name))
        return PARSE[kind](item) if item else None
