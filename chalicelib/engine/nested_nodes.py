"""A workflow's nodes as people write them: a list in running order, branches inside the node they belong to.

    [{"key": "ok", "type": "condition", "config": {…}, "branches": {"1": [{"type": "update", …}], "0": [{"type": "end", …}]}},
     {"type": "output", …}]

Stored nodes are flat and linked (`domain/graph.py`); both forms hold the same and turn into one another. ``branches`` may also be a
list of lists, branch 0 first. Source of the flat form: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.graph import Graph, Node
from chalicelib.domain.policy import NAMES as POLICY_NAMES
from chalicelib.domain.template_path import short
from chalicelib.errors import Invalid, Json, Problem

MOST_LEVELS = 20
LONGEST_INDEX = 9
CONTENT = ("key", "type", "title", "config")
FLAT_MARKS = ("id", "upstreamId", "branchIndex")


@dataclass
class _Flattening:
    """The flat nodes so far, and what was wrong."""

    make_id: Callable[[], int]
    make_key: Callable[[], str]
    nodes: list[dict[str, Json]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def line(self, nested: Json, path: str, upstream: int | None, index: int | None, level: int) -> None:
        """Add a line: its head hangs below ``upstream`` at ``index``, every other node follows the one before."""
        if not isinstance(nested, list):
            return self.refuse(path, "must be a list of nodes")
        if level > MOST_LEVELS:
            return self.refuse(path, f"branches are nested more than {MOST_LEVELS} levels deep")
        for position, raw in enumerate(nested):
            here = f"{path}.{position}"
            if not isinstance(raw, dict):
                self.refuse(here, "must be an object")
                continue
            node = self.add(raw, upstream, index)
            for branch_index, branch, inner in self.branches(raw.get("branches"), f"{here}.branches"):
                self.line(branch, inner, node["id"], branch_index, level + 1)
            upstream, index = node["id"], None
        return None

    def add(self, raw: dict[str, Json], upstream: int | None, index: int | None) -> dict[str, Json]:
        # Policies belong into the config: kept, so that the check can say so.
        content = {name: raw[name] for name in (*CONTENT, *POLICY_NAMES) if name in raw}
        keyed = content | {"key": raw.get("key") or self.make_key()}
        node = {"id": self.make_id(), **keyed, "upstreamId": upstream, "branchIndex": index}
        self.nodes.append(node)
        return node

    def branches(self, raw: Json, path: str) -> Iterable[tuple[int, Json, str]]:
        """Branch index, nodes and path of every branch that is written properly."""
        if raw is None:
            return
        if not isinstance(raw, dict | list):
            return self.refuse(path, 'must be an object of lists by branch index, {"1": […], "0": […]}, or a list of lists')
        for name, branch in raw.items() if isinstance(raw, dict) else enumerate(raw):
            if not re.fullmatch(r"-?[0-9]+", str(name)):
                self.refuse(f"{path}.{name}", f'branch index "{short(str(name))}" is not a whole number')
            elif len(str(name)) > LONGEST_INDEX:
                self.refuse(f"{path}.{name}", f"branch index {short(str(name))} has more than {LONGEST_INDEX} digits")
            else:
                yield int(name), branch, f"{path}.{name}"

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(message, path))


def is_flat(nodes: Sequence[Json]) -> bool:
    """Whether the nodes are linked already: some carry an id or a link and none has branches inside."""
    dicts = [node for node in nodes if isinstance(node, dict)]
    return any(mark in node for node in dicts for mark in FLAT_MARKS) and not any(node.get("branches") for node in dicts)


def flatten(nodes: list[dict[str, Json]], make_id: Callable[[], int], make_key: Callable[[], str]) -> list[dict[str, Json]]:
    """Stored nodes ``{id, key, type, title, config, upstreamId, branchIndex}`` of nested or already flat ones, in running order.

    Ids are always made anew; keys are kept where given. Flat nodes keep their links. Raises Invalid with every mistake of form;
    what the nodes say is checked by `validation.problems_of_workflow`."""
    work = _Flattening(make_id, make_key)
    if isinstance(nodes, list) and is_flat(nodes):
        _relink(nodes, work)
    else:
        work.line(nodes, "nodes", None, None, 0)
    if work.problems:
        raise Invalid.of(work.problems)
    return work.nodes


def _relink(nodes: Sequence[Json], work: _Flattening) -> None:
    """Flat nodes under new ids, their links following."""
    new_ids: dict[Json, int] = {}
    for position, raw in enumerate(nodes):
        if not isinstance(raw, dict):
            work.refuse(f"nodes.{position}", "must be an object")
            continue
        node = work.add(raw, raw.get("upstreamId"), raw.get("branchIndex"))
        old_id = raw.get("id")
        if isinstance(old_id, int | str):
            if old_id in new_ids:
                work.refuse(f"nodes.{position}.id", f"two nodes have the id {old_id}")
            new_ids[old_id] = node["id"]
    if work.problems:
        return
    for position, node in enumerate(work.nodes):
        upstream = node["upstreamId"]
        if upstream is None:
            continue
        if not isinstance(upstream, int | str) or upstream not in new_ids:
            work.refuse(f"nodes.{position}.upstreamId", f"upstreamId {upstream} is not a node of this workflow")
        else:
            node["upstreamId"] = new_ids[upstream]


def paths_of(nodes: Sequence[Json], path: str = "nodes") -> list[str]:
    """Where each node that `flatten` makes of the nodes stands in them: ``nodes.0``, ``nodes.0.branches.1.0`` …, in the same order."""
    if is_flat(nodes):
        return [f"{path}.{n}" for n in range(len(nodes))]
    found: list[str] = []
    for n, node in enumerate(nodes):
        found.append(f"{path}.{n}")
        branches = node.get("branches") or {}
        for index, branch in branches.items() if isinstance(branches, dict) else enumerate(branches):
            found += paths_of(branch, f"{path}.{n}.branches.{index}")
    return found


def nest(flat: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
    """The nested form of stored nodes (which `graph.problems_of_links` found sound): no ids and links, keys kept."""
    graph, contents = Graph.of(flat), {raw["id"]: raw for raw in flat}

    def line(head: Node | None) -> list[dict[str, Json]]:
        return [one(node) for node in graph.line(head)]

    def one(node: Node) -> dict[str, Json]:
        nested = {name: contents[node.id][name] for name in CONTENT if name in contents[node.id]}
        branches = {str(head.branch_index): line(head) for head in graph.branches(node)}
        return nested | ({"branches": branches} if branches else {})

    return line(graph.head)
