"""What moves on though nobody calls: over the real server, whose sweep runs beside the workers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.functional.client import Client

Json = Any
RECORDS, WAIT_SECONDS = 1_500, 150.0


def settled(root: Client, name: str) -> Json:
    """The definition once no job is left or the job has failed; nothing but ``collections:get`` is called meanwhile."""
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        shown = root.get(f"collections:get/{name}").data
        job = shown.get("reindex", {"state": "done"})
        if job["state"] in ("done", "failed") and not any(field.get("building") for field in shown["fields"]):
            return shown
        time.sleep(0.5)
    pytest.fail(f"still at work: {shown}")


@pytest.fixture(scope="module")
def crowd(admin: Client) -> Client:
    """Its first user, and ``crowd_swept`` with 1,500 records."""
    root = admin
    fields = [{"name": "title", "type": "string"}, {"name": "size", "type": "string"}, {"name": "word", "type": "string"}]
    root.post("collections:create", {"name": "crowd_swept", "fields": fields}).ok()
    members = {"name": "members", "type": "hasMany", "target": "crowd_swept", "foreignKey": "partyId"}
    root.post("collections:create", {"name": "parties", "fields": [members]}).ok()
    for start in range(0, RECORDS, 75):
        rows = [{"title": f"t{n % 7}", "size": str(n), "word": f"w{n}"} for n in range(start, start + 75)]
        root.post("parties:create", {"members": rows}).ok()
    assert root.count("crowd_swept") == RECORDS
    return root


def test_a_changed_field_of_a_large_collection_is_ready_without_another_call(crowd: Client) -> None:
    made = crowd.post("collections/crowd_swept/fields:update/title", {"index": True}).data
    assert made["building"] is True
    assert settled(crowd, "crowd_swept").get("reindex") is None
    answer = crowd.get("crowd_swept:list", filter={"title": "t3"}, pageSize=1, plan=1)
    assert answer.meta["plan"]["index"] == "title"
    assert answer.meta["count"] == len([n for n in range(RECORDS) if n % 7 == 3])


def test_a_type_that_the_values_refuse_stays_and_the_field_says_why(crowd: Client) -> None:
    asked = crowd.post("collections/crowd_swept/fields:update/word", {"type": "integer"}).data
    assert (asked["type"], asked["building"], asked["becoming"]) == ("string", True, "integer")
    shown = settled(crowd, "crowd_swept")
    word = next(field for field in shown["fields"] if field["name"] == "word")
    assert (word["type"], shown["reindex"]["state"]) == ("string", "failed")
    assert {problem["code"] for problem in word["problems"]} == {"NOT_CONVERTIBLE"}
    assert crowd.count("crowd_swept", word="w42") == 1
