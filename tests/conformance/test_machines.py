"""Every case once more, as an asynchronous workflow: compiled to a state machine, its functions called as Step Functions would."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chalicelib.adapters.tokens import TokenSigner
from chalicelib.asl.lint import problems_of_machine
from chalicelib.domain.instants import iso_text
from chalicelib.domain.status import QUEUEING
from chalicelib.engine.compiler import Functions, compile_workflow
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution
from chalicelib.engine.stored_jobs import parse_jobs, read_all
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.backend import Backend, NoMachines
from chalicelib.services.call import Call
from chalicelib.services.manual_tasks import ManualTasks
from tests.conformance.test_conformance import CASES, NOW_MS, USER, Bench, matches
from tests.machine import Failed, Machine, Waiting
from tests.sessions import SECRET, PlainPasswords

FUNCTIONS = Functions("arn:aws:lambda:us-east-1:123456789012:function:run", "arn:aws:lambda:us-east-1:123456789012:function:wait")
EXECUTION_ID = 1


class Told(NoMachines):
    """The machine is walked by the test; here is only what it was sent."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def send(self, token: str) -> bool:
        self.tokens.append(token)
        return True


class AsyncBench(Bench):
    """One case run by a machine."""

    def __init__(self, case: dict[str, Any]) -> None:
        super().__init__(case | {"workflow": case["workflow"] | {"sync": False}})

    def start(self) -> Machine:
        """Commits a queued execution and walks the machine as far as it goes."""
        workflow, records = self.workflow(), self.records("queue")
        context = {"data": self.case["trigger"]["data"], "user": USER, "roleName": "root"}
        execution = Execution(EXECUTION_ID, workflow, context, iso_text(NOW_MS), status=QUEUEING)
        self._commit(records, *run_writes(records.definitions, [execution], "token", iso_text(NOW_MS)))
        passwords, told = PlainPasswords(), Told()
        backend = Backend(self.store, self.clock, TokenSigner(SECRET), passwords, cache=self.cache, outside=self.outside, machines=told)
        runs = AsyncRuns(backend)
        document = compile_workflow(workflow, FUNCTIONS)
        assert problems_of_machine(document) == []
        machine = Machine(document, self.clock, lambda event: runs.run_segment(event, self.clock.now_ms() + 60_000), runs.await_signal)
        self._go(lambda: machine.execute({"executionId": EXECUTION_ID, "attempt": 1}))
        for signal in self.case.get("signals", []):
            self._submit(backend, signal)
            if told.tokens:
                told.tokens.clear()
                self._go(machine.signalled)
        return machine

    def _go(self, walk: Callable[[], None]) -> None:
        try:
            walk()
        except (Failed, Waiting) as how:
            self.how: Exception | None = how
        else:
            self.how = None

    def _submit(self, backend: Backend, signal: dict[str, Any]) -> None:
        """The user's oldest open task of the node."""
        tokens = backend.tokens.issue(signal["user"], "session", self.clock.now_ms() // 1000, 24)
        mine = [task for task in self.rows("workflowManualTasks") if (task["userId"], task["status"]) == (signal["user"], 0)]
        task = next(task for task in mine if task["jobKey"].rpartition("#")[2] == signal["node"])
        call = Call("workflowManualTasks", "submit", str(task["id"]), body={"result": signal["result"]}, token=tokens)
        ManualTasks(backend).submit(call)


ASYNCHRONOUS = [param for param in CASES if param.values[0].get("only") != "sync"]


@pytest.mark.parametrize("case", ASYNCHRONOUS)
def test_the_machine_does_what_the_case_says(case: dict[str, Any]) -> None:
    _holds(copy.deepcopy(case), lambda rows: [rows])


@pytest.mark.parametrize("case", ASYNCHRONOUS)
def test_so_does_one_with_a_state_for_every_node(case: dict[str, Any]) -> None:
    _holds(copy.deepcopy(case | {"workflow": case["workflow"] | {"options": {"statePerNode": True}}}), _orders)


def _orders(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Ids are in the order of time, and here all calls of the function fall into one moment."""
    return (list(order) for order in itertools.permutations(rows)) if len(rows) <= 4 else [rows]


def _holds(case: dict[str, Any], orders: Callable[[list[dict[str, Any]]], Iterable[list[dict[str, Any]]]]) -> None:
    bench, expect = AsyncBench(case), case["expect"]
    machine = bench.start()
    own, items = read_all(bench.store, EXECUTION_ID)
    assert own is not None
    jobs = [[stored.job.node.type, stored.job.status, stored.job.result] for stored in parse_jobs(items, bench.workflow().graph)]
    expected = [[kind, status, None if kind == "response-message" and status == 1 else result] for kind, status, result in expect["jobs"]]
    assert matches(expected, jobs), (jobs, machine.entered, own.get("reason"))
    assert own["status"] == expect["status"], machine.entered
    assert isinstance(bench.how, Failed) == (own["status"] < 0)
    if "output" in expect:
        assert matches(expect["output"], json.loads(own["output"]) if own.get("output") else None)
    found: dict[str, Any] = expect.get("records", {})
    if own["status"] > 0 or "async" in found:
        for name, rows in found.get("async", found.get("sync", found)).items():
            assert any(matches(rows, order) for order in orders(bench.rows(name))), bench.rows(name)
