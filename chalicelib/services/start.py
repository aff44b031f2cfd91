"""``app:start``: what an interface needs to begin, in one call: who calls, in which role, and the collections in view.

``roles:check`` and ``collections:listMeta`` tell parts of it, the second only to who manages collections. Here everybody learns of the
collections, fields and actions within reach, and of nothing else. Source: https://docs.nocobase.com/users-permissions/acl/role
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection
from chalicelib.domain.definition import Definition, parse_collection, public_collection
from chalicelib.domain.filter import EVERYTHING, Filter, both, parse_filter
from chalicelib.domain.keys import record_key
from chalicelib.domain.record import Row
from chalicelib.domain.retention import lasting
from chalicelib.domain.role import AREAS, Permit, permit
from chalicelib.domain.status import PENDING
from chalicelib.domain.system_collections import COLLECTIONS, ROLES, USERS, WORKFLOW_CC_TASKS, WORKFLOW_MANUAL_TASKS
from chalicelib.engine.commit import store_errors
from chalicelib.engine.finder import Search, find
from chalicelib.engine.unit_of_work import UnitOfWork
from chalicelib.errors import Json
from chalicelib.services.auth import public_user
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import Caller, default_role, role_names, signed_in

NEEDS = ("view", "create", "update", "destroy", "trigger", "triggerNew")


class Start:
    """The use case over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def start(self, call: Call) -> Answer:
        """The user, its roles (``defaultRole``: in which it begins), the areas that the role manages, and the collections that it may view.

        Of each its fields in view, and in ``may`` what the role may do: by action the fields, ``null`` for all of them. ``tasks``: how many
        are open, as of the last look at them."""

        def act() -> Answer:
            reads, definitions = self._backend.reading()
            caller = signed_in(self._backend, reads, definitions, call)
            keys = [record_key(ROLES.uid, name) for name in role_names(caller.user)]
            reads.load(keys)
            titles = {item["data"]["name"]: item["data"].get("title") for key in keys if (item := reads.items.get(key))}
            now_ms = self._backend.clock.now_ms()
            unit = self._backend.unit(reads, user_id=None, at_ms=now_ms, seed="")
            found = [record.item["data"] for record in find(unit, Search(COLLECTIONS, EVERYTHING)).records]
            shown = (_shown(caller, public_collection(one), parse_collection(one)) for one in found)
            data: Row = {
                "user": public_user(caller.user),
                "role": caller.role_name,
                "defaultRole": default_role(caller.user),
                "roles": [{"name": name, "title": titles.get(name) or name.title()} for name in role_names(caller.user)],
                "manages": [area for area in AREAS if caller.manages(area)],
                "tasks": {
                    "manual": _open_tasks(unit, caller, WORKFLOW_MANUAL_TASKS, lasting(now_ms)),
                    "cc": _open_tasks(unit, caller, WORKFLOW_CC_TASKS, EVERYTHING),
                },
                "collections": [one for one in (*shown, _users(caller)) if one],
            }
            return Answer(data)

        return store_errors(act)


def _open_tasks(unit: UnitOfWork, caller: Caller, tasks: Collection, shown: Filter) -> int:
    open_ones = parse_filter({"userId": caller.id, "status": PENDING}, tasks, lambda name: tasks)
    return len(find(unit, Search(tasks, both(open_ones, shown))).records)


def _users(caller: Caller) -> Row | None:
    """The users, to whom associations of every collection lead."""
    fields: list[Json] = [
        {"name": one.name, "type": one.type} for one in USERS.fields.values() if not one.hidden and not one.is_association
    ]
    return _shown(caller, {"name": USERS.name, "title": "Users", "system": True, "fields": fields}, USERS)


def _shown(caller: Caller, definition: Definition, collection: Collection) -> Row | None:
    """The definition as far as the role may see it; ``None`` when it may not."""
    permits = {need: granted for need in NEEDS if (granted := _permit(caller, collection.name, need)) is not None}
    if "view" not in permits:
        return None
    readable = collection.restricted(permits["view"].fields)
    in_view = {name for name, one in readable.fields.items() if not one.hidden}
    kept = {
        name: definition.get(name) for name in ("name", "title", "idType", "titleField", "formWorkflows", "system") if name in definition
    }
    return kept | {
        "fields": [one for one in definition["fields"] if one["name"] in in_view],
        "may": {need: None if granted.fields is None else sorted(granted.fields) for need, granted in permits.items()},
    }


def _permit(caller: Caller, collection: str, need: str) -> Permit | None:
    return permit(caller.roles, caller.is_root, collection, need)
