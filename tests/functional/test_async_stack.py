"""Asynchronous workflows on `make run`: state machines that really run, waits in real time, and nothing lost when everything is killed.

Each instance is a real process with a folder of its own, started with what a person has: one command.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.functional.test_make_run import STOP_SECONDS, Instance, all_gone, free_port

PATIENCE_SECONDS = 120.0
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=0"}

Json = Any


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "notes", "params": {"values": {"text": text}}}}


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
    """One instance with a collection of notes and an asynchronous workflow that writes them."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.functions_port = free_port()
        self.instance = Instance(port, data_dir, WORKERS="2", FUNCTIONS_PORT=str(self.functions_port))
        self.client = self.instance.client
        self.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)

    def define(self) -> None:
        self.client.call("collections:create", {"name": "notes", "fields": [{"name": "text", "type": "string"}]})
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
        return [row["text"] for row in self.client.call("notes:list", sort="id", pageSize=200)["data"]]

    def invoke(self, name: str, event: Json) -> tuple[str | None, Json]:
        """The function's error, as the header tells it, and its answer."""
        address = f"http://127.0.0.1:{self.functions_port}/2015-03-31/functions/{name}/invocations"
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(event).encode(), SIGNED), timeout=30) as answer:
            return answer.headers["X-Amz-Function-Error"], json.load(answer)


@pytest.fixture(scope="module")
def stacks() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def running(stacks: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = Stack(tmp_path_factory.mktemp("async"), free_port())
    stacks.callback(stack.instance.stop)
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
    assert max(one["startedAt"] for one in found) < min(one["updatedAt"] for one in found)  # all of them ran when the first one ended


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
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 404
    caught.value.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_was_killed_goes_on_after_a_restart(stacks: ExitStack, tmp_path: Path) -> None:
    """One in its loop, one in its first wait, one at its start."""
    port = free_port()
    before = Stack(tmp_path, port)
    stacks.callback(before.instance.stop)
    before.define()
    executions = []
    for seconds in (1.7, 0.6, 0.0):
        executions.append(before.start())
        time.sleep(seconds)
    children = before.instance.descendants()
    assert before.instance.stop(signal.SIGKILL) == -signal.SIGKILL
    assert all_gone(children, STOP_SECONDS)

    after = Stack(tmp_path, port)
    stacks.callback(after.instance.stop)
    assert [after.ended(execution)["status"] for execution in executions] == [1] * 3
    assert sorted(after.notes()) == sorted(WRITTEN * 3)
