"""What goes along when a collection is dropped, so that one made later under its name begins with nothing: rules of roles, workflows.

The rules of every role for that name are removed. A workflow that starts on the collection's records is disabled, and stays: it can be
pointed elsewhere and enabled again. Nodes that name the collection are left; they fail, and say which collection is missing.
Source: https://docs.nocobase.com/data-sources/data-modeling/collection
"""

from __future__ import annotations

from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.system_collections import COLLECTIONS, ROLES, WORKFLOWS
from chalicelib.domain.workflow import plain_name
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid
from chalicelib.services.editing import Editing
from chalicelib.services.versions import mirror


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


def remove_rules(editing: Editing, name: str) -> list[str]:
    """Stage every role without rules for the collection; the names of those that had some."""
    changed = []
    for role in editing.records.search(Search(ROLES, EVERYTHING)).records:
        rules = role.row["resources"] or {}
        if name in rules:
            editing.unit.update(role, {"resources": {key: rule for key, rule in rules.items() if key != name}})
            changed.append(str(role.id))
    return changed


def disable_workflows(editing: Editing, name: str) -> list[str]:
    """Stage every enabled workflow that starts on the collection as disabled; their keys."""
    disabled = []
    for version in editing.records.search(Search(WORKFLOWS, EVERYTHING)).records:
        bound = (version.row["config"] or {}).get("collection")
        if version.row["enabled"] and isinstance(bound, str) and plain_name(bound) == name:
            mirror(editing, editing.unit.update(version, {"enabled": False}))
            disabled.append(str(version.row["key"]))
    return disabled
