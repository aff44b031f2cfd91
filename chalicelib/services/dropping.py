"""What goes along when a collection or a role is dropped, so that one made later under its name begins with nothing.

The rules of every role for that name are removed. A workflow that starts on the collection's records is disabled, and stays: it can be
pointed elsewhere and enabled again; so is one whose tasks for people make or change its records, since nobody could submit them and what
waits for them would wait for ever; so is an action on them, or beside them. Other nodes that name the collection are left and told of; they
fail, and say which collection is missing.
Source: https://docs.nocobase.com/data-sources/data-modeling/collection
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import Definition, parse_collection
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.record import Record
from chalicelib.domain.system_collections import ACTIONS, COLLECTIONS, ROLES, WORKFLOWS
from chalicelib.domain.workflow import plain_name
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.nodes import manual
from chalicelib.services.editing import Editing
from chalicelib.services.versions import mirror
from chalicelib.triggers import TRIGGER_TYPES

WRITING = ("create", "update")  # kinds of forms


def refuse_while_pointed_at(editing: Editing, name: str) -> None:
    """Raises Invalid naming the associations of other collections that point at this one."""
    others = editing.records.search(Search(COLLECTIONS, EVERYTHING)).records
    users = [
        f"{other.row['name']}.{field['name']}"
        for other in others
        for field in other.row["fields"]
        if other.row["name"] != name and field.get("target") == name
    ]
    if users:
        raise Invalid(f'"{name}" is the target of {", ".join(users)}; remove those associations first', path="name")


def refuse_while_triggers_name(editing: Editing, before: Definition, after: Definition) -> None:
    """Raises Invalid naming the enabled workflows whose triggers are sound with the one definition of a collection and not with the other:
    they would start no more, or on everything."""
    is_enabled = editing.records.plain_filter({"enabled": True}, WORKFLOWS)
    named: list[str] = []
    for version in editing.records.search(Search(WORKFLOWS, is_enabled)).records:
        paths = [problem.path for problem in _problems(editing, version, after) if problem not in _problems(editing, version, before)]
        named += [f'"{version.row["key"]}" ({", ".join(dict.fromkeys(paths))})'] if paths else []
    if named:
        gone = ", ".join(f'"{name}"' for name in _names(before) - _names(after))
        message = f"the triggers of enabled workflows name the field {gone}: {', '.join(named)}; change or disable them first"
        raise Invalid(message, path="filterByTk", code="FIELD_IN_USE")


def _names(definition: Definition) -> set[str]:
    return {field["name"] for field in definition["fields"]}


def _problems(editing: Editing, version: Record, definition: Definition) -> list[Problem]:
    """What is wrong with the version's trigger while the collection has this definition."""
    collection = parse_collection(definition)

    def find(name: str) -> Collection | None:
        plain = plain_name(name)
        return collection if plain == collection.name else editing.collection(plain)

    trigger = TRIGGER_TYPES.get(version.row["type"])
    return trigger.check(version.row["config"] or {}, "config", find) if trigger else []


def remove_rules(editing: Editing, name: str) -> list[str]:
    """Stage every role without rules for the collection; the names of those that had some."""
    changed = []
    for role in editing.records.search(Search(ROLES, EVERYTHING)).records:
        rules = role.row["resources"] or {}
        if name in rules:
            editing.unit.update(role, {"resources": {key: rule for key, rule in rules.items() if key != name}})
            changed.append(str(role.id))
    return changed


def disable_workflows(editing: Editing, name: str) -> dict[str, list[str]]:
    """Stage every enabled workflow that starts on the collection, or asks people for its records, as disabled.

    ``{"disabled": keys, "stillNamed": keys}``, the second those of enabled workflows with other nodes that name the collection."""
    told: dict[str, list[str]] = {"disabled": [], "stillNamed": []}
    is_enabled = editing.records.plain_filter({"enabled": True}, WORKFLOWS)
    for version in editing.records.search(Search(WORKFLOWS, is_enabled)).records:
        nodes = version.row["nodes"] or []
        if _names_it(version.row["config"], name) or any(_asks_for(node, name) for node in nodes):
            mirror(editing, editing.unit.update(version, {"enabled": False}))
            told["disabled"].append(str(version.row["key"]))
        elif any(_works_on(node, name) for node in nodes):
            told["stillNamed"].append(str(version.row["key"]))
    return told


def _names_it(config: Json, name: str, option: str = "collection") -> bool:
    named = config.get(option) if isinstance(config, dict) else None
    return isinstance(named, str) and plain_name(named) == name


def _asks_for(node: dict[str, Json], name: str) -> bool:
    """Whether the node is ``manual`` and a form of it makes or changes records of the collection."""
    forms = (node.get("config") or {}).get("forms") if node["type"] == manual.NODE.name else None
    return any(form["type"] in WRITING and _names_it(form, name) for form in (forms or {}).values())


def _works_on(node: dict[str, Json], name: str) -> bool:
    config = node.get("config") or {}
    return _names_it(config, name) or _names_it(config.get("association"), name, "associatedCollection")


def disable_actions(editing: Editing, name: str) -> list[str]:
    """Stage every enabled action on the collection, or that opens its records, as disabled; their names."""
    disabled = []
    for action in editing.records.search(Search(ACTIONS, EVERYTHING)).records:
        opened = (action.row["client"] or {}).get("collection")
        if action.row["enabled"] is not False and name in (action.row["collection"], opened):
            editing.unit.update(action, {"enabled": False})
            disabled.append(str(action.id))
    return disabled


def leave_actions(editing: Editing, role: str) -> dict[str, list[str]]:
    """Stage every action without the role: ``{"actionsChanged": names, "actionsDisabled": names}``.

    One that only this role saw is disabled and keeps the name, since an action without roles is everybody's."""
    changed: dict[str, list[str]] = {"actionsChanged": [], "actionsDisabled": []}
    for action in editing.records.search(Search(ACTIONS, EVERYTHING)).records:
        named = list(action.row["roles"] or [])
        rest = [name for name in named if name != role]
        if rest == named:
            continue
        if rest:
            editing.unit.update(action, {"roles": rest})
            changed["actionsChanged"].append(str(action.id))
        elif action.row["enabled"] is not False:
            editing.unit.update(action, {"enabled": False})
            changed["actionsDisabled"].append(str(action.id))
    return changed
