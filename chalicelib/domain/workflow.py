"""A workflow version, parsed once per epoch and shared by every request of the process.

One version is one record of the collection ``workflows`` with its nodes inside. The enabled version of a key is also kept whole
under the key itself, so that a trigger finds it with one read. A version's id has its low 13 bits clear and its nodes are
numbered after it, so a node's id names its version.
Source of the fields: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from chalicelib.domain.graph import Graph
from chalicelib.domain.ids import LOW_BITS
from chalicelib.domain.ports import Item, Key
from chalicelib.errors import Json

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what a workflow may be called by


@dataclass(frozen=True)
class Workflow:
    """``config`` is the trigger's; ``options`` holds ``timeout`` (ms), ``stackLimit``, ``deleteExecutionOnStatus`` …; ``due_since``: since
    when (epoch ms) it has watched a date of its collection's records as it does now, 0 for one that does not."""

    id: int
    key: str
    title: str
    type: str
    sync: bool
    enabled: bool
    config: dict[str, Json]
    options: dict[str, Json]
    raw_nodes: list[dict[str, Json]] = field(repr=False, default_factory=list)
    frozen: bool = False
    version: int = 0
    due_since: int = 0

    @classmethod
    def of(cls, row: dict[str, Json], frozen: bool = False, version: int = 0) -> Workflow:
        """From a workflow's row (its ``data`` and ``id``); ``version`` is the version of the item it was read from."""
        return cls(
            id=row["id"],
            key=row["key"],
            title=row.get("title") or "",
            type=row["type"],
            sync=bool(row.get("sync")),
            enabled=bool(row.get("enabled")),
            config=row.get("config") or {},
            options=row.get("options") or {},
            raw_nodes=row.get("nodes") or [],
            frozen=frozen,
            version=version,
            due_since=row.get("dueSince") or 0,
        )

    @property
    def source(self) -> str:
        """What the trigger listens to: a collection by its plain name, ``topic:<name>`` for messages, else empty."""
        topic, collection = self.config.get("topic"), self.config.get("collection")
        if isinstance(topic, str) and topic and self.type == "message":
            return topic_source(topic)
        return plain_name(collection) if isinstance(collection, str) else ""

    @property
    def spills(self) -> bool:
        """Whether a run in a call that takes too long goes on as an asynchronous one (``options.spillToAsync``)."""
        return self.sync and self.options.get("spillToAsync") is True

    @property
    def needs_machine(self) -> bool:
        """Whether an execution of it may be walked by a state machine."""
        return not self.sync or self.spills

    @cached_property
    def graph(self) -> Graph:
        return Graph.of(self.raw_nodes)

    @cached_property
    def collections(self) -> frozenset[str]:
        """Collections that the trigger and the nodes name."""
        named = [self.config.get("collection")] + [node.config.get("collection") for node in self.graph.nodes.values()]
        return frozenset(plain_name(name) for name in named if isinstance(name, str) and name)


def plain_name(joint_name: str) -> str:
    """``main:posts`` and ``posts`` are the same collection; another data source keeps its prefix (and is not there)."""
    return joint_name.removeprefix("main:")


def topic_source(topic: str) -> str:
    """The name under which workflows wait for the messages of a topic; no collection has a colon in its name."""
    return f"topic:{topic}"


def version_of_node(node_id: int) -> int:
    """The id of the version that holds the node."""
    return node_id >> LOW_BITS << LOW_BITS


def enabled_key(workflow_key: str) -> Key:
    """The item that holds the enabled version of a workflow."""
    return Key("records", f"enabled#{workflow_key}", "enabled")


WAITING = "waiting:"


def bound_key(collection: str) -> Key:
    """The item that names the enabled workflows which wait for events of a collection: one attribute ``waiting:<key>`` for each.

    A key may stand there for nothing, after a collection was renamed or dropped: the workflow itself says what it is bound to."""
    return Key("records", f"bound#{collection}", "bound")


def bound_keys(item: Item) -> list[str]:
    """The keys of the workflows that the item names."""
    return [name.removeprefix(WAITING) for name in item if name.startswith(WAITING)]
