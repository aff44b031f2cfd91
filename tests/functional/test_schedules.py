"""A schedule on `make run`: it is refused or kept as it should be, and at its minute it fires for real, once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functional.client import Client, seconds_of
from tests.functional.conftest import refused
from tests.instances import Instance

Json = Any
PATIENCE_SECONDS = 180.0
NODES = [{"type": "output", "config": {"value": "{{$context.date}}"}}]


@pytest.fixture(scope="module")
def root(waiting_example: Instance, admin: Client) -> Client:
    return admin


def workflow(key: str, config: Json, **more: Json) -> Json:
    return {"key": key, "title": key, "type": "schedule", "enabled": True, "config": config, "nodes": NODES} | more


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}:00.000Z"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"mode": 0, "repeat": "0 0 30 2 *"}, "config.repeat"),
        ({"mode": 0, "repeat": "0 9 * * *", "timezone": "Europe/Berln"}, "config.timezone"),
        ({"mode": 0, "startsOn": "2030-01-02", "endsOn": "2030-01-01"}, "config.endsOn"),
        ({"mode": 0, "startsOn": "2030-01-02", "repeat": 30_000}, "config.repeat"),
        ({"mode": 0, "startsOn": "2020-01-02"}, "config.startsOn"),
        ({"mode": 1, "startsOn": {"field": "createdAt"}}, "config.collection"),
    ],
)
def test_times_that_make_no_sense_are_a_400_with_their_place(root: Client, config: Json, path: str) -> None:
    answer = root.post("workflows:create", workflow("senseless", config))
    refused(answer, (400,))
    assert [entry["path"] for entry in answer.errors] == [path]
    assert root.count("workflows", key="senseless") == 0


def test_a_minute_comes_and_the_workflow_starts_once(root: Client) -> None:
    """Once for the minute: on a slow machine the next may come before this is seen."""
    slow = 50 * seconds_of(lambda: root.count("workflows"))
    start = datetime.now(UTC) + timedelta(seconds=65 + slow)
    version = root.post("workflows:create", workflow("each_minute", {"mode": 0, "startsOn": iso(start), "repeat": 60_000})).data["id"]
    ends, rows = time.monotonic() + PATIENCE_SECONDS, list[Json]()
    while time.monotonic() < ends and not (rows and rows[0]["status"] == 1):
        time.sleep(0.5)
        rows = root.get("executions:list", filter={"key": "each_minute"}, sort="id").data
    root.post(f"workflows:update/{version}", {"enabled": False}).ok()
    assert rows, "it has not started"
    assert rows[0]["status"] == 1
    shown = root.get(f"executions:get/{rows[0]['id']}").data
    assert shown["context"] == {"date": iso(start)}
    assert shown["output"] == iso(start)
    time.sleep(2)
    minutes = int((datetime.now(UTC) - start.replace(second=0, microsecond=0)).total_seconds() // 60)
    dates = [row["context"]["date"] for row in root.get("executions:list", filter={"key": "each_minute"}, sort="id").data]
    assert dates == [iso(start + timedelta(minutes=number)) for number in range(len(dates))]
    assert len(dates) <= 1 + minutes


def test_a_call_with_a_time_is_made_then_and_not_before(root: Client) -> None:
    root.post("collections:create", {"name": "errands", "fields": [{"name": "text", "type": "string"}]}).ok()
    node = {"type": "create", "config": {"collection": "errands", "params": {"values": {"text": "{{$context.data.text}}"}}}}
    body = {"key": "errand", "title": "errand", "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}}
    root.post("workflows:create", body | {"nodes": [node]}).ok()
    for seconds in (4, 16, 64):
        at = f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"
        answer = root.post("workflows:trigger", {"text": "milk"}, triggerWorkflows="errand", runAt=at)
        if answer.status == 202:  # on a slow machine the time may be past by now
            break
    assert (answer.status, answer.meta["scheduled"]["runAt"]) == (202, at)
    assert root.count("errands") == 0 or datetime.now(UTC) >= datetime.fromisoformat(at)
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends and root.get("scheduledCalls:list").data[0]["state"] in ("waiting", "running"):
        time.sleep(0.3)
    assert datetime.now(UTC) >= datetime.fromisoformat(at)
    assert root.get("scheduledCalls:list").data[0]["state"] == "done"
    assert root.count("errands", text="milk") == 1


def test_a_call_with_a_time_that_is_past_is_a_400(root: Client) -> None:
    answer = root.post("workflows:trigger", {}, triggerWorkflows="errand", runAt="2020-01-01")
    refused(answer, (400,), "in the past")
