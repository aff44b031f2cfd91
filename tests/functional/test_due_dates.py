"""A workflow that starts at a date of each record, on `make run`: at its minute it starts for real, once for each record that is due."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.settings import ROOT_EMAIL
from tests.functional.client import Client, seconds_of
from tests.functional.conftest import refused
from tests.instances import Instance

Json = Any
PATIENCE_SECONDS = 180.0
FIELDS: Json = [
    {"name": "title", "type": "string"},
    {"name": "back", "type": "date"},
    {"name": "day", "type": "dateOnly"},
    {"name": "reader", "type": "belongsTo", "target": "users"},
    {"name": "parts", "type": "hasMany", "target": "loaned", "foreignKey": "wholeId"},
]
NODES: Json = [{"type": "output", "config": {"value": "{{$context.data.title}} {{$context.data.reader.email}}"}}]
CONFIG: Json = {"mode": 1, "collection": "loaned", "startsOn": {"field": "back", "offset": -1, "unit": 86_400_000}, "appends": ["reader"]}


@pytest.fixture(scope="module")
def loaned(waiting_example: Instance, admin: Client) -> Client:
    admin.post("collections:create", {"name": "loaned", "fields": FIELDS}).ok()
    return admin


def workflow(key: str, config: Json, **more: Json) -> Json:
    return {"key": key, "title": key, "type": "schedule", "enabled": True, "config": CONFIG | config, "nodes": NODES} | more


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"startsOn": {"field": "title"}}, "config.startsOn.field"),
        ({"startsOn": {"field": "nothing"}}, "config.startsOn.field"),
        ({"startsOn": "2030-01-01"}, "config.startsOn"),
        ({"endsOn": {"field": "reader"}}, "config.endsOn.field"),
        ({"collection": "nothing"}, "config.collection"),
        ({"collection": "users"}, "config.collection"),
        ({"endsOn": "2020-01-01"}, "config.endsOn"),
    ],
)
def test_a_date_that_no_record_has_is_a_400_with_its_place(loaned: Client, config: Json, path: str) -> None:
    answer = loaned.post("workflows:create", workflow("dateless", config))
    refused(answer, (400,))
    assert [entry["path"] for entry in answer.errors] == [path]
    assert loaned.count("workflows", key="dateless") == 0


def test_records_that_are_due_start_it_at_their_minute(loaned: Client) -> None:
    crowd = {"title": "later", "parts": [{"title": f"later {n}"} for n in range(20)]}
    slow = 20 * seconds_of(lambda: loaned.post("loaned:create", crowd).ok())  # by the minute more than one such call must have been made
    minute = (datetime.now(UTC) + timedelta(seconds=75 + slow)).replace(second=0, microsecond=0)
    back = f"{minute + timedelta(days=1):%Y-%m-%dT%H:%M}:00.000Z"
    there = loaned.post("loaned:create", {"title": "there", "back": back, "reader": 1}).data["id"]
    moved = loaned.post("loaned:create", {"title": "moved", "back": back}).data["id"]
    gone = loaned.post("loaned:create", {"title": "gone", "back": back}).data["id"]
    version = loaned.post("workflows:create", workflow("give_back", {})).data["id"]
    loaned.post("loaned:create", {"title": "whole", "parts": [{"title": f"part {n}", "back": back, "reader": 1} for n in range(20)]}).ok()
    loaned.post(f"loaned:update/{moved}", {"back": "2099-01-01T00:00:00.000Z"}).ok()
    loaned.post(f"loaned:destroy/{gone}").ok()
    loaned.post(f"loaned:update/{there}", {"title": "still there"}).ok()
    assert datetime.now(UTC) < minute, "the machine is too slow"
    rows = _ended(loaned, 21)
    assert datetime.now(UTC) >= minute
    outputs = sorted(loaned.get(f"executions:get/{row['id']}").data["output"] for row in rows)
    assert outputs == sorted([f"still there {ROOT_EMAIL}", *(f"part {n} {ROOT_EMAIL}" for n in range(20))])
    shown = loaned.get(f"executions:get/{rows[0]['id']}").data
    assert shown["context"]["date"] == f"{minute:%Y-%m-%dT%H:%M}:00.000Z"
    time.sleep(2)
    assert len(loaned.get("executions:list", filter={"key": "give_back"}, pageSize=100).data) == 21
    assert [row["workflowId"] for row in rows] == [version] * 21


def _ended(root: Client, number: int) -> Json:
    ends, rows = time.monotonic() + PATIENCE_SECONDS, list[Json]()
    while time.monotonic() < ends and len([row for row in rows if row["status"] == 1]) < number:
        time.sleep(0.5)
        rows = root.get("executions:list", filter={"key": "give_back"}, pageSize=100).data
    assert [row["status"] for row in rows] == [1] * number
    return rows


def test_the_date_that_is_watched_keeps_its_type(loaned: Client) -> None:
    loaned.post("workflows:create", workflow("keeps", {"startsOn": {"field": "day"}})).ok()
    answer = loaned.post("collections/loaned/fields:update/day", {"type": "string"})
    refused(answer, (409,), "keeps")
    refused(loaned.post("collections/loaned/fields:destroy/day"), (400,), "keeps")


def test_by_hand_it_takes_a_record(loaned: Client) -> None:
    version = loaned.post("workflows:create", workflow("by_hand", {}, enabled=False)).data["id"]
    record = loaned.post("loaned:create", {"title": "by hand", "reader": 1}).data["id"]
    answer = loaned.post(f"workflows:execute/{version}", {"data": record})
    assert loaned.get(f"executions:get/{answer.data['execution']['id']}").data["output"] == f"by hand {ROOT_EMAIL}"
