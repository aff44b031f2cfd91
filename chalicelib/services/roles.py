"""Roles over HTTP: a strategy for all collections and rules per collection (``resources``).

Who manages roles decides about every collection's records; that is the meaning of it, and such a manager can permit themselves to read
them all. The management areas are kept apart: nobody makes, changes or removes a role that manages what they do not manage themselves.
Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.collection import SYSTEM_FIELDS
from chalicelib.domain.filter import EVERYTHING, parse_filter, substitute
from chalicelib.domain.record import Record, Row
from chalicelib.domain.role import PROCEDURES, STOCK_ROLES, Role
from chalicelib.domain.role_rules import WRITABLE, check_options, check_role
from chalicelib.domain.system_collections import ROLES
from chalicelib.domain.system_variables import date_variables
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.procedures import PROCEDURES as REGISTERED
from chalicelib.procedures import Procedures, found_procedure
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.dropping import leave_actions
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.records import RecordActions
from chalicelib.services.role_members import holders_of, with_roles
from chalicelib.services.session import ROOT, USER_FIELDS, role_names


class Roles:
    """Roles: a strategy for all collections and rules per collection (``resources``)."""

    def __init__(self, backend: Backend, procedures: Procedures = REGISTERED) -> None:
        self._backend = backend
        self._procedures = procedures

    def create(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            check_options(call.values())
            role = self._checked(editing, call.values())
            if editing.unit.get(ROLES, role["name"]) is not None:
                raise Invalid(f'a role named "{role["name"]}" already exists', path="name", code="NOT_UNIQUE")
            record = editing.unit.create(ROLES, role | {"id": role["name"]})
            if role.get("default"):
                _only_default(editing, record)
            return Answer(role_row(record))

        return edit_once(self._backend, call, "roles", act)

    def update_in_source(self, call: Call) -> Answer:
        """``dataSources/main/roles:update/<name>``, the newer clients' way to a role's strategy."""
        return self.update(replace(call, record_id=call.association_id))

    def update(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = _stored(editing, call.target_key)
            if record is None:
                return Answer([])
            values = call.values()
            check_options(values)
            if values.get("name", record.id) != record.id:
                raise Invalid("the name of a role cannot change", path="name")
            _must_reach(editing, record)
            options = {name: value for name, value in values.items() if name in WRITABLE}
            changed = editing.unit.update(record, self._checked(editing, record.item["data"] | options, record.row["resources"] or {}))
            if values.get("default"):
                _only_default(editing, changed)
            return Answer([role_row(changed)])

        return edit(self._backend, call, "roles", act)

    def destroy(self, call: Call) -> Answer:
        """Taken from the users that have it and from the actions that name it, in the same transaction. The default role stays.

        ``meta.actionsChanged`` names the actions that others see still, ``meta.actionsDisabled`` those that nobody would see."""

        def act(editing: Editing) -> Answer:
            record = _stored(editing, call.target_key)
            if record is None:
                return Answer(0)
            _must_reach(editing, record)
            if record.id in STOCK_ROLES:
                raise Invalid(f'"{record.id}" is a stock role and cannot be removed; change what it may do', path="name")
            if record.row["default"]:
                raise Invalid("the default role cannot be removed; make another one the default first", path="name")
            for user in holders_of(editing, str(record.id)):
                editing.unit.update(user, with_roles(user, [name for name in role_names(user) if name != record.id]))
            meta = leave_actions(editing, str(record.id))
            editing.unit.destroy(record)
            return Answer(1, meta={key: names for key, names in meta.items() if names} or None)

        return edit(self._backend, call, "roles", act)

    def list_all(self, call: Call) -> Answer:
        return self._shown(call, RecordActions(self._backend).list_records)

    def get(self, call: Call) -> Answer:
        return self._shown(call, RecordActions(self._backend).get)

    def _checked(self, editing: Editing, raw: Json, stored: Row | None = None) -> Row:
        """The role to store; ``stored`` are the resources it had. Raises Invalid, and Forbidden for management that the caller lacks."""
        role = check_role(raw)
        found: list[Problem] = []
        for name, resource in role["resources"].items():
            if editing.collection(name) is None and name != PROCEDURES and name not in (stored or {}):
                found.append(Problem(f'there is no collection "{name}"', f"resources.{name}", "COLLECTION_NOT_FOUND"))
            else:
                found += _problems_of_rules(editing, name, resource, self._procedures)
        if found:
            raise Invalid.of(found)
        editing.caller.must_cover([Role.parse(role)])
        return role

    def _shown(self, call: Call, read: Callable[[Call], Answer]) -> Answer:
        """For who manages roles; then as any collection, a role's name being its id."""
        view(self._backend, call, "roles", lambda editing: Answer())
        return read(call)

    def list_resources(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            resources = _role(editing, call).row["resources"] or {}
            return Answer([{"name": name, **resource} for name, resource in resources.items()])

        return view(self._backend, call, "roles", act)

    def get_resource(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            name = _resource_name(call)
            resource = (_role(editing, call).row["resources"] or {}).get(name)
            return Answer({"name": name, **resource} if resource is not None else None)

        return view(self._backend, call, "roles", act)

    def put_resource(self, call: Call) -> Answer:
        """``resources:create|update`` of a role: ``{"name": "samples", "usingActionsConfig": true, "actions": [{"name": "trigger"}]}``."""

        def act(editing: Editing) -> Answer:
            record = _role(editing, call)
            values = call.values()
            name = values.get("name") or _resource_name(call)
            if not isinstance(name, str) or not name:
                raise Invalid('"name" is required: the name of a collection', path="name")
            if editing.collection(name) is None and name != PROCEDURES:
                raise Invalid(f'there is no collection "{name}"', path="name", code="COLLECTION_NOT_FOUND")
            resource = {option: value for option, value in values.items() if option not in ("name", *SYSTEM_FIELDS)}
            old = record.row["resources"] or {}
            _must_reach(editing, record)
            changed = self._checked(editing, record.item["data"] | {"resources": old | {name: old.get(name, {}) | resource}}, old)
            editing.unit.update(record, changed)
            return Answer({"name": name, **changed["resources"][name]})

        return edit(self._backend, call, "roles", act)

    def destroy_resource(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = _role(editing, call)
            resources = dict(record.row["resources"] or {})
            gone = resources.pop(_resource_name(call), None)
            editing.unit.update(record, {"resources": resources})
            return Answer(0 if gone is None else 1)

        return edit(self._backend, call, "roles", act)


def role_row(record: Record) -> Row:
    return {name: value for name, value in record.row.items() if name != "id"}


def _problems_of_rules(editing: Editing, name: str, resource: Row, procedures: Procedures) -> list[Problem]:
    """Fields, procedures and scopes that the collection does not have."""
    collection = editing.collection(name)
    found: list[Problem] = []
    for number, action in enumerate(resource.get("actions") or []):
        path = f"resources.{name}.actions.{number}"
        unknown = [field for field in action.get("fields") or [] if collection and collection.field(field) is None]
        found += [Problem(f'Field "{field}" does not exist in collection "{name}"', f"{path}.fields") for field in unknown]
        called = action["name"].partition("call:")[2]
        if called and found_procedure(name, called, procedures) is None:
            found.append(Problem(f'there is no procedure "{name}:{called}"', f"{path}.name", "PROCEDURE_NOT_FOUND"))
        if collection:
            found += _problems_of_scope(editing, name, action["name"], resource, f"{path}.scope")
    return found


def _problems_of_scope(editing: Editing, name: str, action: str, resource: Row, path: str) -> list[Problem]:
    granted = Role.parse({"name": "checked", "resources": {name: resource | {"usingActionsConfig": True}}}).permit(name, action)
    if granted is None or granted.scope is None:
        return []
    variables: dict[str, Json] = {"$user": dict.fromkeys(USER_FIELDS), "$nRole": ""} | date_variables(editing.records.now_ms)
    find = editing.records.collection
    try:
        parse_filter(substitute(granted.scope, variables, path=path), find(name), find, path=path)
    except Invalid as refused:
        return refused.problems()
    except NotFound as missing:
        return [Problem(missing.message, path)]
    return []


def _must_reach(editing: Editing, record: Record) -> None:
    editing.caller.must_cover([Role.parse(record.item["data"] | {"name": str(record.id)})])


def _stored(editing: Editing, name: str | None) -> Record | None:
    """Raises Invalid for root, which is not stored: it may everything, whatever is written."""
    if name == ROOT:
        raise Invalid('"root" may everything and can be neither changed nor removed', path="name", code="STOCK_ROLE")
    return editing.unit.get(ROLES, name or "")


def _role(editing: Editing, call: Call) -> Record:
    record = _stored(editing, call.record_id)
    if record is None:
        raise NotFound(f'there is no role "{call.record_id}"', code="ROLE_NOT_FOUND")
    return record


def _resource_name(call: Call) -> str:
    key = call.association_id or call.params.get("filterByTk") or call.params.get("name")
    return key if isinstance(key, str) else ""


def _only_default(editing: Editing, record: Record) -> None:
    for other in editing.records.search(Search(ROLES, EVERYTHING)).records:
        if other.id != record.id and other.row["default"]:
            editing.unit.update(other, {"default": False})
