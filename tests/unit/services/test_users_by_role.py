"""Users found by their roles, and shown with them, as the published client asks."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import Session

Json = Any
ANN, BOB, CID = 5, 6, 7


@pytest.fixture(scope="module")
def root() -> Session:
    session = Session(MemoryStore()).install()
    session.call("roles:create", None, {"name": "memberOfStaff", "title": "Staff"})
    for user, roles in ((ANN, ["member"]), (BOB, ["memberOfStaff"]), (CID, ["admin", "member"])):
        session.call("users:create", None, {"id": user, "username": f"user{user}", "password": "a password 9", "roles": roles})
    return session


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"roles": "member"}, [ANN, CID]),
        ({"roles.name": "member"}, [ANN, CID]),
        ({"roles": {"name": "member"}}, [ANN, CID]),
        ({"roles": {"name": {"$eq": "member"}}}, [ANN, CID]),
        ({"roles.name.$eq": "member"}, [ANN, CID]),
        ({"roles": {"$includes": "member"}}, [ANN, BOB, CID]),
        ({"roles": {"$in": ["admin", "memberOfStaff"]}}, [BOB, CID]),
        ({"roles.name": {"$anyOf": ["admin"]}}, [CID]),
        ({"roles": {"$anyOf": ["admin"]}}, [CID]),
        ({"roles": ["memberOfStaff"]}, [BOB]),
        ({"roles": {"$startsWith": "memberO"}}, [BOB]),
        ({"$not": {"roles": "member"}}, [BOB]),
        ({"roles": {"$exists": False}}, []),
        ({"roles": "nosuch"}, []),
    ],
)
def test_users_are_found_by_role(root: Session, condition: Json, expected: list[int]) -> None:
    found = root.call("users:list", filter={"$and": [{"id": {"$gte": ANN}}, condition]}, sort="id")
    assert [user["id"] for user in found] == expected


@pytest.mark.parametrize("condition", [{"roles.title": "Staff"}, {"roles": {"title": "Staff"}}, {"roles": {"$gtx": 1}}])
def test_what_cannot_be_found_is_refused(root: Session, condition: Json) -> None:
    with pytest.raises(Invalid, match="roles"):
        root.call("users:list", filter=condition)


@pytest.mark.parametrize("appends", ["roles", ["roles"], ["createdBy", "roles"]])
def test_roles_may_be_appended(root: Session, appends: Json) -> None:
    expected = [{"name": "admin", "title": "Admin"}, {"name": "member", "title": "Member"}]
    assert root.call("users:get", CID, appends=appends)["roles"] == expected
    assert root.call("users:list", appends=appends, filter={"id": CID})[0]["roles"] == expected
    assert root.call("users:get", 1, appends=appends)["roles"][0]["title"]


def test_appended_roles_come_beside_the_fields_that_are_asked_for(root: Session) -> None:
    shown = root.call("users:get", BOB, fields="username", appends="roles")
    assert shown.items() >= {"username": f"user{BOB}", "roles": [{"name": "memberOfStaff", "title": "Staff"}]}.items()
    assert "email" not in shown
    with pytest.raises(Invalid, match="nosuch"):
        root.call("users:get", BOB, appends="roles,nosuch")
