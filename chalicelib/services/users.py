"""Users and roles over HTTP. Source: https://docs.nocobase.com/users-permissions

A user's roles are kept in the user itself, so that one read of a call brings both. Who may manage users gives roles, but nobody gives
``root`` without having it: no way around that leads through create, update or the roles' own routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.record import Record, Row
from chalicelib.domain.role import check_role
from chalicelib.domain.system_collections import ROLES, USERS
from chalicelib.engine.finder import Search
from chalicelib.errors import Forbidden, Invalid, Json, NotFound
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.editing import Editing, edit, view
from chalicelib.services.records import RecordActions, etag
from chalicelib.services.session import NO_PERMISSIONS, ROOT, role_names

WRITABLE = ("email", "username", "nickname", "phone", "appLang", "systemSettings", "password", "roles", "defaultRole", "blocked")
CheckPassword = Callable[[Json], None]


class Users:
    """The use cases over a `Backend`. Reading goes the way of every collection (`RecordActions`)."""

    def __init__(self, backend: Backend, check_password: CheckPassword) -> None:
        self._backend = backend
        self._check_password = check_password
        self._records = RecordActions(backend)

    def list_users(self, call: Call) -> Answer:
        return self._with_roles(call, self._records.list_records)

    def get(self, call: Call) -> Answer:
        return self._with_roles(call, self._records.get)

    def create(self, call: Call) -> Answer:
        """The user made; without ``roles`` it gets the default ones. A username or an e-mail address is needed to sign in."""

        def act(editing: Editing) -> Answer:
            values = self._checked(editing, call.values())
            if not values.get("email") and not values.get("username"):
                raise Invalid("a user needs an email or a username", path="username")
            values.setdefault("roles", _default_roles(editing))
            _check_grants(editing, [], values["roles"])
            user = editing.records.create_record(USERS, values)
            return Answer(public_user(user), headers={"ETag": etag(user)})

        return edit(self._backend, call, "users", act)

    def update(self, call: Call) -> Answer:
        """Changing the password or blocking a user ends every session of the user."""

        def act(editing: Editing) -> Answer:
            user = _user(editing, call)
            if user is None:
                return Answer([])
            values = self._checked(editing, call.values())
            _check_reach(editing, user)
            if "roles" in values:
                _check_grants(editing, role_names(user), values["roles"])
            changed = editing.records.update_record(user, values)
            if "password" in values or values.get("blocked"):
                now_s = self._backend.clock.now_ms() // 1000
                changed = editing.unit.update(changed, {"tokensValidFrom": now_s + 1})
            return Answer([public_user(changed)])

        return edit(self._backend, call, "users", act)

    def destroy(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            user = _user(editing, call)
            if user is None:
                return Answer(0)
            _check_reach(editing, user)
            if user.id == editing.caller.id:
                raise Invalid("you cannot remove yourself", path="filterByTk")
            editing.unit.destroy(user)
            return Answer(1)

        return edit(self._backend, call, "users", act)

    def list_roles(self, call: Call) -> Answer:
        """``users/<id>/roles:list``."""

        def act(editing: Editing) -> Answer:
            user = _user(editing, call, call.record_id)
            return Answer(_roles_of(editing, user) if user else [])

        return view(self._backend, call, "users", act)

    def add_roles(self, call: Call) -> Answer:
        return self._change_roles(call, lambda old, named: list(dict.fromkeys([*old, *named])))

    def set_roles(self, call: Call) -> Answer:
        return self._change_roles(call, lambda old, named: named)

    def remove_roles(self, call: Call) -> Answer:
        return self._change_roles(call, lambda old, named: [name for name in old if name not in named])

    def _change_roles(self, call: Call, change: Callable[[Sequence[str], Sequence[str]], Sequence[str]]) -> Answer:
        def act(editing: Editing) -> Answer:
            user = _user(editing, call, call.record_id)
            if user is None:
                raise NotFound(f"there is no user {call.record_id}", code="RECORD_NOT_FOUND")
            named = _role_list(editing, call.body if call.body is not None else call.association_id or call.params.get("filterByTk"))
            roles = list(change(role_names(user), named))
            _check_grants(editing, role_names(user), roles)
            editing.unit.update(user, {"roles": roles})
            return Answer(has_data=False)

        return edit(self._backend, call, "users", act)

    def _checked(self, editing: Editing, values: Row) -> Row:
        unknown = [name for name in values if name not in WRITABLE and name != "id"]
        if unknown:
            known = ", ".join(WRITABLE)
            raise Invalid(f'"{unknown[0]}" of a user cannot be written; these can: {known}', path=unknown[0])
        checked = dict(values)
        if "password" in checked:
            self._check_password(checked["password"])
            checked["password"] = self._backend.passwords.hash(checked["password"])
        if "roles" in checked:
            checked["roles"] = _role_list(editing, checked["roles"])
        return checked

    def _with_roles(self, call: Call, act: Callable[[Call], Answer]) -> Answer:
        answer = act(call)
        rows = answer.data if isinstance(answer.data, list) else [answer.data] if answer.data else []
        for row in rows:
            if isinstance(row.get("roles"), list):
                row["roles"] = [{"name": name} for name in row["roles"]]
        return answer


class Roles:
    """Roles: a strategy for all collections and rules per collection (``resources``)."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            role = check_role(call.values())
            if editing.unit.get(ROLES, role["name"]) is not None:
                raise Invalid(f'a role named "{role["name"]}" already exists', path="name", code="NOT_UNIQUE")
            record = editing.unit.create(ROLES, role | {"id": role["name"]})
            if role.get("default"):
                _only_default(editing, record)
            return Answer(_role_row(record))

        return edit(self._backend, call, "roles", act)

    def update(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.unit.get(ROLES, call.target_key or "")
            if record is None:
                return Answer([])
            values = call.values()
            if values.get("name", record.id) != record.id:
                raise Invalid("the name of a role cannot change", path="name")
            changed = editing.unit.update(record, check_role(record.item["data"] | values))
            if values.get("default"):
                _only_default(editing, changed)
            return Answer([_role_row(changed)])

        return edit(self._backend, call, "roles", act)

    def destroy(self, call: Call) -> Answer:
        """Taken from the users that have it, in the same transaction. The default role stays."""

        def act(editing: Editing) -> Answer:
            record = editing.unit.get(ROLES, call.target_key or "")
            if record is None:
                return Answer(0)
            if record.row["default"]:
                raise Invalid("the default role cannot be removed; make another one the default first", path="name")
            holders = [user for user in editing.records.search(Search(USERS, EVERYTHING)).records if record.id in role_names(user)]
            for user in holders:
                editing.unit.update(user, {"roles": [name for name in role_names(user) if name != record.id]})
            editing.unit.destroy(record)
            return Answer(1)

        return edit(self._backend, call, "roles", act)

    def list_all(self, call: Call) -> Answer:
        return self._shown(call, RecordActions(self._backend).list_records)

    def get(self, call: Call) -> Answer:
        return self._shown(call, RecordActions(self._backend).get)

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
            if editing.collection(name) is None:
                raise Invalid(f'there is no collection "{name}"', path="name", code="COLLECTION_NOT_FOUND")
            resource = {option: value for option, value in values.items() if option not in ("name", "id")}
            old = record.row["resources"] or {}
            changed = check_role(record.item["data"] | {"resources": old | {name: old.get(name, {}) | resource}})
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


def _user(editing: Editing, call: Call, raw: str | None = None) -> Record | None:
    key = raw if raw is not None else call.target_key
    if key is None:
        raise Invalid(f"to do {call.action} action, filterByTk is required", path="filterByTk", code="FILTER_REQUIRED")
    return editing.unit.get(USERS, convert_id(USERS, key))


def _roles_of(editing: Editing, user: Record) -> list[Row]:
    found = editing.unit.get_many(ROLES, role_names(user))
    return [_role_row(record) for record in found if record]


def _role_row(record: Record) -> Row:
    return {name: value for name, value in record.row.items() if name != "id"}


def _role(editing: Editing, call: Call) -> Record:
    record = editing.unit.get(ROLES, call.record_id or "")
    if record is None:
        raise NotFound(f'there is no role "{call.record_id}"', code="ROLE_NOT_FOUND")
    return record


def _resource_name(call: Call) -> str:
    key = call.association_id or call.params.get("filterByTk") or call.params.get("name")
    return key if isinstance(key, str) else ""


def _default_roles(editing: Editing) -> list[str]:
    return [str(role.id) for role in editing.records.search(Search(ROLES, EVERYTHING)).records if role.row["default"]]


def _role_list(editing: Editing, raw: Json) -> list[str]:
    """Role names of ``["admin"]``, ``[{"name": "admin"}]`` or ``"admin"``. Raises Invalid for one that is not there."""
    members = raw if isinstance(raw, list) else [raw]
    names: list[str] = []
    for member in members:
        name = member.get("name") if isinstance(member, dict) else member
        if not isinstance(name, str):
            raise Invalid(f"a role is its name or an object with its name, not {kind_of(name)}", path="roles")
        if name != ROOT and editing.unit.get(ROLES, name) is None:
            raise Invalid(f'there is no role "{name}"', path="roles", code="ROLE_NOT_FOUND")
        names.append(name)
    return list(dict.fromkeys(names))


def _check_grants(editing: Editing, old: Sequence[str], new: Sequence[str]) -> None:
    """Only root gives or takes ``root``. Raises Forbidden."""
    if (ROOT in old) != (ROOT in new) and not editing.caller.is_root:
        raise Forbidden(NO_PERMISSIONS)


def _check_reach(editing: Editing, user: Record) -> None:
    """Only root changes a root user: a password set by another would be a way to become root."""
    if ROOT in role_names(user) and not editing.caller.is_root:
        raise Forbidden(NO_PERMISSIONS)


def _only_default(editing: Editing, record: Record) -> None:
    for other in editing.records.search(Search(ROLES, EVERYTHING)).records:
        if other.id != record.id and other.row["default"]:
            editing.unit.update(other, {"default": False})
