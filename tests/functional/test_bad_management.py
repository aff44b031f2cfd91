"""Users, roles and sign-ins that make no sense: refused by name, and nothing is written. Never a 5xx."""

from __future__ import annotations

import json

import pytest

from tests.functional.client import Json
from tests.functional.conftest import refused
from tests.functional.model import Model

MANAGEMENT: list[tuple[str, Json, str]] = [
    ("users:create", {}, ""),
    ("users:create", {"username": "viewer", "password": "long enough 1"}, "username"),
    ("users:create", {"username": 5, "password": "long enough 1"}, "username"),
    ("users:create", {"username": "bad", "password": 5}, "password"),
    ("users:create", {"username": "bad", "password": "x"}, "password"),
    ("users:create", {"username": "bad", "password": "long enough 1", "roles": ["nosuch"]}, "nosuch"),
    ("users:create", {"username": "bad", "password": "long enough 1", "email": "no address"}, "email"),
    ("users:create", {"username": "bad", "password": "long enough 1", "nosuch": 1}, "nosuch"),
    ("users:create", {"username": "bad", "password": "long enough 1", "isRoot": True}, "isRoot"),
    ("users:update/99999", {"nickname": "x"}, ""),
    ("users/1/roles:add", ["nosuch"], "nosuch"),
    ("users/99999/roles:add", ["viewer"], "99999"),
    ("roles:create", {}, "name"),
    ("roles:create", {"name": "viewer"}, "viewer"),
    ("roles:create", {"name": "a b/c"}, "name"),
    ("roles:create", {"name": 5}, "name"),
    ("roles:create", {"name": "bad", "strategy": "view"}, "strategy"),
    ("roles:create", {"name": "bad", "strategy": {"actions": "view"}}, "actions"),
    ("roles:create", {"name": "bad", "strategy": {"actions": ["nosuch"]}}, "nosuch"),
    ("roles/nosuch/resources:create", {"name": "samples", "actions": []}, "nosuch"),
    ("roles/scratch/resources:create", {"name": "nosuch", "usingActionsConfig": True, "actions": []}, "nosuch"),
    ("roles/scratch/resources:create", {"name": "samples", "usingActionsConfig": True, "actions": [{"name": "nosuch"}]}, "actions.0"),
    ("roles/scratch/resources:create", {"name": "samples", "usingActionsConfig": True, "actions": "view"}, "actions"),
    (
        "roles/scratch/resources:create",
        {"name": "samples", "usingActionsConfig": True, "actions": [{"name": "view", "fields": ["nosuch"]}]},
        "nosuch",
    ),
    (
        "roles/scratch/resources:create",
        {"name": "samples", "usingActionsConfig": True, "actions": [{"name": "view", "scope": {"nosuch": 1}}]},
        "nosuch",
    ),
    ("auth:signIn", {}, "username"),
    ("auth:signIn", {"account": "viewer"}, "password"),
    ("auth:signIn", {"account": ["viewer"], "password": "x"}, ""),
    ("auth:signIn", {"account": "viewer", "password": {"$ne": ""}}, ""),
    ("auth:signIn", {"account": "v" * 5000, "password": "p" * 5000}, ""),
]


@pytest.fixture(scope="module")
def scratch(model: Model) -> None:
    """A role that nobody has."""
    model.root.post("roles:create", {"name": "scratch"}).ok()


@pytest.mark.usefixtures("scratch", "nothing_written")
class TestManagement:
    @pytest.mark.parametrize(("path", "body", "named"), MANAGEMENT, ids=[f"{path} {json.dumps(body)[:60]}" for path, body, _ in MANAGEMENT])
    def test_a_bad_user_role_or_sign_in_is_refused_by_name(self, model: Model, path: str, body: Json, named: str) -> None:
        roles = model.root.get("roles/scratch/resources:list")
        answer = model.root.post(path, body)
        if path.startswith("users:update") and answer.status == 200:
            assert answer.data == []
        else:
            refused(answer, (400, 401, 404, 409), named)
        assert model.root.get("roles/scratch/resources:list").json == roles.json

    def test_the_root_user_and_the_root_role_are_not_removed(self, model: Model) -> None:
        identity = model.root.get("auth:check").data["id"]
        for path in (f"users:destroy/{identity}", "roles:destroy/root"):
            answer = model.root.post(path)
            assert 400 <= answer.status < 500 or answer.data == 0, path
            assert model.root.get("workflows:list").status == 200, path
