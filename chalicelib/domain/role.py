"""Roles: what their holders may do with which collection, which rows and fields of it, and what they may manage.

A role is a *strategy* (actions for all collections, ``view:own`` = own rows only) and overrides per collection; with
``usingActionsConfig`` only the actions listed there count. Snippets open the management areas.
Source: https://docs.nocobase.com/handbook/acl
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.errors import Invalid, Json

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
    "auditLogs": "pm.audit-logs",
}
LISTS = {"workflows": "ui.workflows"}
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


def rules_of(roles: Sequence[Role], collection: str) -> dict[str, Permit]:
    """What the roles' definitions together say of each action on a collection, as clients show it; `permit` decides."""
    granted = [role.overrides.get(collection, role.strategy) for role in roles]
    names = dict.fromkeys(name for permits in granted for name in permits)
    return {name: _summed([permits[name] for permits in granted if name in permits]) for name in names}


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
        scope = parse_scope(suffix or None)
        # "view" beside "view:own" is "view"
        found[name] = Permit(_any_of([scope, found[name].scope]) if name in found else scope)
    return found


def _parse_actions(resource: dict[str, Json]) -> dict[str, Permit]:
    found: dict[str, Permit] = {}
    for action in resource.get("actions") or []:
        fields = action.get("fields")
        limited = fields is not None and (fields or action["name"] in FIELD_ACTIONS)
        given = set(SYSTEM_FIELDS) - ({"id"} if action["name"] == "create" else set())  # who may not choose the id is given one
        found[action["name"]] = Permit(parse_scope(action.get("scope")), frozenset(fields) | given if limited else None)
    return found


def parse_scope(scope: Json) -> Json:
    """The filter of ``None``, ``"all"``, ``"own"``, ``{"key": "own"}``, ``{"scope": {filter}}`` or of a bare filter."""
    name = scope.get("key") if isinstance(scope, dict) and scope.get("key") in SUFFIXES else scope
    if name is None or name == "all" or name == {}:
        return None
    if name == "own":
        return OWN
    if not isinstance(name, dict):
        raise Invalid('a scope is "all", "own" or a filter', path="scope")
    return name["scope"] or None if isinstance(name.get("scope"), dict) else name
