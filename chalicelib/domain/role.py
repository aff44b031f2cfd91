"""Roles: what their holders may do with which collection, which rows and fields of it, and what they may manage.

A role is a *strategy* (actions for all collections, ``view:own`` = own rows only) and overrides per collection; with
``usingActionsConfig`` only the actions listed there count. Snippets open the management areas.
Source: https://docs.nocobase.com/handbook/acl
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TypeGuard

from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.errors import Invalid, Json, Problem

ACTIONS = ("create", "view", "update", "destroy", "export", "importXlsx", "trigger", "triggerNew", "call")
ACTION_OF = {"list": "view", "get": "view", "query": "view", "export": "view", "move": "update"}
CALL = re.compile("call:[a-z][A-Za-z0-9]{0,62}")  # one procedure of the collection; "call" alone is all of them
PROCEDURES = "procedures"  # stands where a collection does, for procedures that belong to none
SUFFIXES = ("own", "all")
OWN: dict[str, Json] = {"createdById": "{{$user.id}}"}
# Clients store an empty field list with actions that have no fields to choose; only here does it mean "none".
FIELD_ACTIONS = ("view", "create", "update", "importXlsx")
AREAS = {
    "workflows": "pm.workflow.workflows",
    "collections": "pm.data-source-manager.data-source-main",
    "roles": "pm.acl.roles",
    "users": "pm.users",
}
LISTS = {"workflows": "ui.workflows"}
NOT_ROLES = ("root", "anonymous", "__union__")
KEPT = ("hidden", "default", "allowConfigure", "allowNewMenu", "allowNewMobileMenu", "color", "sort")
WRITABLE = ("name", "title", "description", "strategy", "resources", "snippets", *KEPT)
STOCK_ROLES: dict[str, dict[str, Json]] = {
    "root": {"name": "root", "title": "Root", "hidden": True, "default": False, "strategy": None, "snippets": ["pm", "pm.*", "ui.*"]},
    "admin": {
        "name": "admin",
        "title": "Admin",
        "default": False,
        "strategy": {"actions": ["create", "view", "update", "destroy", "export", "importXlsx", "trigger", "triggerNew", "call"]},
        "snippets": ["pm", "pm.*", "ui.*"],
    },
    "member": {"name": "member", "title": "Member", "default": True, "strategy": {"actions": ["view:own"]}, "snippets": []},
}


@dataclass(frozen=True)
class Permit:
    """What is allowed: rows that match ``scope`` (a filter, may name ``{{$user.id}}``; None = all), ``fields`` (None = all).

    ``parts``: when several roles add up to more than one such pair, each pair by itself; a row then has the fields of those parts only
    that reach it."""

    scope: Json = None
    fields: frozenset[str] | None = None
    parts: tuple[Permit, ...] = ()

    @property
    def everywhere(self) -> frozenset[str] | None:
        """The fields that every reached row has (None = all): what all parts name, or one that reaches every row."""
        wide = [part.fields for part in self.parts if part.scope is None]
        if not self.parts or None in wide:
            return None if self.parts else self.fields
        limited = [part.fields for part in self.parts if part.fields is not None]
        return frozenset.intersection(*limited).union(*(names for names in wide if names is not None))


@dataclass(frozen=True)
class Role:
    """``strategy``: permit by action, for every collection without an override; ``overrides``: by collection, then action."""

    name: str
    title: str = ""
    strategy: dict[str, Permit] = field(default_factory=dict)
    overrides: dict[str, dict[str, Permit]] = field(default_factory=dict)
    snippets: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: dict[str, Json]) -> Role:
        """The role of a stored definition. Raises Invalid for a scope it cannot read: no reading would be safe."""
        resources = raw.get("resources") or {}
        return cls(
            name=raw["name"],
            title=raw.get("title") or raw["name"],
            strategy=_parse_strategy((raw.get("strategy") or {}).get("actions") or []),
            overrides={name: _parse_actions(resource) for name, resource in resources.items() if resource.get("usingActionsConfig")},
            snippets=tuple(raw.get("snippets") or ()),
        )

    def permit(self, collection: str, action: str) -> Permit | None:
        granted = self.overrides.get(collection, self.strategy)
        found = granted.get(ACTION_OF.get(action, action))
        return found if found or not action.startswith("call:") else granted.get("call")


def permit(roles: Sequence[Role], root: bool, collection: str, action: str) -> Permit | None:
    """What the roles together allow of an HTTP action (``list``, ``trigger`` …) on a collection; None = nothing.

    Several roles add up: rows that any of them reaches, of each row the fields that those name which reach it. Root may everything, and
    who manages users or roles sees them all.
    """
    if root or (_is_area_seen(collection, action) and any(may_manage(role, collection) for role in roles)):
        return Permit()
    granted = [found for role in roles if (found := role.permit(collection, action))]
    if not granted:
        return None
    whole, parts = _summed(granted), _by_scope(granted)
    return whole if all(part.fields == whole.fields for part in parts) else replace(whole, parts=parts)


def _is_area_seen(collection: str, action: str) -> bool:
    return collection in AREAS and ACTION_OF.get(action, action) == "view"


def _summed(granted: Sequence[Permit]) -> Permit:
    return Permit(_any_of([one.scope for one in granted]), union_of([one.fields for one in granted]))


def union_of(fields: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    """The fields that any of them holds; ``None`` = all."""
    named = [names for names in fields if names is not None]
    return frozenset().union(*named) if len(named) == len(fields) else None


def _by_scope(granted: Sequence[Permit]) -> tuple[Permit, ...]:
    """One permit per scope."""
    different = [one.scope for n, one in enumerate(granted) if one.scope not in [other.scope for other in granted[:n]]]
    return tuple(_summed([one for one in granted if one.scope == scope]) for scope in different)


def may_manage(role: Role, area: str, action: str = "") -> bool:
    """Whether the role manages ``workflows``, ``collections``, ``roles`` or ``users``; ``action="list"`` asks for less.

    A snippet covers itself and what is below it (``pm`` and ``pm.*`` all of ``pm.``); an exclusion (``!pm.users``) always wins.
    """
    listing = LISTS.get(area, "") if action == "list" else ""
    return role.name == "root" or _has_snippet(role, AREAS.get(area, "")) or _has_snippet(role, listing)


def _has_snippet(role: Role, snippet: str) -> bool:
    granted = any(_covers(rule, snippet) for rule in role.snippets)
    return granted and not any(_covers(rule[1:], snippet) for rule in role.snippets if rule.startswith("!"))


def _covers(rule: str, snippet: str) -> bool:
    return bool(snippet) and (fnmatchcase(snippet, rule) or snippet.startswith(f"{rule}."))


def _any_of(scopes: Sequence[Json]) -> Json:
    if None in scopes:
        return None
    different = [scope for n, scope in enumerate(scopes) if scope not in scopes[:n]]
    return different[0] if len(different) == 1 else {"$or": different}


def _parse_strategy(actions: Sequence[str]) -> dict[str, Permit]:
    found: dict[str, Permit] = {}
    for text in actions:
        name, _, suffix = text.partition(":")
        scope = _parse_scope(suffix or None)
        # "view" beside "view:own" is "view"
        found[name] = Permit(_any_of([scope, found[name].scope]) if name in found else scope)
    return found


def _parse_actions(resource: dict[str, Json]) -> dict[str, Permit]:
    found: dict[str, Permit] = {}
    for action in resource.get("actions") or []:
        fields = action.get("fields")
        limited = fields is not None and (fields or action["name"] in FIELD_ACTIONS)
        given = set(SYSTEM_FIELDS) - ({"id"} if action["name"] == "create" else set())  # who may not choose the id is given one
        found[action["name"]] = Permit(_parse_scope(action.get("scope")), frozenset(fields) | given if limited else None)
    return found


def _parse_scope(scope: Json) -> Json:
    """The filter of ``None``, ``"all"``, ``"own"``, ``{"key": "own"}``, ``{"scope": {filter}}`` or of a bare filter."""
    name = scope.get("key") if isinstance(scope, dict) and scope.get("key") in SUFFIXES else scope
    if name is None or name == "all" or name == {}:
        return None
    if name == "own":
        return OWN
    if not isinstance(name, dict):
        raise Invalid('a scope is "all", "own" or a filter', path="scope")
    return name["scope"] or None if isinstance(name.get("scope"), dict) else name


def check_options(values: dict[str, Json]) -> None:
    """Raises Invalid naming every option that a role does not have; what a client sends back of a role it has read is no mistake."""
    unknown = [name for name in values if name not in WRITABLE and name not in SYSTEM_FIELDS]
    if unknown:
        known = ", ".join(WRITABLE)
        raise Invalid.of([Problem(f'a role has no option "{name}"; the options are {known}', name) for name in unknown])


def check_role(raw: Json) -> dict[str, Json]:
    """The role to store, other options kept as they came. Raises Invalid with every mistake."""
    if not isinstance(raw, dict):
        raise Invalid("a role is an object with a name and a strategy")
    problems = [*_name_problems(raw), *_strategy_problems(raw.get("strategy")), *_resources_problems(raw.get("resources"))]
    snippets = raw.get("snippets")
    if snippets is not None and not _is_texts(snippets):
        problems.append(Problem('snippets must be an array of texts such as "pm.workflow.workflows"', "snippets"))
    if problems:
        raise Invalid.of(problems)
    return raw | {
        "title": raw.get("title") or raw["name"],
        "strategy": {"actions": []} | (raw.get("strategy") or {}),
        "resources": raw.get("resources") or {},
        "snippets": snippets or [],
    }


def _name_problems(raw: dict[str, Json]) -> Iterator[Problem]:
    name = raw.get("name")
    if not isinstance(name, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,62}", name):
        yield Problem("the name of a role must begin with a letter and hold at most 63 letters, digits, _ and -", "name")
    elif name in NOT_ROLES:
        yield Problem(f'"{name}" is not a role that can be made or changed', "name")
    if raw.get("title") is not None and not isinstance(raw["title"], str):
        yield Problem("title must be text", "title")


def _strategy_problems(strategy: Json) -> Iterator[Problem]:
    if strategy is None:
        return
    actions = strategy.get("actions", []) if isinstance(strategy, dict) else None
    if not _is_texts(actions):
        yield Problem('strategy must be an object such as {"actions": ["view:own", "trigger"]}', "strategy")
        return
    for n, text in enumerate(actions):
        name, colon, suffix = text.partition(":")
        if name not in ACTIONS or (colon and suffix not in SUFFIXES):
            yield Problem(f'"{text}" is no action; the actions are {", ".join(ACTIONS)}, with :own or :all', f"strategy.actions.{n}")


def _resources_problems(resources: Json) -> Iterator[Problem]:
    if resources is not None and not isinstance(resources, dict):
        yield Problem("resources must be an object by collection name", "resources")
        return
    for name, resource in (resources or {}).items():
        path = f"resources.{name}"
        actions = resource.get("actions", []) if isinstance(resource, dict) else None
        if not isinstance(actions, list) or not isinstance(resource.get("usingActionsConfig", False), bool):
            yield Problem("a resource is an object with usingActionsConfig (true or false) and an array of actions", path)
            continue
        for n, action in enumerate(actions):
            yield from _action_problems(action, f"{path}.actions.{n}")


def _action_problems(action: Json, path: str) -> Iterator[Problem]:
    name = action.get("name") if isinstance(action, dict) else None
    if name not in ACTIONS and not (isinstance(name, str) and CALL.fullmatch(name)):
        yield Problem(f"an action is an object whose name is one of {', '.join(ACTIONS)}, or call:<procedure>", path)
        return
    if action.get("fields") is not None and not _is_texts(action["fields"]):
        yield Problem("fields must be an array of field names, or null for all", f"{path}.fields")
    if action.get("scopeId") is not None and action.get("scope") is None:
        yield Problem("scopeId is not known here; send the filter itself as scope", f"{path}.scopeId")
    try:
        _parse_scope(action.get("scope"))
    except Invalid as error:
        yield Problem(error.message, f"{path}.scope")


def _is_texts(value: Json) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
