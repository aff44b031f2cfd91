"""All that the local stack prints while secrets go through it, and whatever else was printed before: a line for each call, and none of the
secrets."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.functional.client import Client
from tests.instances import Instance

Json = Any
CANARY = "Canary7f3aBird"
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def printed(waiting_example: Instance) -> str:
    """What the server has printed when it has served all these calls."""
    serve(Client(waiting_example.port), waiting_example)
    return waiting_example.printed


def serve(stranger: Client, instance: Instance) -> None:
    """Every place where a secret can come in."""
    first = stranger.post("auth:signIn", {"account": ROOT_EMAIL, "password": ROOT_PASSWORD}).ok().data["token"]
    bird = {"username": "canary", "email": f"{CANARY}@example.com", "password": CANARY, "roles": ["root"]}
    stranger.with_token(first).post("users:create", bird).ok()
    token = stranger.post("auth:signIn", {"account": f"{CANARY}@example.com", "password": CANARY}).ok().data["token"]
    assert stranger.post("auth:signIn", {"account": ROOT_EMAIL, "password": f"{CANARY} wrong"}).status == 401
    assert stranger.get("auth:check", token=CANARY).status == 401
    assert stranger.with_token(f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}").get("auth:check").status == 401
    root = stranger.with_token(token)
    key = root.post("apiKeys:create", {"name": "ci", "role": "root"}).ok().data["token"]
    stranger.with_token(key).get("auth:check").ok()
    root.post("collections:create", {"name": "cages", "fields": [{"name": "title", "type": "string", "unique": True}]}).ok()
    root.post("cages:create", {"title": CANARY}).ok()
    assert root.post("cages:create", {"title": CANARY}).status == 400
    assert root.get(f"cages:get/{CANARY}").status == 400
    headers = [{"name": "Authorization", "value": f"Bearer {CANARY}"}]
    request = {"method": "POST", "url": "http://127.0.0.1:1/", "headers": headers, "data": {"secret": CANARY}}
    mail = {"to": ["b@example.com"], "subject": CANARY, "contentType": "text", "text": CANARY}
    schema: Json = {"type": "object", "properties": {"note": {"type": "string"}}}
    form: Json = {"f": {"type": "custom", "schema": schema, "actions": [{"key": "yes", "status": 1}]}}
    manual = {"assignees": ["{{$context.user.id}}"], "title": CANARY, "forms": form}
    for name, sync, nodes in (
        ("asks", True, [{"type": "request", "config": request}]),
        ("mails", True, [{"type": "mailer", "config": mail}]),
        (
            "rests",
            False,
            [{"type": "delay", "config": {"duration": 1, "unit": 1_000, "endStatus": 1}}, {"type": "output", "config": {"value": CANARY}}],
        ),
        ("tasks", False, [{"type": "manual", "config": manual}]),
    ):
        body = {"key": name, "type": "custom-action", "sync": sync, "enabled": True, "config": {"type": 0}, "nodes": nodes}
        root.post("workflows:create", body).ok()
        root.post("workflows:trigger", {"secret": CANARY}, triggerWorkflows=name)
    ends = time.monotonic() + PATIENCE_SECONDS
    tasks: list[Json] = []
    while not (tasks and walks(instance.printed)) and time.monotonic() < ends:
        time.sleep(0.2)
        tasks = root.get("workflowManualTasks:listMine").ok().data
    (task,) = tasks
    assert root.post(f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {"note": CANARY}, "_": "yes"}}).status in (200, 202)


def walks(printed: str) -> list[str]:
    """Its lines about machines of one of these workflows."""
    return [line for line in printed.splitlines() if " walk " in line and "workflow=rests" in line]


def test_every_call_has_a_line_with_its_status_and_what_it_cost(printed: str) -> None:
    lines = [line for line in printed.splitlines() if " call " in line]
    assert any("action=auth:signIn" in line and " status=401" in line for line in lines)
    created = next(line for line in lines if "action=cages:create" in line and " status=200" in line)
    assert "userId=" in created
    assert int(created.rpartition("roundTrips=")[2].split()[0]) in (2, 3)  # 3 in a process that does not know the collection yet
    assert any('"workflow":"asks"' in line for line in lines)


def test_a_walk_of_a_machine_has_one_with_execution_workflow_and_attempt(printed: str) -> None:
    walk = walks(printed)[0]
    assert all(part in walk for part in ("executionId=", "workflow=rests", "attempt=1", "function=run_segment"))


def test_no_secret_is_among_what_is_printed(printed: str) -> None:
    assert CANARY not in printed
    assert "eyJ" not in printed
    assert "_aws" not in printed
