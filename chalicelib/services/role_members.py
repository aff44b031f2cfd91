"""The users who have a role, over HTTP: ``roles/<name>/users:list|add|set|remove|toggle``, for who manages roles.

The relation is kept in the users. What holds for giving and taking roles there holds here (`Grants`).
Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chalicelib.domain.field_types import convert_id
from chalicelib.domain.filter import both
from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import Record, Row
from chalicelib.domain.role import Role
from chalicelib.domain.system_collections import ROLES, USERS
from chalicelib.engine.finder import Search
from chalicelib.errors import Forbidden, Invalid, Json, NotFound, Problem
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit, view
from chalicelib.services.listing import list_meta
from chalicelib.services.session import NO_PERMISSIONS, ROOT, role_names

Choice = Callable[[set[int], set[int]], set[int]]


class RoleMembers:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_users(self, call: Call) -> Answer:
        """A page of the role's users, with ``filter``, ``sort`` and ``meta`` as of every list."""

        def act(editing: Editing) -> Answer:
            name = _role_name(editing, call)
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            wanted = both(editing.records.filter(filter_of(call), USERS), editing.records.plain_filter(_having(name), USERS))
            limit = paging.page_size if paging.paginate else None
            offset = paging.offset if paging.paginate else 0
            search = Search(USERS, wanted, parse_sort(call.params.get("sort"), USERS), offset, limit, counted=paging.paginate)
            found = editing.records.search(search)
            return Answer([public_user(user) for user in found.records], meta=list_meta(found, paging, USERS, call))

        return view(self._backend, call, "roles", act)

    def add(self, call: Call) -> Answer:
        return self._change(call, lambda holders, named: holders | named)

    def set(self, call: Call) -> Answer:
        return self._change(call, lambda holders, named: named)

    def remove(self, call: Call) -> Answer:
        return self._change(call, lambda holders, named: holders - named)

    def toggle(self, call: Call) -> Answer:
        """Gives the role to those of the named users who do not have it, and takes it from the others."""
        return self._change(call, lambda holders, named: holders ^ named)

    def _change(self, call: Call, choose: Choice) -> Answer:
        def act(editing: Editing) -> Answer:
            name = _role_name(editing, call)
            named = _named(editing, call)
            holders = {int(user.id): user for user in holders_of(editing, name)}
            wanted = choose(set(holders), set(named))
            for user_id in sorted(wanted ^ set(holders)):
                user = holders.get(user_id) or named[user_id]
                _give(editing, user, name, user_id in wanted)
            return Answer(has_data=False)

        return edit(self._backend, call, "roles", act)


def holders_of(editing: Editing, name: str) -> list[Record]:
    """Every user who has the role, however many pages they fill."""
    found, cursor = list[Record](), None
    while True:
        page = editing.records.search(Search(USERS, editing.records.plain_filter(_having(name), USERS), cursor=cursor))
        found += page.records
        cursor = page.cursor
        if cursor is None:
            return found


def with_roles(user: Record, roles: Sequence[str]) -> Row:
    """What to write so that the user has these roles: a default role that is gone is none any more."""
    default = user.row["defaultRole"]
    return {"roles": list(roles)} | ({"defaultRole": None} if default is not None and default not in roles else {})


def check_grants(editing: Editing, user_id: Json, old: Sequence[str], new: Sequence[str]) -> None:
    """Only root gives or takes ``root``; nobody gives or takes what manages more than they do. Raises Forbidden.

    Root is not taken from oneself, so one root user always stays. Raises Invalid."""
    if ROOT in old and ROOT not in new and user_id == editing.caller.id:
        raise Invalid("you cannot take the role root from yourself; another root user can", path="roles")
    if (ROOT in old) != (ROOT in new) and not editing.caller.is_root:
        raise Forbidden(NO_PERMISSIONS)
    editing.caller.must_cover(_definitions_of(editing, set(old) ^ set(new)))


def check_reach(editing: Editing, user: Record) -> None:
    """Only root changes a root user: a password set by another would be a way to become root. The same for who manages more."""
    if ROOT in role_names(user) and not editing.caller.is_root:
        raise Forbidden(NO_PERMISSIONS)
    editing.caller.must_cover(_definitions_of(editing, role_names(user)))


def _give(editing: Editing, user: Record, name: str, given: bool) -> None:
    check_reach(editing, user)
    old = role_names(user)
    new = [*old, name] if given else [other for other in old if other != name]
    check_grants(editing, user.id, old, new)
    editing.unit.update(user, with_roles(user, new))


def _definitions_of(editing: Editing, names: Iterable[str]) -> list[Role]:
    found = editing.unit.get_many(ROLES, sorted(set(names) - {ROOT}))
    return [Role.parse(record.item["data"] | {"name": str(record.id)}) for record in found if record]


def _having(name: str) -> Row:
    return {"roles": {"$anyOf": [name]}}


def _role_name(editing: Editing, call: Call) -> str:
    name = call.record_id or ""
    if name != ROOT and editing.unit.get(ROLES, name) is None:
        raise NotFound(f'there is no role "{name}"', code="ROLE_NOT_FOUND")
    return name


def _named(editing: Editing, call: Call) -> dict[int, Record]:
    """The users named by the body (``[1, 2]``, ``[{"id": 1}]``, ``{"values": [1]}``) or the path, by id. Raises Invalid naming who is not
    there."""
    raw = call.body if call.body is not None else call.association_id or call.params.get("filterByTk")
    if isinstance(raw, dict) and "id" not in raw:
        raw = raw.get("filterByTk", raw.get("values"))
    members = raw if isinstance(raw, list) else [raw]
    ids = [convert_id(USERS, one.get("id") if isinstance(one, dict) else one) for one in members]
    found = dict(zip(ids, editing.unit.get_many(USERS, ids), strict=True))
    missing = [Problem(f"there is no user {one}", "id", "RECORD_NOT_FOUND") for one, user in found.items() if user is None]
    if missing:
        raise Invalid.of(missing)
    return {int(one): user for one, user in found.items() if user is not None}
