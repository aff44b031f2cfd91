"""What a role may look like before it is stored: every option, rule and snippet that would mean nothing is refused, with its place.

A rule that says less than its author meant shows more than it should, so what is not known is never passed over.
Sources: https://docs.nocobase.com/users-permissions/acl/role, https://docs.nocobase.com/handbook/acl
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TypeGuard

from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.domain.role import ACTIONS, CALL, SUFFIXES, parse_scope
from chalicelib.errors import Invalid, Json, Problem

NOT_ROLES = ("root", "anonymous", "__union__")
FLAGS = ("hidden", "default", "allowConfigure", "allowNewMenu", "allowNewMobileMenu")
TEXTS = ("title", "description", "color")
WRITABLE = ("name", "title", "description", "strategy", "resources", "snippets", *FLAGS, "color", "sort")
MOST_SORT = 1e15
# What clients keep with a rule, and send back, is no mistake.
RULE_OPTIONS = ("name", "fields", "scope", "scopeId", "rolesResourceId", *SYSTEM_FIELDS)
RESOURCE_OPTIONS = ("name", "usingActionsConfig", "actions", "roleName", "dataSourceKey", *SYSTEM_FIELDS)
# The management areas that the model and its own plugins have; ``ui.`` and ``app.`` are of the interface, which checks them itself.
# fmt: off
SNIPPETS = (
    "pm.acl.roles", "pm.users", "pm.workflow.workflows", "pm.data-source-manager.data-source-main",
    "pm.data-source-manager.external-data-source", "pm.database-connections.collections", "pm.departments", "pm.user-data-sync.sources",
    "pm.auth.authenticators", "pm.api-keys.configuration", "pm.api-doc.documentation", "pm.verification.providers", "pm.security.settings",
    "pm.system-settings.system-settings", "pm.file-manager.storages", "pm.localization.localization", "pm.logger", "pm.map.configuration",
    "pm.mobile", "pm.multi-app-manager.applications", "pm.notification-manager", "pm.notification.channels", "pm.notification.logs",
    "pm.theme-editor.themeEditor", "pm.ui-schema-storage.block-templates", "pm.environment-variables", "pm.backup.restore", "pm.backups",
    "pm.audit-logs", "pm.public-forms", "pm.custom-brand", "pm.custom-requests", "pm.client.action", "pm.ai", "pm.flow-devtools",
    "pm.light-components", "pm.async-task-manager", "pm.migration-manager", "pm.collection-sync-source",
)
# fmt: on


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
    problems = [*_name_problems(raw), *_option_problems(raw), *_strategy_problems(raw.get("strategy"))]
    problems += [*_resources_problems(raw.get("resources")), *_snippet_problems(raw.get("snippets"))]
    if problems:
        raise Invalid.of(problems)
    return raw | {
        "title": raw.get("title") or raw["name"],
        "strategy": {"actions": []} | (raw.get("strategy") or {}),
        "resources": raw.get("resources") or {},
        "snippets": raw.get("snippets") or [],
    }


def _name_problems(raw: dict[str, Json]) -> Iterator[Problem]:
    name = raw.get("name")
    if not isinstance(name, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,62}", name):
        yield Problem("the name of a role must begin with a letter and hold at most 63 letters, digits, _ and -", "name")
    elif name in NOT_ROLES:
        yield Problem(f'"{name}" is not a role that can be made or changed', "name")


def _option_problems(raw: dict[str, Json]) -> Iterator[Problem]:
    for option in TEXTS:
        if not isinstance(raw.get(option), str | None):
            yield Problem(f"{option} must be text", option)
    for option in FLAGS:
        if not isinstance(raw.get(option), bool | None):
            yield Problem(f"{option} must be true or false", option)
    sort = raw.get("sort")
    if sort is not None and (isinstance(sort, bool) or not isinstance(sort, int | float) or not abs(sort) <= MOST_SORT):
        yield Problem(f"sort must be a number of at most {MOST_SORT:.0f}", "sort")


def _snippet_problems(snippets: Json) -> Iterator[Problem]:
    if snippets is not None and not _is_texts(snippets):
        yield Problem('snippets must be an array of texts such as "pm.workflow.workflows"', "snippets")
        return
    for number, rule in enumerate(snippets or ()):
        if not _is_snippet(rule.removeprefix("!")):
            areas = ", ".join(SNIPPETS[:4])
            yield Problem(f'"{rule}" is no snippet; those of this server are pm.*, ui.* and {areas}', f"snippets.{number}")


def _is_snippet(rule: str) -> bool:
    """Whether the rule covers anything; of the interface's own (``ui``, ``app``) all do."""
    place = rule.removesuffix(".*")
    known = any(name == place or name.startswith(f"{place}.") or fnmatchcase(name, rule) for name in SNIPPETS)
    return known or place.partition(".")[0] in ("ui", "app")


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
        yield from _unknown_options(resource, RESOURCE_OPTIONS, "a resource", path)
        yield from _rule_problems(actions, path)


def _rule_problems(actions: list[Json], path: str) -> Iterator[Problem]:
    seen: list[Json] = []
    for n, action in enumerate(actions):
        place = f"{path}.actions.{n}"
        yield from _action_problems(action, place)
        name = action.get("name") if isinstance(action, dict) else None
        if name is not None and name in seen:
            yield Problem(f'"{name}" has a rule here already; an action has one', f"{place}.name")
        seen.append(name)


def _unknown_options(given: dict[str, Json], known: tuple[str, ...], what: str, path: str) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            options = ", ".join(option for option in known if option not in SYSTEM_FIELDS)
            yield Problem(f'{what} has no option "{name}"; the options are {options}', f"{path}.{name}")


def _action_problems(action: Json, path: str) -> Iterator[Problem]:
    name = action.get("name") if isinstance(action, dict) else None
    if name not in ACTIONS and not (isinstance(name, str) and CALL.fullmatch(name)):
        yield Problem(f"an action is an object whose name is one of {', '.join(ACTIONS)}, or call:<procedure>", path)
        return
    yield from _unknown_options(action, RULE_OPTIONS, "the rule of an action", path)
    if action.get("fields") is not None and not _is_texts(action["fields"]):
        yield Problem("fields must be an array of field names, or null for all", f"{path}.fields")
    if action.get("scopeId") is not None and action.get("scope") is None:
        yield Problem("scopeId is not known here; send the filter itself as scope", f"{path}.scopeId")
    try:
        parse_scope(action.get("scope"))
    except Invalid as error:
        yield Problem(error.message, f"{path}.scope")


def _is_texts(value: Json) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
