"""Where a node stands among a workflow's nodes, and what becomes of the others when one is put in, taken out or moved.

A place is ``(upstreamId, branchIndex)``, as nodes are stored (https://docs.nocobase.com/workflow/development/api): after that node on its
line, or with a branch index as the head of that branch of it; without an upstream, the head of the workflow. All functions here give
new lists and leave what they get as it was.
"""

from __future__ import annotations

from chalicelib.domain.graph import Graph
from chalicelib.domain.record import Row
from chalicelib.errors import Invalid

Nodes = list[Row]
Place = tuple[int | None, int | None]


def place_of(node: Row) -> Place:
    return node.get("upstreamId"), node.get("branchIndex")


def inserted(nodes: Nodes, node: Row) -> Nodes:
    """The nodes with the new one in its place; who stood there stands after it now, on the same line."""
    place = place_of(node)
    after = {"upstreamId": node["id"], "branchIndex": None}
    return [*(other | after if place_of(other) == place else other for other in nodes), node]


def moved(nodes: Nodes, node: Row, place: Place) -> Nodes:
    """The nodes with this one at another place; its branches go with it and what followed it moves up.

    Raises Invalid for the place where it stands and for one after or below itself."""
    if place == place_of(node):
        raise Invalid("the node stands there already", path="upstreamId", code="SAME_PLACE")
    graph = Graph.of(nodes)
    own = {node["id"], *(inner.id for inner in graph.under(graph.nodes[node["id"]]))}
    if place[0] in own:
        raise Invalid("a node cannot be moved behind itself or into its own branches", path="upstreamId", code="BELOW_ITSELF")
    here = {"upstreamId": node.get("upstreamId"), "branchIndex": node.get("branchIndex")}
    rest = [other | here if place_of(other) == (node["id"], None) else other for other in nodes if other["id"] != node["id"]]
    return inserted(rest, node | {"upstreamId": place[0], "branchIndex": place[1]})


def without(nodes: Nodes, node: Row, keep: int | None) -> Nodes:
    """The nodes without this one and its branches, except branch ``keep``, which takes its place. Raises Invalid for no such branch."""
    graph = Graph.of(nodes)
    parsed = graph.nodes[node["id"]]
    place = {"upstreamId": node.get("upstreamId"), "branchIndex": node.get("branchIndex")}
    kept_head = graph.branch(parsed, keep) if keep is not None else None
    if keep is not None and kept_head is None:
        raise Invalid(f"the node has no branch {keep}", path="keepBranch")
    kept_line = list(graph.line(kept_head))
    kept = {inner.id for head in kept_line for inner in [head, *graph.under(head)]}
    gone = {parsed.id, *(inner.id for inner in graph.under(parsed))} - kept
    following = graph.next(parsed)
    moves: dict[int, Row] = {}
    if kept_head:
        moves[kept_head.id] = place
    if following:
        moves[following.id] = {"upstreamId": kept_line[-1].id, "branchIndex": None} if kept_line else place
    return [other | moves.get(other["id"], {}) for other in nodes if other["id"] not in gone]


def without_branch(nodes: Nodes, node: Row, index: int, shift: bool) -> Nodes:
    """The nodes without one branch of this one; with ``shift`` the branches after it count one less.

    Raises Invalid when that changes nothing: there is no such branch, and none after it to be counted less."""
    graph = Graph.of(nodes)
    head = graph.branch(graph.nodes[node["id"]], index)
    gone = {inner.id for one in graph.line(head) for inner in [one, *graph.under(one)]}
    later = {other.id for other in graph.branches(graph.nodes[node["id"]]) if (other.branch_index or 0) > index} if shift else set()
    if head is None and not later:
        has = ", ".join(str(other.branch_index) for other in graph.branches(graph.nodes[node["id"]])) or "none"
        raise Invalid(f"the node has nothing in a branch {index}; it has something in: {has}", path="branchIndex", code="BRANCH_NOT_FOUND")
    return [
        other | ({"branchIndex": other["branchIndex"] - 1} if other["id"] in later else {}) for other in nodes if other["id"] not in gone
    ]
