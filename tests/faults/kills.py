"""A whole local stack whose processes are killed, and callers who want something of it all the while.

Who is killed: everything at once, DynamoDB Local too (its file survives: what a process has written, its end does not take back); the
server, with which the stack ends; one of the workers; the sweeper; Step Functions, which forgets all that it ran. What comes back by
itself is left to, the rest is started again over the same folder.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.functional.client import Client, Reply
from tests.instances import STOP_SECONDS, Instance, all_gone, free_port

Json = Any
PATIENCE_SECONDS = 120.0
PAGE = 200
AGAIN = (409, 500, 502, 503, 504)
TARGETS = {"all": 4, "server": 1, "worker": 3, "sweeper": 1, "machines": 2}  # with how often each is drawn


def note(text: str) -> Json:
    values = {"text": "{{$context.data.tag}} " + text}
    return {"type": "create", "config": {"collection": "notes", "params": {"values": values}}}


def delay(seconds: int) -> Json:
    return {"type": "delay", "config": {"duration": seconds, "unit": 1_000, "endStatus": 1}}


CHILD = {"type": "subflow", "config": {"workflow": "child", "context": {"tag": "{{$context.data.tag}}"}}}
FLOWS: dict[str, list[Json]] = {
    "child": [delay(1), note("child")],
    "delay": [note("begun"), delay(1), note("waited"), delay(1), note("ended")],
    "loop": [{"type": "loop", "config": {"target": 3}, "branches": {"0": [delay(1), note("round")]}}, note("ended")],
    "race": [
        {
            "type": "parallel",
            "config": {"mode": "race"},
            "branches": {"1": [delay(1), note("first")], "2": [delay(3_600), note("second")]},
        },
        note("ended"),
    ],
    "subflow": [note("begun"), CHILD, note("ended")],
}
LEFT: dict[str, list[str]] = {
    "delay": ["begun", "waited", "ended"],
    "loop": ["round", "round", "round", "ended"],
    "race": ["first", "ended"],
    "subflow": ["begun", "child", "ended"],
}


class Stack:
    """One folder, and whatever runs over it now."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir, self._port = data_dir, free_port()
        self.client = Client(self._port)
        self._callers: list[threading.Thread] = []
        self.answered: dict[str, int] = {}
        self._start()

    def _start(self) -> None:
        self._instance = Instance(self._data_dir, port=self._port, LOG_LEVEL="ERROR")

    def define(self) -> None:
        """Sign in, and make the collection and the workflows."""
        self._instance.wait_for_machines()
        answer = self.client.post("auth:signIn", {"account": ROOT_EMAIL, "password": ROOT_PASSWORD})
        self.client = self.client.with_token(answer.data["token"])
        self.client.post("collections:create", {"name": "notes", "fields": [{"name": "text", "type": "string"}]}).ok()
        common = {"type": "custom-action", "sync": False, "enabled": True, "config": {"type": 0}}
        for key, nodes in FLOWS.items():
            self.client.post("workflows:create", {**common, "key": key, "title": key, "nodes": nodes}).ok()

    def stop(self) -> None:
        self._instance.stop()

    def call_all(self, mark: str) -> None:
        """Somebody triggers every workflow, each until it is answered, with the same Idempotency-Key."""
        for key in LEFT:
            caller = threading.Thread(target=self._trigger, args=(key, f"{key}-{mark}"))
            caller.start()
            self._callers.append(caller)

    def _trigger(self, key: str, tag: str) -> None:
        with_key = self.client.using(Idempotency_Key=tag)
        reply = persistently(lambda: with_key.trigger("workflows", key, {"tag": tag}))
        self.answered[tag] = reply.executions[0]["id"]

    def kill(self, target: str) -> bool:
        """Whether there was something to kill. What does not come back by itself is started again."""
        pids = self._pids(target)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if target in ("all", "server"):
            everyone = [*pids, *self._instance.descendants()]
            self._instance.stop(signal.SIGKILL)
            assert all_gone(everyone, STOP_SECONDS)
            self._start()
        return bool(pids)

    def _pids(self, target: str) -> list[int]:
        """In the order in which they are killed. Workers are told from the sweeper by what they listen on."""
        everyone = self._instance.descendants()
        servers = [pid for pid in everyone if "local.server" in command_of(pid)]
        found = {
            "all": [self._instance.process.pid, *everyone],
            "server": servers[:1],
            "worker": [pid for pid in servers[1:] if is_worker(pid)][:1],
            "sweeper": [pid for pid in servers[1:] if not is_worker(pid)][-1:],  # not who waits for its end to fork it again
            "machines": [pid for pid in everyone if "local.stepfunctions" in command_of(pid)],
        }
        return found[target]

    def answer_all(self) -> None:
        """Until every caller has an answer; who kills faster than that keeps callers from ever getting one."""
        for caller in self._callers:
            caller.join()
        self._callers.clear()

    def settle(self) -> None:
        """Until every execution has ended, or none has for a while: what many kills left behind takes its time."""
        left, ends = 0, 0.0
        while under_way := sum(one["status"] in (None, 0) for one in self.executions()):
            if under_way != left:
                left, ends = under_way, time.monotonic() + PATIENCE_SECONDS
            elif time.monotonic() > ends:
                return
            time.sleep(0.5)

    def executions(self) -> list[Json]:
        return [one for key in FLOWS for one in self._rows("executions", filter={"key": key})]

    def notes(self) -> Counter[str]:
        return Counter(row["text"] for row in self._rows("notes"))

    def _rows(self, resource: str, **query: Json) -> list[Json]:
        rows: list[Json] = []
        for page in range(1, 1_000):
            reply = persistently(lambda page=page: self.client.get(f"{resource}:list", sort="id", pageSize=PAGE, page=page, **query))  # type: ignore[misc]
            rows += reply.data
            if len(reply.data) < PAGE:
                break
        return rows


def persistently(call: Callable[[], Reply]) -> Reply:
    """The answer, asked for again while there is none. Raises TimeoutError with what was heard last."""
    ends, heard = time.monotonic() + PATIENCE_SECONDS, "nothing"
    while time.monotonic() < ends:
        try:
            reply = call()
        except (OSError, HTTPException) as error:
            heard = repr(error)
        else:
            if reply.status not in AGAIN:
                return reply
            heard = str(reply)
        time.sleep(0.1)
    raise TimeoutError(f"no answer, at last {heard}")


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def is_worker(pid: int) -> bool:
    """gunicorn's workers poll their sockets; nothing else that is forked from the server does."""
    with suppress(OSError):
        return any("eventpoll" in os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False
