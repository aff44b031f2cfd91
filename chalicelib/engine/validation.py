"""Everything that is wrong with a workflow, found when it is saved, all of it at once.

The schemas of the trigger and of each node's type say what a config looks like, their checks what it may name (collections, fields,
earlier nodes), the graph how nodes hang together. A workflow without problems cannot fail for a reason that could be seen here.
Source of the rules: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain.references import FindCollection
from chalicelib.domain.retention import ANNOUNCE, RETENTION
from chalicelib.domain.template import compile_template, problems_of
from chalicelib.engine.nested_nodes import flatten, nest
from chalicelib.engine.node_validation import (
    CONFIG_TOO_DEEP,
    MOST_CONFIG_LEVELS,
    TEXT,
    TOO_DEEP,
    Registry,
    is_too_deep,
    problems_of_nodes,
)
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.engine.spill_validation import problems_of_spilling
from chalicelib.errors import Json, Problem
from chalicelib.nodes import NODE_TYPES
from chalicelib.triggers import TRIGGER_TYPES, unknown_trigger

__all__ = ["flatten", "nest", "problems_of_workflow"]

MOST_NODES = 200
LONGEST_TIMEOUT_MS = 180 * 86_400_000

CONCURRENCY: dict[str, Json] = {
    "type": ["object", "null"],
    "required": ["limit"],
    "additionalProperties": False,
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 100},
        "key": {"type": ["string", "null"], "maxLength": 1_000},
        "policy": {"enum": [None, "queue", "skip", "replace"]},
    },
}

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
            "additionalProperties": False,
            "properties": {
                "timeout": {"type": ["integer", "null"], "minimum": 0, "maximum": LONGEST_TIMEOUT_MS},
                "stackLimit": {"type": ["integer", "null"], "minimum": 1, "maximum": 32},
                "deleteExecutionOnStatus": {"type": ["array", "null"], "items": {"type": "integer"}},
                "isolation": {"enum": [None, "default", "serializable"]},
                "concurrency": CONCURRENCY,
                "statePerNode": {"type": ["boolean", "null"]},
                "retention": RETENTION,
                "announce": ANNOUNCE,
                "spillToAsync": {"type": ["boolean", "null"]},
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
    found = [*problems_of_schema(dict(doc), WORKFLOW, ""), *_problems_of_limit(doc), *problems_of_spilling(doc)]
    found += _problems_of_trigger(doc, definitions_for)
    if len(nodes) > MOST_NODES:
        return found
    return [
        *found,
        *problems_of_nodes(nodes, definitions_for, node_types),
        *_problems_of_waits(doc, nodes, node_types),
        *_problems_of_synchronous_policies(doc, nodes, node_types),
        *_problems_of_transactions(nodes, node_types),
    ]


def _problems_of_trigger(doc: Mapping[str, Json], find: FindCollection) -> list[Problem]:
    name, config = doc.get("type"), doc.get("config")
    config = {} if config is None else config
    if not isinstance(name, str) or not isinstance(config, dict):
        return []
    trigger = TRIGGER_TYPES.get(name)
    if trigger is None:
        return [unknown_trigger(name, "type")]
    if is_too_deep(config, MOST_CONFIG_LEVELS):
        return [Problem(CONFIG_TOO_DEEP, "config")]
    found = problems_of_schema(config, trigger.schema, "config") + trigger.check(config, "config", find)
    if trigger.always_async and doc.get("sync") is True:
        found.append(Problem(f'nobody waits for a workflow of type "{name}": it is asynchronous, leave "sync" out', "sync"))
    return found + ([] if trigger.always_sync or doc.get("sync") is True else _problems_of_synchrony(config))


def _problems_of_synchrony(config: dict[str, Json]) -> list[Problem]:
    """Settings that join the workflow with what set it off; an asynchronous one runs when that has long been committed."""
    message = '"{}" holds for synchronous workflows only: set "sync" to true, or leave it out'
    return [Problem(message.format(name), f"config.{name}") for name in ("atomic", "rollbackOnFailure") if config.get(name) is True]


def _problems_of_limit(doc: Mapping[str, Json]) -> Iterator[Problem]:
    """A limit is on executions that can wait for their turn, and its key is known before a node has run."""
    options = doc.get("options")
    limit = options.get("concurrency") if isinstance(options, dict) else None
    if not isinstance(limit, dict):
        return
    if doc.get("sync") is True:
        yield Problem("only an asynchronous workflow has a limit on its executions at once: this one is synchronous", "options.concurrency")
    key = limit.get("key")
    if not isinstance(key, str):
        return
    found = problems_of(key, "options.concurrency.key", (), ())
    yield from found
    other = [] if found else sorted(path for path in compile_template(key).paths if path.split(".")[0] != "$context")
    for path in other:
        yield Problem(f'"{path}" is not known before the first node runs: the key may hold $context only', "options.concurrency.key")


def _problems_of_synchronous_policies(doc: Mapping[str, Json], nodes: Sequence[Json], node_types: Registry) -> Iterator[Problem]:
    """Settings for what only an asynchronous workflow has: waits, and a state machine."""
    if doc.get("sync") is not True:
        return
    options = doc.get("options")
    if isinstance(options, dict) and options.get("statePerNode") is True:
        yield Problem('"statePerNode" is about the state machine, which only an asynchronous workflow has', "options.statePerNode")
    for position, raw in enumerate(nodes):
        node_type = node_types.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        config = raw.get("config") if node_type and node_type.waits else None
        if isinstance(config, dict) and config.get("timeoutSeconds") is not None:
            message = "nothing waits here in a synchronous workflow, so no time can be over: make the workflow asynchronous"
            yield Problem(f'"timeoutSeconds": {message}', f"nodes.{position}.config.timeoutSeconds")


def _problems_of_transactions(nodes: Sequence[Json], node_types: Registry) -> Iterator[Problem]:
    """Nothing inside a transaction may wait: it is committed at once."""
    by_id = {raw["id"]: raw for raw in nodes if isinstance(raw, dict) and isinstance(raw.get("id"), int)}
    for position, raw in enumerate(nodes):
        node_type = node_types.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if node_type is None or not node_type.waits or node_type.also_sync:
            continue
        if any(above.get("type") == "transaction" for above in _owners_of_first_branches(raw, by_id)):
            yield Problem("nothing inside a transaction may wait", f"nodes.{position}")


def _owners_of_first_branches(raw: Json, by_id: Mapping[int, Json]) -> Iterator[Json]:
    """The nodes in whose branch 0 the node stands, however deep; of links that lead round in a circle no more than there are nodes."""
    for _ in range(MOST_NODES):
        upstream_id = raw.get("upstreamId")
        upstream = by_id.get(upstream_id) if isinstance(upstream_id, int) else None
        if upstream is None:
            return
        if raw.get("branchIndex") == 0:
            yield upstream
        raw = upstream


def _problems_of_waits(doc: Mapping[str, Json], nodes: Sequence[Json], node_types: Registry) -> Iterator[Problem]:
    """A call cannot wait for hours: a synchronous workflow with a waiting node cannot be enabled."""
    if doc.get("sync") is not True or doc.get("enabled") is not True:
        return
    for position, raw in enumerate(nodes):
        node_type = node_types.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if node_type and node_type.waits and not node_type.also_sync:
            title = raw.get("title") or raw["type"]
            yield Problem(f'node "{title}" waits, which a synchronous workflow cannot: make the workflow asynchronous', f"nodes.{position}")
