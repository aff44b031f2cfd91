"""The first user and the stock roles, made once. Two processes that begin at the same moment make them once, too."""

from __future__ import annotations

from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import RECORDS, Absent, Key, Put, Update
from chalicelib.domain.role import STOCK_ROLES
from chalicelib.domain.system_collections import ROLES, USERS
from chalicelib.engine.commit import AlreadyCommitted, commit, store_errors
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.services.backend import Backend

INSTALLED = Key(RECORDS, "installed", "installed")
ROOT_ROLES = ("root", "admin", "member")


def is_installed(backend: Backend) -> bool:
    """Whether `install` has been done. Raises Unavailable."""
    return bool(store_errors(lambda: backend.store.batch_get([INSTALLED])))


def install(backend: Backend, email: str, password: str) -> bool:
    """Make the first user (role ``root``) and the stock roles; False when that was done before. Raises Invalid."""
    if is_installed(backend):
        return False
    reads, definitions = backend.reading()
    now_ms = backend.clock.now_ms()
    unit = backend.unit(reads, user_id=None, at_ms=now_ms, seed="install")
    records = UnitRecords(unit, definitions, now_ms=now_ms)
    for role in STOCK_ROLES.values():
        if role["name"] != "root":
            unit.create(ROLES, role | {"id": role["name"], "resources": {}})
    user = {"email": email, "username": "root", "nickname": "Super Admin", "password": backend.passwords.hash(password)}
    records.create_record(USERS, user | {"id": 1, "roles": list(ROOT_ROLES), "defaultRole": "root", "systemSettings": {}})
    mark = Tagged(Put(RECORDS, {"pk": INSTALLED.pk, "sk": INSTALLED.sk, "value": backend.now()}, Absent()), "execution")
    try:
        commit(backend.store, backend.clock, [mark, Tagged(Update(EPOCH, add={"value": 1}), "other"), *unit.writes()])
    except AlreadyCommitted:
        return False
    return True
