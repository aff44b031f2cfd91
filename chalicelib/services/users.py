"""Users over HTTP. Source: https://docs.nocobase.com/users-permissions

A user's roles are kept in the user itself, so that one read of a call brings both. Who may manage users gives roles, but nobody gives
``root`` without having it: no way around that leads through create, update or the roles' own routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import ROLES, USERS
from chalicelib.engine.finder import Search
from chalicelib.errors import Forbidden, Invalid, Json, NotFound
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.editing import Editing, edit, view
from chalicelib.services.records import RecordActions, etag
from chalicelib.services.roles import role_row
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


def _user(editing: Editing, call: Call, raw: str | None = None) -> Record | None:
    key = raw if raw is not None else call.target_key
    if key is None:
        raise Invalid(f"to do {call.action} action, filterByTk is required", path="filterByTk", code="FILTER_REQUIRED")
    return editing.unit.get(USERS, convert_id(USERS, key))


def _roles_of(editing: Editing, user: Record) -> list[Row]:
    found = editing.unit.get_many(ROLES, role_names(user))
    return [role_row(record) for record in found if record]


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
