"""Nodes of a workflow over HTTP: ``workflows/<id>/nodes:create``, ``flow_nodes:get|update|destroy``.

Source: https://docs.nocobase.com/workflow/development/api (nodes).
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.graph import Graph
from chalicelib.domain.ids import fresh_key
from chalicelib.domain.record import Record, Row
from chalicelib.domain.workflow import version_of_node
from chalicelib.engine.validation import problems_of_node
from chalicelib.errors import Invalid, Json, NotFound
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, edit, view
from chalicelib.services.workflows import AREA, change_nodes, found_version, is_frozen, public_nodes, version_id_of

Nodes = list[Row]


class FlowNodes:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        """Without ``upstreamId`` the new head; with it, after that node; with ``branchIndex`` too, the head of that branch of it."""

        def act(editing: Editing) -> Answer:
            version = _editable(editing, int(call.record_id or 0) if (call.record_id or "").isdigit() else -1, "created")
            values = call.values()
            if not values.get("type"):
                raise Invalid('"type" is required', path="type")
            seq = (version.item["data"].get("nodeSeq") or 0) + 1
            now = self._backend.now()
            place = (values.get("upstreamId"), values.get("branchIndex"))
            node: Row = {
                "id": int(version.id) + seq,
                "key": fresh_key(),
                "type": values["type"],
                "title": values.get("title"),
                "config": values.get("config") if values.get("config") is not None else {},
                "upstreamId": place[0],
                "branchIndex": place[1],
                "createdAt": now,
                "updatedAt": now,
            }
            nodes = _stored(version)
            _check_place(nodes, place)
            linked = _inserted(nodes, node)
            _check_node(editing, linked, node, "config" in values)
            changed = change_nodes(editing, version, linked, seq)
            return Answer(_of(changed, node["id"]))

        return edit(self._backend, call, AREA, act)

    def list_nodes(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            return Answer(public_nodes(found_version(editing, int(call.record_id or 0))))

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            node_id = version_id_of(call)
            version = found_version(editing, version_of_node(node_id))
            return Answer(_of(version, node_id))

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title and config of a node, until its workflow's first run."""

        def act(editing: Editing) -> Answer:
            values, node_id = call.values(), version_id_of(call)
            version, node = _found(editing, node_id, "updated")
            fixed = [n for n in ("type", "key", "upstreamId", "branchIndex") if n in values and values[n] != node.get(n)]
            if fixed:
                raise Invalid(f"{', '.join(fixed)} of a node can not be changed", path=fixed[0], code="READ_ONLY_FIELD")
            changed = node | {n: values[n] for n in ("title", "config") if n in values} | {"updatedAt": self._backend.now()}
            nodes = [changed if other["id"] == node_id else other for other in _stored(version)]
            _check_node(editing, nodes, changed, "config" in values)
            return Answer([_of(change_nodes(editing, version, nodes), node_id)])

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """The node with everything in its branches; what follows moves up. ``keepBranch=<index>`` keeps that branch in its place."""

        def act(editing: Editing) -> Answer:
            node_id = version_id_of(call)
            version, node = _found(editing, node_id, "deleted")
            change_nodes(editing, version, _without(_stored(version), node, _branch_to_keep(call)))
            return Answer(1)

        return edit(self._backend, call, AREA, act)


def _editable(editing: Editing, version_id: int, verb: str) -> Record:
    """Raises NotFound, or Invalid for a version that has run."""
    version = found_version(editing, version_id)
    if is_frozen(version):
        raise Invalid(f"Node could not be {verb} in executed workflow", code="WORKFLOW_FROZEN")
    return version


def _found(editing: Editing, node_id: int, verb: str) -> tuple[Record, Row]:
    version = _editable(editing, version_of_node(node_id), verb)
    for node in _stored(version):
        if node["id"] == node_id:
            return version, node
    raise NotFound(f"there is no node {node_id}", code="NODE_NOT_FOUND")


def _stored(version: Record) -> Nodes:
    nodes: Nodes = version.item["data"].get("nodes") or []
    return nodes


def _of(version: Record, node_id: int) -> Row | None:
    return next((node for node in public_nodes(version) if node["id"] == node_id), None)


def _check_place(nodes: Nodes, place: tuple[Json, Json]) -> None:
    upstream, branch = place
    if upstream is not None and not any(node["id"] == upstream for node in nodes):
        raise Invalid(f"upstreamId {upstream!r} is not a node of this workflow", path="upstreamId")
    if branch is not None and (upstream is None or isinstance(branch, bool) or not isinstance(branch, int)):
        raise Invalid("branchIndex must be a whole number, with the upstreamId of the node that has the branch", path="branchIndex")


def _inserted(nodes: Nodes, node: Row) -> Nodes:
    """The nodes with the new one in its place; who stood there stands after it now, on the same line."""
    place = (node["upstreamId"], node["branchIndex"])
    moved = [
        other | {"upstreamId": node["id"], "branchIndex": None} if (other.get("upstreamId"), other.get("branchIndex")) == place else other
        for other in nodes
    ]
    return [*moved, node]


def _without(nodes: Nodes, node: Row, keep: int | None) -> Nodes:
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


def _branch_to_keep(call: Call) -> int | None:
    raw = call.params.get("keepBranch")
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or not raw.lstrip("-").isdigit():
        raise Invalid("keepBranch must be the index of a branch", path="keepBranch")
    return int(raw)


def _check_node(editing: Editing, nodes: Nodes, node: Row, has_config: bool) -> None:
    """Raise Invalid with what is wrong in the node itself; paths are those of the body."""
    order = [other.key for other in Graph.of(nodes).walk()]
    known = order[: order.index(node["key"])] if node["key"] in order else order
    sent = {name: node[name] for name in ("type", "title", "config") if node.get(name) is not None and (name != "config" or has_config)}
    found: Callable[[str], Json] = lambda name: editing.collection(name.removeprefix("main:"))  # noqa: E731
    problems = problems_of_node(sent, known, found)
    if problems:
        raise Invalid.of(problems)
