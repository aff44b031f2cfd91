"""Every node type there is, in one literal list; and what is said about those of NocoBase that there are not.

A type ``response-message`` lives in ``response_message.py``, has a unit test, a conformance file and a section in the documentation;
a test holds all four together. Source: https://docs.nocobase.com/workflow/nodes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.domain.suggestions import did_you_mean
from chalicelib.errors import Problem
from chalicelib.nodes import (
    aggregate,
    calculation,
    cc,
    condition,
    create,
    date_calculation,
    delay,
    destroy,
    dynamic_calculation,
    end,
    json_query,
    json_variable_mapping,
    loop,
    mailer,
    manual,
    multi_conditions,
    notification,
    output,
    parallel,
    query,
    request,
    response_message,
    subflow,
    transaction,
    update,
    variable,
)
from chalicelib.nodes.base import NodeType

NODES: tuple[NodeType, ...] = (
    condition.NODE,
    query.NODE,
    create.NODE,
    update.NODE,
    destroy.NODE,
    response_message.NODE,
    end.NODE,
    output.NODE,
    variable.NODE,
    multi_conditions.NODE,
    calculation.NODE,
    dynamic_calculation.NODE,
    json_query.NODE,
    loop.NODE,
    parallel.NODE,
    transaction.NODE,
    subflow.NODE,
    delay.NODE,
    manual.NODE,
    request.NODE,
    mailer.NODE,
    notification.NODE,
    aggregate.NODE,
    date_calculation.NODE,
    json_variable_mapping.NODE,
    cc.NODE,
)

LISTED = "docs/nodes.md lists the types there are"
NOT_OFFERED: Mapping[str, str] = {
    "script": "write a procedure in Python, which sees records through the same unit of work",
    "sql": 'read with the "query" node and write with "create", "update" and "destroy"',
}


def registry(nodes: Iterable[NodeType]) -> dict[str, NodeType]:
    """The types by name. Raises ValueError when two have the same."""
    by_name: dict[str, NodeType] = {}
    for node in nodes:
        if node.name in by_name:
            raise ValueError(f'two node types are called "{node.name}"')
        by_name[node.name] = node
    return by_name


NODE_TYPES: Mapping[str, NodeType] = registry(NODES)


def unknown_type(name: str, path: str) -> Problem:
    """What to say about a type that is not in the registry."""
    if name in NOT_OFFERED:
        return Problem(f'Node type "{name}" is not offered: {NOT_OFFERED[name]}', path, "NODE_TYPE_NOT_OFFERED")
    meant = did_you_mean(name, NODE_TYPES)
    return Problem(f'Node type "{name}" is not registered; {meant or LISTED}', path, "UNKNOWN_NODE_TYPE")
