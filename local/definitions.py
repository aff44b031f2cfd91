"""Definition files: a folder of JSON files that say which collections, roles, workflows and actions there should be.

A file holds any of::

    {"collections": [<body of collections:create>, …],
     "roles": [<body of roles:create>, …],
     "workflows": [<body of workflows:import, with "key" and nested "nodes">, …],
     "actions": [<body of actions:create>, …]}

``records``, which the example's files hold too, are left alone. A definition stands in one file only; the order of files does not count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Body = dict[str, Any]
# What is read, and the field that names an entry.
KINDS = {"collections": "name", "roles": "name", "workflows": "key", "actions": "name"}
LEFT_ALONE = ("records",)
ROLE_DEFAULTS: Body = {"strategy": {"actions": []}, "resources": {}, "snippets": []}


class BadDefinitions(Exception):
    """The files cannot be read as definitions; every mistake, one a line."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))


@dataclass
class Definitions:
    """The entries of all files, by name."""

    collections: dict[str, Body] = field(default_factory=dict)
    roles: dict[str, Body] = field(default_factory=dict)
    workflows: dict[str, Body] = field(default_factory=dict)
    actions: dict[str, Body] = field(default_factory=dict)


def read_definitions(folder: Path) -> Definitions:
    """What the folder's ``*.json`` files say. Raises BadDefinitions."""
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise BadDefinitions([f"{folder}: no folder with *.json files"])
    found: dict[str, dict[str, Body]] = {kind: {} for kind in KINDS}
    mistakes: list[str] = []
    for path in paths:
        for kind, entries in _kinds(path, mistakes):
            for position, body in enumerate(entries):
                _add(found[kind], kind, body, f"{path.name}: {kind}.{position}", mistakes)
    if mistakes:
        raise BadDefinitions(mistakes)
    return Definitions(**found)


def _kinds(path: Path, mistakes: list[str]) -> list[tuple[str, list[Any]]]:
    """The lists in one file that are to be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        mistakes.append(f"{path.name}: {error}")
        return []
    if not isinstance(content, dict):
        mistakes.append(f"{path.name}: must be an object of lists: {', '.join(KINDS)}")
        return []
    mistakes += [f"{path.name}: {kind} must be a list" for kind in KINDS if not isinstance(content.get(kind, []), list)]
    unknown = [name for name in content if name not in KINDS and name not in LEFT_ALONE]
    mistakes += [f'{path.name}: "{name}" is no kind of definition; there are {", ".join(KINDS)}' for name in unknown]
    return [(kind, content[kind]) for kind in KINDS if isinstance(content.get(kind), list)]


def _add(entries: dict[str, Body], kind: str, body: Any, where: str, mistakes: list[str]) -> None:
    name = body.get(KINDS[kind]) if isinstance(body, dict) else None
    if not isinstance(name, str) or not name:
        mistakes.append(f'{where}: must be an object with a "{KINDS[kind]}"')
        return
    if name in entries:
        mistakes.append(f'{where}: "{name}" is defined twice')
    if kind == "collections":
        mistakes += _mistakes_of_fields(body.get("fields", []), where)
    if kind == "workflows" and "nodes" in body:
        body = body | {"nodes": _normal_nodes(body["nodes"], f"{where}.nodes", mistakes)}
    if kind == "roles":
        body = _normal_role(body, where, mistakes)
    entries[name] = body


def _mistakes_of_fields(fields: Any, where: str) -> list[str]:
    if not isinstance(fields, list):
        return [f"{where}.fields: must be a list"]
    named = [isinstance(raw, dict) and isinstance(raw.get("name"), str) and isinstance(raw.get("type"), str) for raw in fields]
    return [f'{where}.fields.{n}: must be an object with a "name" and a "type"' for n, is_named in enumerate(named) if not is_named]


def _normal_role(body: Body, where: str, mistakes: list[str]) -> Body:
    """The role with its resources by name, however they are written."""
    resources = body.get("resources")
    if isinstance(resources, list):
        if not all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in resources):
            mistakes.append(f'{where}.resources: must be objects with a "name"')
            return body
        resources = {entry["name"]: {k: v for k, v in entry.items() if k != "name"} for entry in resources}
        body = body | {"resources": resources}
    return {name: ROLE_DEFAULTS.get(name) if value is None else value for name, value in body.items()}


def _normal_nodes(nodes: Any, where: str, mistakes: list[str]) -> list[Body]:
    """Nested nodes as an export writes them: branches by index, empty ones left out."""
    if not isinstance(nodes, list):
        mistakes.append(f"{where}: must be a list of nodes")
        return []
    result = []
    for position, node in enumerate(nodes):
        here = f"{where}.{position}"
        if not isinstance(node, dict) or not isinstance(node.get("type"), str):
            mistakes.append(f'{here}: must be an object with a "type"')
            continue
        branches = node.get("branches") or {}
        if isinstance(branches, list):
            branches = {str(index): branch for index, branch in enumerate(branches)}
        if not isinstance(branches, dict):
            mistakes.append(f"{here}.branches: must be an object of lists by branch index")
            continue
        normal = {i: _normal_nodes(branch, f"{here}.branches.{i}", mistakes) for i, branch in branches.items() if branch}
        bare = {name: value for name, value in node.items() if name != "branches"}
        result.append(bare | ({"branches": normal} if normal else {}))
    return result
