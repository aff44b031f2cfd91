"""All that the local stack prints while secrets go through it: a line for each call, and none of the secrets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional.client import Client
from tests.functional.conftest import EMAIL, ROOT, ROOT_PASSWORD, STOP_SECONDS, wait_until_ready

Json = Any
CANARY = "Canary7f3aBird"
PATIENCE_SECONDS = 90.0


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server of its own has printed when it has served all these calls and stopped."""
    folder = tmp_path_factory.mktemp("told")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {"PORT": str(port), "DATA_DIR": str(folder), "EXAMPLE": "0", "INIT_ROOT_EMAIL": EMAIL, "INIT_ROOT_PASSWORD": ROOT_PASSWORD}
    log = folder / "printed"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "local"]
        environment = os.environ | settings | {"LOG_LEVEL": "INFO"}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, port, log)
        serve(Client(port), log)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
    return log.read_text()


def serve(stranger: Client, log: Path) -> None:
    """Every place where a secret can come in."""
    first = stranger.post("auth:signIn", {"account": EMAIL, "password": ROOT_PASSWORD}).ok().data["token"]
    ann = {"username": "ann", "email": f"{CANARY}@example.com", "password": CANARY, "roles": ["root"]}
    stranger.with_token(first).post("users:create", ann).ok()
    token = stranger.post("auth:signIn", {"account": f"{CANARY}@example.com", "password": CANARY}).ok().data["token"]
    assert stranger.post("auth:signIn", {"account": EMAIL, "password": f"{CANARY} wrong"}).status == 401
    assert stranger.get("auth:check", token=CANARY).status == 401
    assert stranger.with_token(f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}").get("auth:check").status == 401
    root = stranger.with_token(token)
    key = root.post("apiKeys:create", {"name": "ci", "role": "root"}).ok().data["token"]
    stranger.with_token(key).get("auth:check").ok()
    root.post("collections:create", {"name": "samples", "fields": [{"name": "title", "type": "string", "unique": True}]}).ok()
    root.post("samples:create", {"title": CANARY}).ok()
    assert root.post("samples:create", {"title": CANARY}).status == 400
    assert root.get(f"samples:get/{CANARY}").status == 400
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
            "later",
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
    while not (tasks and " walk " in log.read_text()) and time.monotonic() < ends:
        time.sleep(0.2)
        tasks = root.get("workflowManualTasks:listMine").ok().data
    (task,) = tasks
    assert root.post(f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {"note": CANARY}, "_": "yes"}}).status in (200, 202)


def test_every_call_has_a_line_with_its_status_and_what_it_cost(printed: str) -> None:
    lines = [line for line in printed.splitlines() if " call " in line]
    assert any("action=auth:signIn" in line and " status=401" in line for line in lines)
    created = next(line for line in lines if "action=samples:create" in line and " status=200" in line)
    assert "userId=" in created
    assert int(created.rpartition("roundTrips=")[2].split()[0]) in (2, 3)  # 3 in a process that does not know the collection yet
    assert any('"workflow":"asks"' in line for line in lines)


def test_a_walk_of_a_machine_has_one_with_execution_workflow_and_attempt(printed: str) -> None:
    walk = next(line for line in printed.splitlines() if " walk " in line)
    assert all(part in walk for part in ("executionId=", "workflow=later", "attempt=1", "function=run_segment"))


def test_no_secret_is_among_what_is_printed(printed: str) -> None:
    assert CANARY not in printed
    assert "eyJ" not in printed
    assert "_aws" not in printed
