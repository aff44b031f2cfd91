"""JSON query: take parts out of a value, such as the answer of a request, with JMESPath, JSONPath or JSONata.

Sources: https://docs.nocobase.com/workflow/nodes/json-query, https://jmespath.org, https://www.rfc-editor.org/rfc/rfc9535
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.document_query import ENGINES, Query, compile_query, mapped, problems_of_model, problems_of_query
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template import Template, compile_template, problems_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "engine": {
            "type": ["string", "null"],
            "title": "Engine",
            "default": "jmespath",
            "description": f"One of {', '.join(ENGINES)}; `jsonpathplus` is another name of `jsonpath`.",
        },
        "source": {"title": "Source", "description": "The value to look into, such as `{{$jobsMapByNodeKey.answer}}`."},
        "expression": {
            "type": ["string", "null"],
            "title": "Expression",
            "description": "`items[?price > {{$context.data.limit}}]`: a template stands for its value. Empty gives the source.",
        },
        "model": {
            "type": ["array", "null"],
            "title": "Properties",
            "description": "What to keep of each object of the result; without it everything.",
            "items": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": {"type": "string", "title": "Path", "description": "`author.name`"},
                    "alias": {"type": ["string", "null"], "title": "Name", "description": "By default the path with _ for each dot."},
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    source: Template
    query: Query | None
    model: tuple[dict[str, Json], ...]


def prepare(config: dict[str, Json]) -> Prepared:
    query = compile_query(config.get("engine"), config.get("expression"))
    return Prepared(compile_template(config.get("source")), query, tuple(config.get("model") or ()))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """What the query finds; ERROR with null when it fails on its data, the text in the log."""
    try:
        source = prepared.source.render(scope)
        found = prepared.query.evaluate(scope, source) if prepared.query else source
    except ExpressionError as error:
        return Outcome(status.ERROR, None, log=str(error))
    return Outcome(status.RESOLVED, mapped(found, prepared.model))


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    found = problems_of(config.get("source"), f"{path}.source", definitions.known_nodes, definitions.scopes)
    found += problems_of_query(config.get("engine"), config.get("expression"), path, definitions.known_nodes, definitions.scopes)
    return found + problems_of_model(config.get("model"), f"{path}.model")


NODE = NodeType("json-query", SCHEMA, run, prepare, check=check, checks_templates=False, testable=True)
