"""Asynchronous workflows on `make run`: state machines that really run, waits in real time, and nothing lost when everything is killed.

Most of it happens on the instance with the example; what is killed has a process and a folder of its own.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from local.settings import TOPIC, topic_arn
from tests.functional.test_messages import aws
from tests.instances import CALL_SECONDS, STOP_SECONDS, Instance, all_gone

NOTES = "async_notes"
PROCESSES = 2
PATIENCE_SECONDS = 120.0
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=0"}

Json = Any


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": NOTES, "params": {"values": {"text": text}}}}


def delay(seconds: int, key: str) -> Json:
    return {"type": "delay", "key": key, "title": key, "config": {"duration": seconds, "unit": 1000, "endStatus": 1}}


NODES: list[Json] = [
    note("begun"),
    delay(1, "first"),
    note("waited"),
    {"type": "loop", "key": "thrice", "config": {"target": 3}, "branches": {"0": [delay(1, "round"), note("round")]}},
    note("ended"),
]
WRITTEN = ["begun", "waited", "round", "round", "round", "ended"]


class Stack:
    """An instance with a collection of notes and an asynchronous workflow that writes them."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.client = instance, instance.signed_in()

    def define(self) -> None:
        self.client.call("collections:create", {"name": NOTES, "fields": [{"name": "text", "type": "string"}]})
        body = {"key": "patient", "title": "Patient", "type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}}
        made = self.client.call("workflows:create", body | {"nodes": NODES})["data"]
        assert made["enabled"] is True

    def start(self) -> int:
        (started,) = self.client.call("workflows:trigger", {}, triggerWorkflows="patient")["meta"]["executions"]
        execution_id: int = started["id"]
        return execution_id

    def execution(self, execution_id: int) -> Json:
        return self.client.call(f"executions:get/{execution_id}")["data"]

    def ended(self, execution_id: int) -> Json:
        ends = time.monotonic() + PATIENCE_SECONDS
        while (found := self.execution(execution_id))["status"] in (None, 0):
            assert time.monotonic() < ends, f"{found}\n{self.instance.printed}"
            time.sleep(0.1)
        return found

    def notes(self) -> list[str]:
        return [row["text"] for row in self.client.call(f"{NOTES}:list", sort="id", pageSize=200)["data"]]

    def invoke(self, name: str, event: Json) -> tuple[str | None, Json]:
        """The function's error, as the header tells it, and its answer."""
        address = f"{self.instance.functions}/2015-03-31/functions/{name}/invocations"
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(event).encode(), SIGNED), timeout=CALL_SECONDS) as answer:
            return answer.headers["X-Amz-Function-Error"], json.load(answer)


@pytest.fixture(scope="module")
def running(waiting_example: Instance) -> Stack:
    stack = Stack(waiting_example)
    stack.define()
    return stack


def test_a_workflow_that_waits_runs_to_its_end(running: Stack) -> None:
    before, began = len(running.notes()), time.monotonic()
    execution = running.ended(running.start())
    assert execution["status"] == 1
    assert running.notes()[before:] == WRITTEN
    assert time.monotonic() - began >= 4  # a second before the loop, one in each round


def test_many_wait_at_the_same_time(running: Stack) -> None:
    before = len(running.notes())
    started = [running.start() for _ in range(10)]
    found = [running.ended(execution) for execution in started]
    assert [one["status"] for one in found] == [1] * 10
    assert sorted(running.notes()[before:]) == sorted(WRITTEN * 10)
    assert most_at_once(found) > PROCESSES  # on a machine with time for them all ten


def most_at_once(executions: list[Json]) -> int:
    return max(len([one for one in executions if one["startedAt"] <= other["startedAt"] < one["updatedAt"]]) for other in executions)


def test_of_a_workflow_with_a_limit_one_follows_the_other(running: Stack) -> None:
    """Each waits a second; who ends starts the next one, without the ten seconds after which the sweep looks."""
    limit = {"concurrency": {"limit": 1, "key": "{{$context.data.site}}"}}
    body = {"key": "single", "title": "Single", "type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}}
    running.client.call("workflows:create", body | {"options": limit, "nodes": [delay(1, "only")]})
    started = [
        running.client.call("workflows:trigger", {"site": "nord"}, triggerWorkflows="single")["meta"]["executions"][0]["id"]
        for _ in range(4)
    ]
    found = [running.ended(execution) for execution in started]
    spans = sorted((one["startedAt"], one["updatedAt"]) for one in found)
    assert [one["status"] for one in found] == [1] * 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_a_function_is_called_directly_and_an_old_attempt_changes_nothing(running: Stack) -> None:
    execution = running.start()
    running.ended(execution)
    before = running.notes()
    error, answer = running.invoke("stepbase-local-run_segment", {"executionId": execution, "attempt": 1})
    assert (error, answer["next"]) == (None, "done")
    assert running.invoke("run_segment", {"executionId": 1, "attempt": 1})[0] == "Unhandled"
    assert running.notes() == before


def test_the_functions_are_not_served_to_callers_of_the_api(running: Stack) -> None:
    request = urllib.request.Request(f"{running.client.address}/2015-03-31/functions/run_segment/invocations", b"{}", SIGNED)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=CALL_SECONDS)
    assert caught.value.code == 404
    caught.value.close()


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, list[int]]]:
    """A stack that was killed and started again, and the executions that were under way: one in its loop, one in its first wait, one at its
    start."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    folder = tmp_path_factory.mktemp("killed")
    with Instance(folder, machines=True) as instance:
        before = Stack(instance)
        before.define()
        listening = {"key": "told", "title": "Told", "type": "message", "sync": True, "enabled": True, "config": {"topic": TOPIC}}
        before.client.call("workflows:create", listening | {"nodes": [note("{{$context.data.text}}")]})
        executions = []
        for seconds in (1.7, 0.6, 0.0):
            executions.append(before.start())
            time.sleep(seconds)
        children = instance.descendants()
        assert instance.stop(signal.SIGKILL) == -signal.SIGKILL
    assert all_gone(children, STOP_SECONDS)
    with Instance(folder, port=instance.port) as again:
        yield Stack(again), executions


def test_what_was_killed_goes_on_after_a_restart(restarted: tuple[Stack, list[int]]) -> None:
    after, executions = restarted
    assert [after.ended(execution)["status"] for execution in executions] == [1] * 3
    assert sorted(text for text in after.notes() if text in WRITTEN) == sorted(WRITTEN * 3)


def test_topics_are_there_again_after_a_restart(restarted: tuple[Stack, list[int]]) -> None:
    after, _ = restarted
    after.instance.wait_for_machines()
    client = aws("sns", after.instance.services)
    client.publish(TopicArn=topic_arn(TOPIC), Message=json.dumps({"text": "restarted"}))
    client.close()
    ends = time.monotonic() + PATIENCE_SECONDS
    while "restarted" not in after.notes():
        assert time.monotonic() < ends, after.instance.printed
        time.sleep(0.1)
