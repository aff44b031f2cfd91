"""Everything that is wrong with a workflow's nodes: each by itself, and how they hang together.

Source of the rules: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.graph import Graph, Node, problems_of_links
from chalicelib.domain.policy import ON_FAILURE
from chalicelib.domain.references import FindCollection
from chalicelib.domain.template import problems_of
from chalicelib.engine.nested_nodes import MOST_LEVELS as MOST_BRANCH_LEVELS
from chalicelib.engine.policy_validation import has_failure_branch, problems_of_misplaced, problems_of_policies
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Json, Problem
from chalicelib.nodes import NODE_TYPES, unknown_type
from chalicelib.nodes.base import Definitions, NodeType

Registry = Mapping[str, NodeType]

MOST_LEVELS = 100
MOST_CONFIG_LEVELS = 28  # with the item around it, within the 32 that DynamoDB stores in one another
CONFIG_TOO_DEEP = f"the config is nested more than {MOST_CONFIG_LEVELS} levels deep"
TOO_DEEP = f"the definition is nested more than {MOST_LEVELS} levels deep"
TEXT: dict[str, Json] = {"type": ["string", "null"]}
UNKNOWN_NODE = "UNKNOWN_NODE"


class _EveryName(frozenset[str]):
    """Holds whatever it is asked for."""

    def __contains__(self, name: object) -> bool:
        return True


EVERY_NAME = _EveryName()

NODE: dict[str, Json] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string"},
        "title": TEXT,
        "key": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "config": {"type": ["object", "null"]},
        "upstreamId": {"type": ["integer", "null"]},
        "branchIndex": {"type": ["integer", "null"]},
    },
}

STORED_NODE: dict[str, Json] = {
    "type": "object",
    "required": ["id", "key"],
    "properties": {"id": {"type": "integer"}, "key": {"type": "string"}},
}


def problems_of_node(
    raw: Mapping[str, Json],
    definitions: Definitions,
    *,
    path: str = "",
    node_types: Registry = NODE_TYPES,
) -> list[Problem]:
    """Every mistake in one node ``{"type", "title"?, "config"?}``, as ``nodes:create`` and ``flow_nodes:update`` get it.

    ``definitions``: what it may name where it stands (`standing`). A node that comes without a ``config`` is taken as one that is still
    to be filled in: its config is not looked at."""
    if is_too_deep(dict(raw)):
        return [Problem(TOO_DEEP, path)]
    found = problems_of_schema(dict(raw), NODE, path) + problems_of_misplaced(raw, path)
    config = raw.get("config")
    return found + _problems_of_content(raw, {} if config is None else config, path, definitions, node_types, config is not None)


def is_too_deep(value: Json, most: int = MOST_LEVELS) -> bool:
    """Whether lists and objects stand in one another more often than that; nothing after this has to fear the depth of a text."""
    level = [value]
    for _ in range(most):
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list)
        ]
    return bool(level)


def problems_of_nodes(nodes: Sequence[Json], definitions_for: FindCollection, node_types: Registry) -> list[Problem]:
    """Every mistake in a workflow's stored nodes: each by itself, and how they hang together."""
    found = [
        problem
        for position, raw in enumerate(nodes)
        for schema in (NODE, STORED_NODE)
        for problem in problems_of_schema(raw, schema, f"nodes.{position}")
    ]
    found = list(dict.fromkeys(found))
    graph: Graph | None = None
    if all(map(_is_linkable, nodes)):
        links = [*_problems_of_identity(nodes), *problems_of_links(nodes)]
        found += links
        graph = None if links else Graph.of(nodes)
    if graph:
        found += [*_problems_of_branches(nodes, graph, node_types), *_problems_of_depth(nodes, graph)]
    for position, raw in enumerate(nodes):
        if isinstance(raw, dict):
            found += problems_of_misplaced(raw, f"nodes.{position}")
            config = raw.get("config")
            known = standing(raw, graph, definitions_for) if graph else Definitions(definitions_for, _keys(nodes))
            found += _problems_of_content(raw, {} if config is None else config, f"nodes.{position}", known, node_types, True)
    return found


