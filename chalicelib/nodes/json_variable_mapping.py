"""JSON variable mapping: values picked out of an object or a list, each under a key of its own.

A path is a list of names, so a name may hold dots. The part ``___arr$___`` stands for "of every element": what it finds is gathered into a
list, empty values left out. With ``parseArray`` paths name the elements by their numbers instead.
Source: https://docs.nocobase.com/workflow/nodes/json-variable-mapping
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.template import UNDEFINED, Template, compile_template
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

EVERY = "___arr$___"
MOST_PARTS = 50
INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)
NO_DATA = "The input data is not an object nor an array"

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["dataSource"],
    "properties": {
        "dataSource": {
            "title": "Data source",
            "description": "The object or list to pick from: the result of an earlier node as a template, or an object of templates.",
        },
        "parseArray": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Paths include array indexes",
            "description": f"true: elements are named by their numbers and `{EVERY}` is passed over.",
        },
        "variables": {
            "type": ["array", "null"],
            "maxItems": 1_000,
            "title": "Variables",
            "description": "What to pick.",
            "items": {
                "type": "object",
                "required": ["key", "paths"],
                "properties": {
                    "key": {"type": "string", "minLength": 1, "title": "Key", "description": "Name of the value in the result."},
                    "name": {"type": ["string", "null"], "title": "Name", "description": "What people read."},
                    "path": {"type": ["string", "null"], "title": "Path", "description": "The path as people read it, `a.b._.c`."},
                    "paths": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MOST_PARTS,
                        "items": {"type": "string"},
                        "title": "Parts of the path",
                        "description": f'Names one below the other, `{EVERY}` for every element of a list: `["b", "{EVERY}", "c"]`.',
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    source: Template
    variables: tuple[tuple[str, tuple[str, ...]], ...]
    parse_array: bool


def prepare(config: dict[str, Json]) -> Prepared:
    variables = tuple((one["key"], tuple(one["paths"])) for one in config.get("variables") or ())
    return Prepared(compile_template(config.get("dataSource")), variables, bool(config.get("parseArray")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """``{key: value}``, without the keys whose path leads nowhere. FAILED with a text when there is no object or list to pick from."""
    source = prepared.source.render(scope)
    if not isinstance(source, dict | list):
        return Outcome(status.FAILED, NO_DATA)
    picked = {key: _picked(source, paths, prepared.parse_array) for key, paths in prepared.variables}
    return Outcome(status.RESOLVED, {key: value for key, value in picked.items() if value is not UNDEFINED})


def _picked(source: Json, paths: tuple[str, ...], parse_array: bool) -> Json:
    """The value that the path leads to, ``UNDEFINED`` when it leads nowhere; null, false, 0 and ``""`` on the way end it."""
    value = source
    for position, name in enumerate(paths):
        if name == EVERY and not parse_array:
            return _of_every(value, paths[position + 1 :])
        if name != EVERY:
            value = _member(value, name)
        if value is UNDEFINED or (not value and not isinstance(value, dict | list)):
            break
    return value


def _of_every(items: Json, paths: tuple[str, ...]) -> list[Json]:
    """What each element holds at the path, in order, without empty values. Lists within lists are gone into by a second marker."""
    found: list[Json] = []
    for item in items if isinstance(items, list) else ():
        if paths and paths[0] == EVERY:
            found += _of_every(item, paths[1:])
        else:
            value = _picked(item, paths, False)
            found += [value] if value and value is not UNDEFINED else []
    return found


def _member(value: Json, name: str) -> Json:
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, list) and INDEX.fullmatch(name) and int(name) < len(value):
        return value[int(name)]
    return UNDEFINED


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """Keys that occur twice, and a data source that can never be an object."""
    found, source, seen = [], config.get("dataSource"), set()
    if not isinstance(source, dict | list) and not (isinstance(source, str) and "{{" in source):
        found.append(Problem('"dataSource" must be a template such as {{$jobsMapByNodeKey.request}}, or an object', f"{path}.dataSource"))
    variables = config.get("variables")
    for position, variable in enumerate(variables if isinstance(variables, list) else ()):
        key = variable.get("key") if isinstance(variable, dict) else None
        if isinstance(key, str) and key in seen:
            found.append(Problem(f'two variables have the key "{key}"', f"{path}.variables.{position}.key"))
        seen.add(key if isinstance(key, str) else None)
    return found


NODE = NodeType("json-variable-mapping", SCHEMA, run, prepare, check=check, testable=True)
