"""Variables in filters: ``{"createdById": "{{$user.id}}"}`` says "my own records".

A text that is one template becomes the value with its type; a template inside other text becomes text. A name that is not
there is refused rather than read as null, because null would match the records without an owner.
Source: https://docs.nocobase.com/users-permissions/acl/role#data-scope
"""

from __future__ import annotations

import json
import re

from chalicelib.errors import Invalid, Json, Problem

TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
NESTING = 64


def substitute(raw: Json, variables: dict[str, Json], *, path: str = "filter") -> Json:
    """``raw`` with its templates replaced. ``variables``: ``{"$user": {"id": 7, …}, "$nRole": "member", "$now": "…Z"}``.

    A path through a list yields the list of what its members have. Raises Invalid with one problem per unknown variable."""
    found: list[Problem] = []
    result = _substituted(raw, variables, path, found, 0)
    if found:
        raise Invalid.of(found)
    return result


def _substituted(raw: Json, variables: dict[str, Json], path: str, found: list[Problem], depth: int) -> Json:
    if depth > NESTING:
        raise Invalid(f"the filter is nested deeper than {NESTING} levels", path="filter")
    if isinstance(raw, dict):
        return {key: _substituted(value, variables, f"{path}.{key}", found, depth + 1) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_substituted(value, variables, f"{path}.{n}", found, depth + 1) for n, value in enumerate(raw)]
    if not isinstance(raw, str) or "{{" not in raw:
        return raw
    try:
        if whole := TEMPLATE.fullmatch(raw.strip()):
            return _lookup(whole[1], variables)
        return TEMPLATE.sub(lambda match: _as_text(_lookup(match[1], variables)), raw)
    except KeyError as missing:
        names = ", ".join(variables) or "none"
        found.append(Problem(f"unknown variable {missing.args[0]!r}; variables here: {names}", path))
        return None


def _lookup(name: str, variables: dict[str, Json]) -> Json:
    value: Json = variables
    for part in name.split("."):
        value = _step(value, part, name)
    return value


def _step(value: Json, part: str, name: str) -> Json:
    if isinstance(value, list):
        if part.isdecimal():
            return value[int(part)] if int(part) < len(value) else None
        members = [_step(member, part, name) for member in value]
        return [one for member in members for one in (member if isinstance(member, list) else [member])]
    if value is None:
        return None
    if not isinstance(value, dict) or part not in value:
        raise KeyError(name)
    return value[part]


def _as_text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
