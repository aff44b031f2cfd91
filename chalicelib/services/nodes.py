"""Nodes of a workflow over HTTP: ``workflows/<id>/nodes:create``, ``flow_nodes:update|destroy|move|duplicate|destroyBranch`` and reading.

Every change is one of the whole version, which must not have run yet. Source: https://docs.nocobase.com/workflow/development/api (nodes).
"""

from __future__ import annotations

import re
from dataclasses import replace

from chalicelib.domain.graph import Graph
from chalicelib.domain.ids import fresh_key
from chalicelib.domain.placement import Nodes, Place, inserted, moved, without, without_branch
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.domain.workflow import version_of_node
from chalicelib.engine.node_validation import problems_of_node, standing
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.known_keys import OF_FLOW_NODE, check_known
from chalicelib.services.preconditions import check_unchanged, time_tag
from chalicelib.services.versions import AREA, change_nodes, checked_number, collection_finder, found_version, is_frozen, version_id_of
from chalicelib.services.workflow_rows import public_node, public_nodes


class FlowNodes:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        """Without ``upstreamId`` the new head; with it, after that node; with ``branchIndex`` too, the head of that branch of it."""

        def act(editing: Editing) -> Answer:
            version = _editable(editing, _owner_id(call), "created")
            values = call.values()
            check_known(values, OF_FLOW_NODE, "a node", ("type", "title", "config", "upstreamId", "branchIndex"))
            if not values.get("type"):
                raise Invalid('"type" is required', path="type")
            place = (values.get("upstreamId"), values.get("branchIndex"))
            config = values.get("config") if values.get("config") is not None else {}
            node = self._new_node(version, {"type": values["type"], "title": values.get("title"), "config": config}, place)
            _check_place(_stored(version), place)
            linked = inserted(_stored(version), node)
            _check_node(editing, linked, node, "config" in values)
            return Answer(_changed(editing, version, linked, node["id"], is_new=True))

        return edit_once(self._backend, call, AREA, act)

    def list_nodes(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            return Answer(public_nodes(found_version(editing, _owner_id(call))))

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            node_id = version_id_of(call)
            node = public_node(found_version(editing, version_of_node(node_id)), node_id)
            return Answer(node, headers={"ETag": time_tag(node)} if node else {})

        return view(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        """Title and config of a node, until its workflow's first run. ``If-Match`` names the version that may be changed."""

        def act(editing: Editing) -> Answer:
            values, node_id = call.values(), version_id_of(call)
            check_known(values, OF_FLOW_NODE, "a node", ("title", "config"))
            try:
                version, node = _found(editing, node_id, "updated")
            except NotFound:
                check_unchanged(call, "the node", None)
                raise
            check_unchanged(call, "the node", public_node(version, node_id) or node)
            fixed = [n for n in ("type", "key", "upstreamId", "branchIndex") if n in values and values[n] != node.get(n)]
            if fixed:
                raise Invalid(f"{', '.join(fixed)} of a node can not be changed", path=fixed[0], code="READ_ONLY_FIELD")
            changed = node | {n: values[n] for n in ("title", "config") if n in values} | {"updatedAt": self._backend.now()}
            nodes = [changed if other["id"] == node_id else other for other in _stored(version)]
            _check_node(editing, nodes, changed, "config" in values)
            return Answer([_changed(editing, version, nodes, node_id)], headers={"ETag": time_tag(changed)})

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """The node with everything in its branches; what follows moves up. ``keepBranch=<index>`` keeps that branch in its place."""

        def act(editing: Editing) -> Answer:
            version, node = _found(editing, version_id_of(call), "deleted")
            keep = _whole(call.params.get("keepBranch") or None, "keepBranch")
            _change(editing, version, without(_stored(version), node, keep))
            return Answer(1)

        return edit(self._backend, call, AREA, act)

    def move(self, call: Call) -> Answer:
        """The node with its branches to the place ``{"upstreamId", "branchIndex"}``, said as for `create`."""

        def act(editing: Editing) -> Answer:
            node_id = version_id_of(call)
            version, node = _found(editing, node_id, "moved")
            if not call.values().keys() & {"upstreamId", "branchIndex"}:
                raise Invalid("upstreamId is required: the id of the node to stand behind, or null for the head", path="upstreamId")
            place = _place(editing, version, call.values())
            nodes = moved(_stored(version), node | {"updatedAt": self._backend.now()}, place)
            return Answer(_changed(editing, version, nodes, node_id))

        return edit(self._backend, call, AREA, act)

    def duplicate(self, call: Call) -> Answer:
        """A node of the same type, title and config under a new key, without branches, at the place that the body says."""

        def act(editing: Editing) -> Answer:
            version, node = _found(editing, version_id_of(call), "duplicated")
            place = _place(editing, version, call.values())
            copy = self._new_node(version, {name: node.get(name) for name in ("type", "title", "config")}, place)
            return Answer(_changed(editing, version, inserted(_stored(version), copy), copy["id"], is_new=True))

        return edit_once(self._backend, call, AREA, act)

    def destroy_branch(self, call: Call) -> Answer:
        """Everything in branch ``branchIndex`` of the node; with ``shift=1`` later branches count one less. The node is the answer."""

        def act(editing: Editing) -> Answer:
            node_id = version_id_of(call)
            version, node = _found(editing, node_id, "deleted")
            asked = call.values() | call.params
            index = _whole(asked.get("branchIndex"), "branchIndex")
            if index is None:
                raise Invalid("branchIndex is required", path="branchIndex")
            shift = str(asked.get("shift")).lower() in ("1", "true")
            return Answer(_changed(editing, version, without_branch(_stored(version), node, index, shift), node_id))

        return edit(self._backend, call, AREA, act)

    def _new_node(self, version: Record, content: Row, place: tuple[Json, Json]) -> Row:
        now = self._backend.now()
        number = checked_number((version.item["data"].get("nodeSeq") or 0) + 1)
        identity = {"id": int(version.id) + number, "key": fresh_key()}
        return {**identity, **content, "upstreamId": place[0], "branchIndex": place[1], "createdAt": now, "updatedAt": now}


def _owner_id(call: Call) -> int:
    """The version in ``workflows/<id>/nodes``. Raises NotFound."""
    if not re.fullmatch("[0-9]{1,16}", call.record_id or ""):
        raise NotFound("workflow not found", code="WORKFLOW_NOT_FOUND")
    return int(call.record_id or 0)


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


def _changed(editing: Editing, version: Record, nodes: Nodes, node_id: int, is_new: bool = False) -> Row | None:
    """The node as it is shown, after the version is staged with these nodes."""
    return public_node(_change(editing, version, nodes, node_id - int(version.id) if is_new else None), node_id)


def _change(editing: Editing, version: Record, nodes: Nodes, seq: int | None = None) -> Record:
    """The version with these nodes, staged. Raises Invalid naming the nodes that would refer to one that is not before or around them:
    an enabled workflow stays one that can run, another may be mended later."""
    try:
        return change_nodes(editing, version, nodes, seq)
    except Invalid as refused:
        raise Invalid.of([_naming(nodes, problem) for problem in refused.problems()]) from None


def _naming(nodes: Nodes, problem: Problem) -> Problem:
    place = re.match(r"nodes\.([0-9]+)\.config", problem.path)
    if place is None:
        return problem
    node = nodes[int(place[1])]
    return replace(problem, message=f'node "{node.get("title") or node["type"]}" ({node["key"]}): {problem.message}')


def _check_place(nodes: Nodes, place: tuple[Json, Json]) -> None:
    upstream, branch = place
    if upstream is not None and not any(node["id"] == upstream for node in nodes):
        raise Invalid(f"upstreamId {upstream!r} is not a node of this workflow", path="upstreamId")
    if branch is not None and (upstream is None or isinstance(branch, bool) or not isinstance(branch, int)):
        raise Invalid("branchIndex must be a whole number, with the upstreamId of the node that has the branch", path="branchIndex")


def _place(editing: Editing, version: Record, values: Row) -> Place:
    """The place that a move or duplicate names. Raises NotFound for no such node, Invalid for one of another workflow."""
    upstream, branch = _whole(values.get("upstreamId"), "upstreamId"), _whole(values.get("branchIndex"), "branchIndex")
    if upstream is None:
        if branch is not None:
            raise Invalid("branchIndex says a branch of which node? upstreamId is missing", path="upstreamId")
        return None, None
    if not any(node["id"] == upstream for node in _stored(version)):
        other = editing.unit.get(WORKFLOWS, version_of_node(upstream)) if upstream > 0 else None
        if other is not None and other.id != version.id and any(node["id"] == upstream for node in _stored(other)):
            raise Invalid(f"node {upstream} belongs to another workflow", path="upstreamId", code="FOREIGN_NODE")
        raise NotFound(f"there is no node {upstream} to stand behind", code="UPSTREAM_NOT_FOUND")
    return upstream, branch


def _whole(raw: Json, name: str) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | str) or not re.fullmatch("-?[0-9]{1,16}", str(raw)):
        raise Invalid(f"{name} must be a whole number", path=name)
    return int(raw)


def _check_node(editing: Editing, nodes: Nodes, node: Row, has_config: bool) -> None:
    """Raise Invalid with what is wrong in the node itself; paths are those of the body."""
    known = standing(node, Graph.of(nodes), collection_finder(editing))
    sent = {name: node[name] for name in ("type", "title", "config") if node.get(name) is not None and (name != "config" or has_config)}
    problems = problems_of_node(sent, known)
    if problems:
        raise Invalid.of(problems)
