"""A synchronous call that takes too long on `make run`: real seconds, a real machine, a service on loopback that is slow."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functional.client import Client, Reply, seconds_of
from tests.functional.service import Service
from tests.instances import Instance

PATIENCE_SECONDS = 120.0
SPILLS = {"spillToAsync": True}
NOTES = "spilled_notes"

Json = Any


class Stack:
    """The instance that may call the service, with a collection of notes."""

    def __init__(self, instance: Instance, root: Client, service: Service) -> None:
        self.instance, self.root, self.service = instance, root, service
        self.root.post("collections:create", {"name": NOTES, "fields": [{"name": "text", "type": "string"}]}).ok()

    def workflow(self, key: str, nodes: Json, **more: Json) -> None:
        body = {"key": key, "title": key, "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "nodes": nodes}
        self.root.post("workflows:create", body | {"options": SPILLS} | more).ok()

    def notes(self, text: str) -> int:
        return self.root.count(NOTES, text=text)

    def ended(self, location: str) -> Json:
        ends = time.monotonic() + PATIENCE_SECONDS
        while (found := self.root.get(location.removeprefix("/api/"), appends="jobs").data)["status"] in (None, 0):
            assert time.monotonic() < ends, f"{found}\n{self.instance.printed}"
            time.sleep(0.1)
        return found


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": NOTES, "params": {"values": {"text": text}}}}


@pytest.fixture(scope="module")
def stack(waiting_example: Instance, admin: Client, service: Service) -> Stack:
    return Stack(waiting_example, admin, service)


def test_the_client_is_answered_when_it_wished_and_the_run_comes_to_its_end(stack: Stack) -> None:
    nodes = [note("a before"), stack.service.get("a-fast"), stack.service.held("a-slow"), note("a {{$jobsMapByNodeKey.a-fast.data}}")]
    stack.workflow("spilled", nodes)
    began = time.monotonic()
    answer = stack.root.using(Prefer="wait=1", Origin="http://app.example.com").trigger("workflows", "spilled", {})
    assert time.monotonic() - began > 0.9
    (execution,) = answer.executions
    assert (answer.status, execution["key"], execution["spilled"]) == (202, "spilled", True)
    assert answer.headers["location"] == f"/api/executions:get/{execution['id']}"
    assert answer.headers["preference-applied"] == "wait=1"
    assert {"location", "preference-applied"} <= set(answer.headers["access-control-expose-headers"].split(","))
    stack.service.release("a-slow")
    ended = stack.ended(answer.headers["location"])
    assert (ended["status"], ended["spilled"], len(ended["jobs"])) == (1, True, 4)
    assert (stack.notes("a before"), stack.notes("a 42")) == (1, 1)
    assert stack.service.keys("a-fast") == [f"{execution['id']}.#a-fast"]
    assert set(stack.service.keys("a-slow")) == {f"{execution['id']}.#a-slow"}


def test_a_second_try_under_the_key_is_told_the_same_and_starts_nothing(stack: Stack) -> None:
    stack.workflow("replayed", [stack.service.get("b-fast"), stack.service.held("b-slow"), note("b")])
    caller = stack.root.using(Prefer="wait=1", Idempotency_Key="spilling-b")
    first = caller.trigger("workflows", "replayed", {})
    stack.service.release("b-slow")
    stack.ended(first.headers["location"])
    again = caller.elsewhere().trigger("workflows", "replayed", {})
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert (again.headers["location"], again.headers["idempotent-replayed"]) == (first.headers["location"], "true")
    assert (stack.notes("b"), len(stack.service.keys("b-fast"))) == (1, 1)


def test_who_does_not_want_to_wait_at_all_does_not(stack: Stack) -> None:
    """The service has nothing for the run until the client is answered."""
    stack.workflow("at_once", [stack.service.held("c"), note("c")])
    answer = stack.root.using(Prefer="respond-async, wait=0").trigger("workflows", "at_once", {})
    assert answer.status == 202
    stack.service.release("c")
    stack.ended(answer.headers["location"])
    assert (stack.notes("c"), len(stack.service.keys("c"))) == (1, 1)


def test_a_record_is_made_while_its_workflow_runs_on(stack: Stack) -> None:
    nodes = [stack.service.held("d"), note("after {{$context.data.text}}")]
    stack.workflow("saved", nodes, type="action", config={"collection": NOTES})
    answer = stack.root.using(Prefer="wait=1").post(f"{NOTES}:create", {"text": "d"}, triggerWorkflows="saved")
    assert (answer.status, answer.json["data"]["text"], stack.notes("d")) == (202, "d", 1)
    stack.service.release("d")
    assert stack.ended(answer.headers["location"])["status"] == 1
    assert stack.notes("after d") == 1


def test_the_gateways_time_is_never_reached(stack: Stack) -> None:
    """Twenty seconds, then an answer that does not come: with the option 202 in time to write the queue, without it 504 and nothing is
    written. The machine may be slow: how slow, calls tell that are made meanwhile."""
    for key, options in (("long", SPILLS), ("strict", {})):
        stack.workflow(key, [note(key), stack.service.get(f"{key}-1", 20), stack.service.held(f"{key}-2")], options=options)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(timed, stack.root, key) for key in ("long", "strict")]
        slow = 0.0
        while not all(one.done() for one in waiting):
            slow = max(slow, seconds_of(lambda: stack.root.get("app:getInfo").ok()))
            time.sleep(0.5)
        (spilled, spilled_seconds), (refused, refused_seconds) = (one.result() for one in waiting)
    assert (spilled.status, 20 < spilled_seconds < 27 + slow) == (202, True)
    assert (refused.status, refused.codes, refused_seconds < 29 + slow) == (504, ["DEADLINE_EXCEEDED"], True)
    assert "nothing was written" in refused.error_text
    assert (stack.notes("strict"), stack.root.get("executions:list", filter={"key": "strict"}).data) == (0, [])
    for key in ("long", "strict"):
        stack.service.release(f"{key}-2")
    assert stack.ended(spilled.headers["location"])["status"] == 1
    assert (stack.notes("long"), len(stack.service.keys("long-1"))) == (1, 1)


def timed(client: Client, key: str) -> tuple[Reply, float]:
    began = time.monotonic()
    answer = client.elsewhere().trigger("workflows", key, {})
    return answer, time.monotonic() - began


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"sync": False}, "synchronous"),
        (
            {"type": "request-interception", "config": {"collection": NOTES, "global": True, "actions": ["update"]}},
            "request-interception",
        ),
        ({"type": "action", "config": {"collection": NOTES, "atomic": True}}, "atomic"),
        ({"options": {"spillToAsync": "yes"}}, "true or false"),
    ],
)
def test_an_option_that_cannot_be_kept_is_refused_by_name(stack: Stack, changes: Json, word: str) -> None:
    body = {"key": "wrong", "title": "x", "type": "custom-action", "sync": True, "config": {"type": 0}, "options": SPILLS, "nodes": []}
    answer = stack.root.post("workflows:create", body | changes)
    assert (answer.status, [one.get("path") for one in answer.errors]) == (400, ["options.spillToAsync"])
    assert word in answer.error_text
