"""Everything that is wrong with a workflow, found when it is saved, all of it at once.

The schemas of the trigger and of each node's type say what a config looks like, their checks what it may name (collections, fields,
earlier nodes), the graph how nodes hang together. A workflow without problems cannot fail for a reason that could be seen here.
Source of the rules: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain.references import FindCollection
from chalicelib.engine.nested_nodes import flatten, nest
from chalicelib.engine.node_validation import TEXT, TOO_DEEP, Registry, is_too_deep, problems_of_nodes
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Json, Problem
from chalicelib.nodes import NODE_TYPES
from chalicelib.triggers import TRIGGER_TYPES, unknown_trigger

__all__ = ["flatten", "nest", "problems_of_workflow"]

MOST_NODES = 200

WORKFLOW: dict[str, Json] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "title": TEXT,
        "type": {"type": "string"},
        "sync": {"type": "boolean"},
        "enabled": {"type": "boolean"},
        "config": {"type": ["object", "null"]},
        "options": {
            "type": ["object", "null"],
            "properties": {
                "timeout": {"type": ["number", "null"], "minimum": 0},
                "stackLimit": {"type": ["integer", "null"], "minimum": 1, "maximum": 32},
                "deleteExecutionOnStatus": {"type": ["array", "null"], "items": {"type": "integer"}},
                "isolation": {"enum": [None, "default", "serializable"]},
            },
        },
        "nodes": {"type": ["array", "null"], "maxItems": MOST_NODES},
    },
}


def problems_of_workflow(doc: Mapping[str, Json], definitions_for: FindCollection, *, node_types: Registry = NODE_TYPES) -> list[Problem]:
    """Every mistake in ``{"title", "type", "config", "sync", "enabled", "options", "nodes": [flat stored nodes]}``.

    ``definitions_for(name)`` gives a collection or None. Paths are such as ``nodes.2.config.params.values.title``."""
    if is_too_deep(dict(doc)):
        return [Problem(TOO_DEEP)]
    raw_nodes = doc.get("nodes")
    nodes = raw_nodes if isinstance(raw_nodes, list) else []
    found = problems_of_schema(dict(doc), WORKFLOW, "") + _problems_of_trigger(doc, definitions_for)
    if len(nodes) > MOST_NODES:
        return found
    return [*found, *problems_of_nodes(nodes, definitions_for, node_types), *_problems_of_waits(doc, nodes, node_types)]


def _problems_of_trigger(doc: Mapping[str, Json], find: FindCollection) -> list[Problem]:
    name, config = doc.get("type"), doc.get("config")
    config = {} if config is None else config
    if not isinstance(name, str) or not isinstance(config, dict):
        return []
    trigger = TRIGGER_TYPES.get(name)
    if trigger is None:
        return [unknown_trigger(name, "type")]
    return problems_of_schema(config, trigger.schema, "config") + trigger.check(config, "config", find)


def _problems_of_waits(doc: Mapping[str, Json], nodes: Sequence[Json], node_types: Registry) -> Iterator[Problem]:
    """A call cannot wait for hours: a synchronous workflow with a waiting node cannot be enabled."""
    if doc.get("sync") is not True or doc.get("enabled") is not True:
        return
    for position, raw in enumerate(nodes):
        node_type = node_types.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if node_type and node_type.waits and not node_type.also_sync:
            title = raw.get("title") or raw["type"]
            yield Problem(f'node "{title}" waits, which a synchronous workflow cannot: make the workflow asynchronous', f"nodes.{position}")
