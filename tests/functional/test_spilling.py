"""A synchronous call that takes too long on `make run`: real seconds, a real machine, a service on loopback that is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.functional.client import Client, Reply
from tests.functional.test_make_run import Instance, free_port

PATIENCE_SECONDS = 90.0
SPILLS = {"spillToAsync": True}

Json = Any


class Service:
    """Answers ``/<seconds>/<name>`` after so many seconds, and writes down who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, seconds, name = self.path.split("/")
                asked.append((name, self.headers["Idempotency-Key"]))
                time.sleep(float(seconds))
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"42")
                except OSError:
                    return  # nobody waits any more

            def log_message(self, format: str, *parts: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, seconds: float, name: str) -> Json:
        url = f"http://127.0.0.1:{self.server.server_address[1]}/{seconds}/{name}"
        return {"type": "request", "key": name, "config": {"url": url, "method": "GET", "timeout": 25_000}}

    def keys(self, name: str) -> list[str | None]:
        return [key for asked, key in self.asked if asked == name]


class Stack:
    """One instance that may call the service, with a collection of notes."""

    def __init__(self, data_dir: Path, service: Service) -> None:
        port = free_port()
        allowed = f"127.0.0.1:{service.server.server_address[1]}"
        self.service = service
        self.instance = Instance(port, data_dir, WORKERS="2", FUNCTIONS_PORT=str(free_port()), REQUEST_ALLOWED_HOSTS=allowed)
        self.instance.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)
        self.root = Client(port).with_token(self.instance.client.token)
        self.root.post("collections:create", {"name": "notes", "fields": [{"name": "text", "type": "string"}]}).ok()
        self._wait_for_machines()

    def _wait_for_machines(self) -> None:
        """Until Step Functions takes a machine: on a busy machine its first answers are late, and the product says 503."""
        body = {"title": "First", "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "options": SPILLS}
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.root.post("workflows:create", body | {"nodes": [note("first")]}).status == 503:
            assert time.monotonic() < ends, self.instance.printed
            time.sleep(1)

    def workflow(self, key: str, nodes: Json, **more: Json) -> None:
        body = {"key": key, "title": key, "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "nodes": nodes}
        self.root.post("workflows:create", body | {"options": SPILLS} | more).ok()

    def notes(self, text: str) -> int:
        return self.root.count("notes", text=text)

    def ended(self, location: str) -> Json:
        ends = time.monotonic() + PATIENCE_SECONDS
        while (found := self.root.get(location.removeprefix("/api/"), appends="jobs").data)["status"] in (None, 0):
            assert time.monotonic() < ends, f"{found}\n{self.instance.printed}"
            time.sleep(0.1)
        return found


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "notes", "params": {"values": {"text": text}}}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    service = Service()
    made = Stack(tmp_path_factory.mktemp("spilling"), service)
    yield made
    made.instance.stop()
    service.server.shutdown()
    service.server.server_close()


def test_the_client_is_answered_when_it_wished_and_the_run_comes_to_its_end(stack: Stack) -> None:
    nodes = [note("a before"), stack.service.get(0, "a-fast"), stack.service.get(8, "a-slow"), note("a {{$jobsMapByNodeKey.a-fast.data}}")]
    stack.workflow("spilled", nodes)
    began = time.monotonic()
    answer = stack.root.using(Prefer="wait=1", Origin="http://app.example.com").trigger("workflows", "spilled", {})
    assert 0.9 < time.monotonic() - began < 8
    (execution,) = answer.executions
    assert (answer.status, execution["key"], execution["spilled"]) == (202, "spilled", True)
    assert answer.headers["location"] == f"/api/executions:get/{execution['id']}"
    assert answer.headers["preference-applied"] == "wait=1"
    assert {"location", "preference-applied"} <= set(answer.headers["access-control-expose-headers"].split(","))
    ended = stack.ended(answer.headers["location"])
    assert (ended["status"], ended["spilled"], len(ended["jobs"])) == (1, True, 4)
    assert (stack.notes("a before"), stack.notes("a 42")) == (1, 1)
    assert stack.service.keys("a-fast") == [f"{execution['id']}.#a-fast"]
    assert set(stack.service.keys("a-slow")) == {f"{execution['id']}.#a-slow"}


def test_a_second_try_under_the_key_is_told_the_same_and_starts_nothing(stack: Stack) -> None:
    stack.workflow("replayed", [stack.service.get(0, "b-fast"), stack.service.get(3, "b-slow"), note("b")])
    caller = stack.root.using(Prefer="wait=1", Idempotency_Key="spilling-b")
    first = caller.trigger("workflows", "replayed", {})
    stack.ended(first.headers["location"])
    again = caller.elsewhere().trigger("workflows", "replayed", {})
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert (again.headers["location"], again.headers["idempotent-replayed"]) == (first.headers["location"], "true")
    assert (stack.notes("b"), len(stack.service.keys("b-fast"))) == (1, 1)


def test_who_does_not_want_to_wait_at_all_does_not(stack: Stack) -> None:
    stack.workflow("at_once", [stack.service.get(5, "c"), note("c")])
    began = time.monotonic()
    answer = stack.root.using(Prefer="respond-async, wait=0").trigger("workflows", "at_once", {})
    assert (answer.status, time.monotonic() - began < 5) == (202, True)
    stack.ended(answer.headers["location"])
    assert (stack.notes("c"), len(stack.service.keys("c"))) == (1, 1)


def test_a_record_is_made_while_its_workflow_runs_on(stack: Stack) -> None:
    nodes = [stack.service.get(3, "d"), note("after {{$context.data.text}}")]
    stack.workflow("saved", nodes, type="action", config={"collection": "notes"})
    answer = stack.root.using(Prefer="wait=1").post("notes:create", {"text": "d"}, triggerWorkflows="saved")
    assert (answer.status, answer.json["data"]["text"], stack.notes("d")) == (202, "d", 1)
    assert stack.ended(answer.headers["location"])["status"] == 1
    assert stack.notes("after d") == 1


def test_the_gateways_time_is_never_reached(stack: Stack) -> None:
    """Twenty seconds twice: with the option 202 in time to write the queue, without it 504 and nothing is written."""
    for key, options in (("long", SPILLS), ("strict", {})):
        stack.workflow(key, [note(key), stack.service.get(20, f"{key}-1"), stack.service.get(20, f"{key}-2")], options=options)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(timed, stack.root, key) for key in ("long", "strict")]
        (spilled, spilled_seconds), (refused, refused_seconds) = (one.result() for one in waiting)
    assert (spilled.status, 20 < spilled_seconds < 27) == (202, True)
    assert (refused.status, refused.codes, refused_seconds < 29) == (504, ["DEADLINE_EXCEEDED"], True)
    assert "nothing was written" in refused.error_text
    assert (stack.notes("strict"), stack.root.get("executions:list", filter={"key": "strict"}).data) == (0, [])
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
            {"type": "request-interception", "config": {"collection": "notes", "global": True, "actions": ["update"]}},
            "request-interception",
        ),
        ({"type": "action", "config": {"collection": "notes", "atomic": True}}, "atomic"),
        ({"options": {"spillToAsync": "yes"}}, "true or false"),
    ],
)
def test_an_option_that_cannot_be_kept_is_refused_by_name(stack: Stack, changes: Json, word: str) -> None:
    body = {"key": "wrong", "title": "x", "type": "custom-action", "sync": True, "config": {"type": 0}, "options": SPILLS, "nodes": []}
    answer = stack.root.post("workflows:create", body | changes)
    assert (answer.status, [one.get("path") for one in answer.errors]) == (400, ["options.spillToAsync"])
    assert word in answer.error_text
