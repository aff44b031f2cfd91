"""API keys over HTTP, on every worker at once (https://docs.nocobase.com/auth-verification/api-keys)."""

from __future__ import annotations

import time

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, make_user


def made(owner: Client, name: str, role: str, life: str = "30d") -> str:
    return str(owner.post("apiKeys:create", {"name": name, "role": {"name": role}, "expiresIn": life}).data["token"])


def identity(owner: Client, name: str) -> int:
    return int(next(key["id"] for key in owner.get("apiKeys:list", pageSize=200).data if key["name"] == name))


def test_a_key_reads_writes_and_presses_the_button(model: Model, stranger: Client) -> None:
    key = stranger.with_token(made(model.root, "robot", "root"))
    sample = key.post("samples:create", {"title": "by key", "indicator": 95}).data["id"]
    assert key.get("samples:list", pageSize=1, fields="id").status == 200
    assert key.trigger(f"samples/{sample}", "submit").status == 200
    assert model.read(sample)["status"] == "Submitted"


def test_a_removed_key_is_refused_by_every_worker(model: Model, stranger: Client) -> None:
    key = stranger.with_token(made(model.root, "short-lived", "root"))
    for _ in range(4):
        assert key.elsewhere().get("auth:check").status == 200
    assert model.root.post(f"apiKeys:destroy/{identity(model.root, 'short-lived')}").data == 1
    for _ in range(4):
        refused = key.elsewhere().get("samples:list")
        assert (refused.status, refused.codes) == (401, ["BLOCKED_TOKEN"])


def test_a_key_that_is_over_is_a_401(model: Model, stranger: Client) -> None:
    key = stranger.with_token(made(model.root, "a second", "root", "1s"))
    time.sleep(1.2)
    refused = key.get("samples:list")
    assert (refused.status, refused.codes) == (401, ["INVALID_TOKEN"])


def test_a_keys_role_wins_over_the_header(root: Client, stranger: Client) -> None:
    user = make_user(root, stranger, "keyowner", ["member", "admin"])
    key = stranger.with_token(made(user, "as member", "member")).using(X_Role="admin")
    assert key.get("auth:check").data["currentRole"] == "member"
    assert key.get("workflows:list").status == 403


def test_keys_are_their_owners(model: Model, root: Client) -> None:
    viewer = model.users["viewer"]
    made(viewer, "viewers", "viewer")
    assert "viewers" not in [key["name"] for key in root.get("apiKeys:list", pageSize=200).data]
    assert root.post(f"apiKeys:destroy/{identity(viewer, 'viewers')}").data == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": "x", "role": {"name": "admin"}}, "role"),
        ({"name": "x", "role": "viewer", "expiresIn": "soon"}, "expiresIn"),
        ({"name": "x", "role": "viewer", "userId": 1}, "userId"),
        ([], "body"),
    ],
)
def test_a_key_that_cannot_be_is_a_400_with_its_path(model: Model, body: Json, path: str) -> None:
    answer = model.users["viewer"].post("apiKeys:create", body)
    assert answer.status == 400
    assert path in [entry.get("path") for entry in answer.errors]
