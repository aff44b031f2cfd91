"""Queries over one document in one of three languages, and what is kept of what they find.

Source: https://docs.nocobase.com/workflow/nodes/json-query
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from chalicelib.domain.condition import problems_of_engine
from chalicelib.domain.expression import Expression, problems_of_paths
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template_path import UNDEFINED, PlainPath, Scope
from chalicelib.errors import Json, Problem

ENGINES = ("jmespath", "jsonpath", "jsonata")
JSONPATH_NAMES = ("jsonpath", "jsonpathplus")


class Query(Protocol):
    """A compiled query; ``paths`` are the parts of the run's scopes that it reads."""

    paths: frozenset[tuple[str, ...]]

    def evaluate(self, scope: Scope, source: Json) -> Json:
        """What it finds in ``source``. Raises ExpressionError."""


def compile_query(engine: Json, text: Json) -> Query | None:
    """The query; ``None`` when the text is empty. Raises ExpressionError with every mistake.

    Each language is imported only when it is used."""
    if not isinstance(text, str) or not text.strip():
        return None
    if engine == "jsonata":
        return Expression(text, has_source=True)
    if engine in JSONPATH_NAMES:
        from chalicelib.domain.jsonpath_query import JsonpathQuery

        return JsonpathQuery(text)
    from chalicelib.domain.jmespath_query import JmespathQuery

    return JmespathQuery(text)


def mapped(value: Json, model: Sequence[Mapping[str, Json]]) -> Json:
    """Each object of the result with the listed paths only, ``author.name`` as ``author_name`` or by its alias; null where missing."""
    if value is UNDEFINED or not model:
        return None if value is UNDEFINED else value
    if isinstance(value, list):
        return [_mapped_object(item, model) for item in value]
    return _mapped_object(value, model)


def _mapped_object(value: Json, model: Sequence[Mapping[str, Json]]) -> Json:
    if not isinstance(value, dict):
        return value
    paths = [PlainPath("", tuple(entry["path"].split(".")), None) for entry in model]
    names = [entry.get("alias") or entry["path"].replace(".", "_") for entry in model]
    return {name: path.reader(None)(value) for name, path in zip(names, paths, strict=True)}


def problems_of_query(engine: Json, text: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> list[Problem]:
    """What is wrong with the engine and the expression of a config at ``path``, found when a workflow is saved."""
    found = problems_of_engine(engine, f"{path}.engine", (*ENGINES, "jsonpathplus"))
    if found:
        return found
    try:
        query = compile_query(engine, text)
    except ExpressionError as error:
        return [Problem(problem.message, f"{path}.expression", "INVALID_EXPRESSION") for problem in error.problems()]
    return problems_of_paths(query.paths, f"{path}.expression", known_nodes, scopes) if query else []


def problems_of_model(model: Json, path: str) -> list[Problem]:
    """Paths that hold a template or nothing, and names that two entries share."""
    found: list[Problem] = []
    names: set[str] = set()
    for position, entry in enumerate(model if isinstance(model, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            continue
        name = entry.get("alias") or entry["path"].replace(".", "_")
        if not entry["path"].strip() or "{{" in f"{entry['path']}{name}":
            found.append(Problem("a path is a name or several with dots, without templates", f"{path}.{position}.path"))
        elif name in names:
            found.append(Problem(f'two properties are called "{name}"; give one an alias', f"{path}.{position}.alias"))
        names.add(str(name))
    return found