def _is_linkable(raw: Json) -> bool:
    """Whether the node has all that a tree can be built from."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), int | float):
        return False
    links = raw.get("upstreamId"), raw.get("branchIndex")
    texts = raw.get("key"), raw.get("type")
    return all(isinstance(text, str) for text in texts) and all(isinstance(link, int | float | None) for link in links)


def _problems_of_content(
    raw: Mapping[str, Json], config: Json, path: str, definitions: Definitions, node_types: Registry, look_inside: bool
) -> list[Problem]:
    """Type and config of one node."""
    name, at = raw.get("type"), f"{path}." if path else ""
    if not isinstance(name, str) or not isinstance(config, dict):
        return []
    node_type = node_types.get(name)
    if node_type is None:
        return [unknown_type(name, f"{at}type")]
    if not look_inside:
        return []
    found = _problems_of_config(config, f"{at}config", definitions, node_type)
    if not found:
        return []
    # What another order of the nodes would mend has a code of its own: such a workflow is sound but for its links.
    elsewhere = replace(definitions, known_nodes=EVERY_NAME, scopes=EVERY_NAME, inside=EVERY_NAME)
    lasting = _problems_of_config(config, f"{at}config", elsewhere, node_type)
    return [problem if problem in lasting else replace(problem, code=UNKNOWN_NODE) for problem in found]


def _problems_of_config(config: dict[str, Json], path: str, definitions: Definitions, node_type: NodeType) -> list[Problem]:
    if is_too_deep(config, MOST_CONFIG_LEVELS):
        return [Problem(CONFIG_TOO_DEEP, path)]
    found = problems_of_schema(config, node_type.schema, path) + node_type.check(config, path, definitions)
    found += problems_of_policies(config, path, node_type)
    if node_type.checks_templates:
        found += problems_of(config, path, definitions.known_nodes, definitions.scopes)
    return list(dict.fromkeys(found))


def _problems_of_identity(nodes: Sequence[dict[str, Json]]) -> list[Problem]:
    """Ids and keys that two nodes share, and a branch of nothing."""
    found: list[Problem] = []
    seen: set[tuple[str, Json]] = set()
    for position, raw in enumerate(nodes):
        for name in ("id", "key"):
            if (name, raw[name]) in seen:
                found.append(Problem(f"two nodes have the {name} {raw[name]}", f"nodes.{position}.{name}"))
            seen.add((name, raw[name]))
        if raw.get("branchIndex") is not None and raw.get("upstreamId") is None:
            found.append(Problem("branchIndex says a branch of which node? upstreamId is missing", f"nodes.{position}.upstreamId"))
    return found


def _problems_of_depth(nodes: Sequence[dict[str, Json]], graph: Graph) -> Iterator[Problem]:
    """Branches within branches beyond what a nested document may hold."""
    levels: dict[int, int] = {}
    positions = {raw["id"]: position for position, raw in enumerate(nodes)}
    for node in graph.walk():
        above = levels[node.upstream_id] if node.upstream_id is not None else 0
        levels[node.id] = above + (node.branch_index is not None)
        if levels[node.id] == MOST_BRANCH_LEVELS + 1 and node.branch_index is not None:
            yield Problem(f"branches are nested more than {MOST_BRANCH_LEVELS} levels deep", f"nodes.{positions[node.id]}.branchIndex")


def _problems_of_branches(nodes: Sequence[dict[str, Json]], graph: Graph, node_types: Registry) -> Iterator[Problem]:
    """Heads of branches that the node above does not have."""
    positions = {raw["id"]: position for position, raw in enumerate(nodes)}
    for position, raw in enumerate(nodes):
        index, upstream = raw.get("branchIndex"), raw.get("upstreamId")
        if index is None or upstream is None:
            continue
        owner = graph.nodes[upstream]
        node_type = node_types.get(owner.type)
        if index == ON_FAILURE and node_type and has_failure_branch(owner.config, node_type):
            continue
        if node_type and node_type.branches is not None and index not in node_type.branches:
            has = ", ".join(f"{number} ({meaning})" for number, meaning in node_type.branches.items())
            there = f"has the branches {has}" if has else "has no branches"
            yield Problem(f'there is no branch {index}: a node of type "{owner.type}" {there}', f"nodes.{position}.branchIndex")
        if node_type and node_type.last_branch:
            yield from _problems_of_last_branch(index, node_type.last_branch(owner.config), f"nodes.{positions[owner.id]}.config")


def _problems_of_last_branch(index: int, last: int | None, path: str) -> Iterator[Problem]:
    """A mistake in the config of the node above, not in the link: while a workflow is being written either may come first."""
    if last is not None and not 0 <= index <= last:
        yield Problem(f"there is no branch {index}: this node has the branches 0 to {last}, one for each condition after 0", path)


def _keys(nodes: Sequence[Json]) -> frozenset[str]:
    """The keys of all nodes: what counts as known when the links are broken, so as to say one thing only."""
    return frozenset(str(node.get("key")) for node in nodes if isinstance(node, dict))


def standing(raw: Mapping[str, Json], graph: Graph, definitions_for: FindCollection) -> Definitions:
    """What a node of the graph may name: nodes before it in running order, those around it, those in its branches, itself."""
    before: set[str] = set()
    for other in graph.walk():
        if other.id == raw["id"]:
            break
        before.add(other.key)
    node = graph.nodes[raw["id"]]
    inside = frozenset(other.key for other in graph.under(node))
    return Definitions(definitions_for, frozenset(before), _around(node, graph), inside, frozenset({node.key, str(node.id)}))


def _around(node: Node, graph: Graph) -> frozenset[str]:
    """Keys and ids of the nodes in whose branches this one stands: ``$scopes`` is addressed by either."""
    names: set[str] = set()
    while node.upstream_id is not None:
        above = graph.nodes[node.upstream_id]
        if node.branch_index is not None:
            names |= {above.key, str(above.id)}
        node = above
    return frozenset(names)
