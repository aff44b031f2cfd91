"""A workflow's nodes as a tree: a main line, and branches that hang below a node.

Nodes are stored flat, as NocoBase does (https://docs.nocobase.com/workflow/development/api): ``upstreamId`` is the node before,
``branchIndex`` is set on the head of a branch of that node and null on the line itself. ``downstreamId`` is derived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chalicelib.errors import Json, Problem


@dataclass(frozen=True)
class Node:
    """One node. ``key`` stays the same over all versions of a workflow and names the node in expressions."""

    id: int
    key: str
    type: str
    title: str
    config: dict[str, Json]
    upstream_id: int | None = None
    branch_index: int | None = None

    @classmethod
    def of(cls, raw: dict[str, Json]) -> Node:
        return cls(
            id=raw["id"],
            key=raw["key"],
            type=raw["type"],
            title=raw.get("title") or raw["type"],
            config=raw.get("config") or {},
            upstream_id=raw.get("upstreamId"),
            branch_index=raw.get("branchIndex"),
        )


@dataclass(frozen=True)
class Graph:
    """The tree. ``head`` is ``None`` for a workflow without nodes."""

    nodes: dict[int, Node]
    head: Node | None
    _next: dict[int, Node] = field(default_factory=dict)
    _branches: dict[int, list[Node]] = field(default_factory=dict)

    @classmethod
    def of(cls, raw_nodes: Sequence[dict[str, Json]]) -> Graph:
        """The tree of stored nodes (which `problems_of_links` found sound)."""
        nodes = {raw["id"]: Node.of(raw) for raw in raw_nodes}
        head: Node | None = None
        following: dict[int, Node] = {}
        branches: dict[int, list[Node]] = {}
        for node in nodes.values():
            if node.upstream_id is None:
                head = node
            elif node.branch_index is None:
                following[node.upstream_id] = node
            else:
                branches.setdefault(node.upstream_id, []).append(node)
        for heads in branches.values():
            heads.sort(key=lambda branch_head: branch_head.branch_index or 0)
        return cls(nodes, head, following, branches)

    def next(self, node: Node) -> Node | None:
        """The node after this one on the same line."""
        return self._next.get(node.id)

    def branches(self, node: Node) -> list[Node]:
        """The heads of the node's branches, by ``branchIndex``."""
        return self._branches.get(node.id, [])

    def branch(self, node: Node, index: int) -> Node | None:
        return next((head for head in self.branches(node) if head.branch_index == index), None)

    def parent(self, node: Node) -> Node | None:
        """The node below whose branch this one stands; ``None`` on the main line."""
        while node.branch_index is None:
            if node.upstream_id is None:
                return None
            node = self.nodes[node.upstream_id]
        return self.nodes[node.upstream_id] if node.upstream_id is not None else None

    def line(self, head: Node | None) -> Iterator[Node]:
        """A line from its head to its end, branches left out."""
        while head is not None:
            yield head
            head = self.next(head)

    def walk(self) -> Iterator[Node]:
        """Every node in the order it would run: a node, then its branches, then what follows."""
        yield from self.line_with_branches(self.head)

    def line_with_branches(self, head: Node | None) -> Iterator[Node]:
        """A line from its head to its end, with everything in its branches."""
        for node in self.line(head):
            yield node
            for branch_head in self.branches(node):
                yield from self.line_with_branches(branch_head)

    def under(self, node: Node) -> list[Node]:
        """The node's branches with everything in them."""
        return [inner for head in self.branches(node) for inner in self.line_with_branches(head)]


def problems_of_links(raw_nodes: Sequence[dict[str, Json]]) -> list[Problem]:
    """What is wrong with the links: two heads, an unknown upstream, two nodes in one place, a circle."""
    ids = {raw["id"] for raw in raw_nodes}
    found: list[Problem] = []
    places: set[tuple[int | None, int | None]] = set()
    for position, raw in enumerate(raw_nodes):
        place = (raw.get("upstreamId"), raw.get("branchIndex"))
        if place[0] is not None and place[0] not in ids:
            found.append(Problem(f"upstreamId {place[0]} is not a node of this workflow", f"nodes.{position}.upstreamId"))
        elif place in places:
            found.append(Problem("another node already stands at this place", f"nodes.{position}.upstreamId"))
        places.add(place)
    if found or not raw_nodes:
        return found
    reached = sum(1 for _ in Graph.of(raw_nodes).walk()) if any(raw.get("upstreamId") is None for raw in raw_nodes) else 0
    return [] if reached == len(raw_nodes) else [Problem("the nodes form a circle: one of them must have no upstreamId", "nodes")]
