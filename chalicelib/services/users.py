"""Users over HTTP. Source: https://docs.nocobase.com/users-permissions

A user's roles are kept in the user itself, so that one read of a call brings both. Who may manage users gives roles, but nobody gives
``root`` without having it, nor a role that manages what the giver does not, nor changes a user who has such a role: no way around that
leads through create, update or the roles' own routes. Everybody changes their own profile (`Users.update_profile`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.domain.field_types import check_values, convert_id
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.mail import NO_ADDRESS, is_address
from chalicelib.domain.record import Record, Row
from chalicelib.domain.selection import names_in
from chalicelib.domain.system_collections import API_KEYS, ROLES, USERS
from chalicelib.engine.commit import store_errors
from chalicelib.engine.finder import Search
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, kind_of
from chalicelib.services.editing import Editing, edit, view
from chalicelib.services.own import own
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.preconditions import etag
from chalicelib.services.records import RecordActions
from chalicelib.services.role_members import check_grants, check_reach, with_roles
from chalicelib.services.roles import role_row
from chalicelib.services.session import ROOT, Caller, role_names

WRITABLE = ("email", "username", "nickname", "phone", "appLang", "systemSettings", "password", "roles", "defaultRole", "blocked")
PROFILE = ("nickname", "phone", "appLang", "systemSettings")


class Users:
    """The use cases over a `Backend`. Reading goes the way of every collection (`RecordActions`)."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
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
            check_grants(editing, None, [], values["roles"])
            _check_default(values["roles"], values.get("defaultRole"))
            user = editing.records.create_record(USERS, values)
            # An id may be given again: tokens of the user who had it before are not this one's.
            user = editing.unit.update(user, {"tokensValidFrom": self._backend.clock.now_ms() // 1000})
            return Answer(public_user(user), headers={"ETag": etag(user)})

        return edit(self._backend, call, "users", act)

    def update(self, call: Call) -> Answer:
        """Changing the password or blocking a user ends every session of the user."""

        def act(editing: Editing) -> Answer:
            user = _user(editing, call)
            if user is None:
                return Answer([])
            check_reach(editing, user)
            values = self._checked(editing, call.values())
            if "roles" in values:
                check_grants(editing, user.id, role_names(user), values["roles"])
                values = with_roles(user, values["roles"]) | values
            _check_default(values.get("roles", role_names(user)), values.get("defaultRole"))
            if values.get("blocked") and user.id == editing.caller.id:
                raise Invalid("you cannot block yourself", path="blocked")
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
            check_reach(editing, user)
            if user.id == editing.caller.id:
                raise Invalid("you cannot remove yourself", path="filterByTk")
            editing.unit.destroy(user)
            for key in editing.records.search(Search(API_KEYS, editing.records.plain_filter({"userId": user.id}, API_KEYS))).records:
                editing.unit.destroy(key)
            return Answer(1)

        return edit(self._backend, call, "users", act)

    def update_profile(self, call: Call) -> Answer:
        """The caller's own ``nickname phone appLang systemSettings``."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            values = call.values()
            _check_known(values, PROFILE)
            changed = records.unit.update(caller.user, check_values(USERS, values, creating=False))
            return Answer(public_user(changed))

        return own(self._backend, call, act)

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

    def toggle_roles(self, call: Call) -> Answer:
        """Gives the named roles that the user does not have, and takes the others."""
        return self._change_roles(
            call, lambda old, named: [name for name in old if name not in named] + [name for name in named if name not in old]
        )

    def set_default_role(self, call: Call) -> Answer:
        """``{"roleName": "member"}``: the role that the caller acts in when a call names none."""

        def act(caller: Caller, records: PermittedRecords) -> Answer:
            name = call.values().get("roleName")
            if not isinstance(name, str) or name not in role_names(caller.user):
                raise Invalid("roleName must be one of your roles: " + ", ".join(role_names(caller.user)), path="roleName")
            records.unit.update(caller.user, {"defaultRole": name})
            return Answer(has_data=False)

        return own(self._backend, call, act)

    def _change_roles(self, call: Call, change: Callable[[Sequence[str], Sequence[str]], Sequence[str]]) -> Answer:
        def act(editing: Editing) -> Answer:
            user = _user(editing, call, call.record_id)
            if user is None:
                raise NotFound(f"there is no user {call.record_id}", code="RECORD_NOT_FOUND")
            check_reach(editing, user)
            named = _role_list(editing, call.body if call.body is not None else call.association_id or call.params.get("filterByTk"))
            roles = list(change(role_names(user), named))
            check_grants(editing, user.id, role_names(user), roles)
            editing.unit.update(user, with_roles(user, roles))
            return Answer(has_data=False)

        return edit(self._backend, call, "users", act)

    def _checked(self, editing: Editing, values: Row) -> Row:
        _check_known(values, (*WRITABLE, "id"))
        _check_account(values)
        checked = dict(values)
        if "password" in checked:
            self._backend.passwords.check(checked["password"])
            checked["password"] = self._backend.passwords.hash(checked["password"])
        if "roles" in checked:
            checked["roles"] = _role_list(editing, checked["roles"])
        return checked

    def _with_roles(self, call: Call, act: Callable[[Call], Answer]) -> Answer:
        """The answer with roles as objects: ``{"name"}``, and with their ``title`` when ``appends`` asks for them."""
        problems: list[Problem] = []
        asked = names_in(call.params.get("appends"), "appends", problems)
        if "roles" not in asked:
            return _as_objects(act(call), lambda names: {})
        fields = names_in(call.params.get("fields"), "fields", problems)
        more = {"fields": [*fields, "roles"]} if fields and not problems else {}
        plain = call.params | {"appends": [name for name in asked if name != "roles"]} | more
        return _as_objects(act(replace(call, params=plain)), self._titles)

    def _titles(self, names: Sequence[str]) -> dict[str, Json]:
        """The titles of roles, by name."""
        reads, _ = self._backend.reading()
        unit = self._backend.unit(reads, user_id=None, at_ms=self._backend.clock.now_ms(), seed="")
        found = store_errors(lambda: unit.get_many(ROLES, [name for name in names if name != ROOT]))
        return {ROOT: "Root"} | {str(role.id): role.row["title"] for role in found if role}


def _as_objects(answer: Answer, titles: Callable[[Sequence[str]], dict[str, Json]]) -> Answer:
    rows = answer.data if isinstance(answer.data, list) else [answer.data] if answer.data else []
    rows = [row for row in rows if isinstance(row.get("roles"), list)]
    known = titles(list(dict.fromkeys(name for row in rows for name in row["roles"])))
    for row in rows:
        row["roles"] = [{"name": name} | ({"title": known[name]} if name in known else {}) for name in row["roles"]]
    return answer


def _check_known(values: Row, names: Sequence[str]) -> None:
    unknown = [name for name in values if name not in names]
    if unknown:
        raise Invalid(f'"{unknown[0]}" of a user cannot be written; these can: {", ".join(names)}', path=unknown[0])


def _check_account(values: Row) -> None:
    """A name never looks like an address, so that nobody signs in by what is another user's. Raises Invalid."""
    if isinstance(values.get("email"), str) and not is_address(values["email"]):
        raise Invalid(f"email {NO_ADDRESS}", path="email")
    if isinstance(values.get("username"), str) and "@" in values["username"]:
        raise Invalid("a username holds no @; set email to sign in by the address", path="username")


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


def _check_default(roles: Sequence[str], default: Json) -> None:
    """Raises Invalid for a default role that is none of the user's."""
    if default is not None and default not in roles:
        raise Invalid(f"defaultRole must be one of the user's roles ({', '.join(roles) or 'none yet'})", path="defaultRole")
