"""The `Machines` port over Step Functions as `make run` has them: started by the first call, in real time; the functions are the test's."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.asl import states
from chalicelib.asl.lint import problems_of_machine
from chalicelib.config import Machines
from chalicelib.domain.instants import iso_text
from chalicelib.domain.machines import MACHINE_NOT_FOUND, MachineRefused
from local.claim import listening
from local.functions import Function, function_arn, invocations
from local.settings import ACCOUNT, REGION
from local.stepfunctions import OnDemand

RUN, WAIT = function_arn("run_segment"), function_arn("await_signal")
SETTINGS = Machines(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:", RUN, WAIT, f"arn:aws:iam::{ACCOUNT}:role/local", None)
PATIENCE_SECONDS = 60.0
LATE_SECONDS = 10.0
CATCHES = [states.catch(["States.ALL"], "Failed")]
FAULTS = [states.retry(states.LAMBDA_FAULTS, seconds=1, attempts=5)]

Json = Any


class SegmentMore(Exception):
    """A step that leads elsewhere."""


class Functions:
    """What machines call: notes each call with its time; answers what the test wrote."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Json]] = []
        self.tokens: list[str] = []
        self.answers: list[Callable[[Json], Json]] = []

    def run(self, event: Json, context: Any) -> Json:
        self.calls.append((time.time(), event))
        return self.answers.pop(0)(event) if self.answers else event

    def wait(self, event: Json, context: Any) -> None:
        self.tokens.append(event["token"])


@contextmanager
def served(listener: socket.socket, functions: dict[str, Function]) -> Iterator[None]:
    """The functions behind a listening socket."""
    host, port = listener.getsockname()
    server = make_server(host, port, invocations(functions), threaded=True, fd=listener.fileno(), request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


class Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def functions() -> Functions:
    return Functions()


@pytest.fixture(scope="module")
def machines(functions: Functions) -> Iterator[StepFunctions]:
    with (
        listening("127.0.0.1", 0) as listener,
        listening("127.0.0.1", 0) as callers,
        served(callers, {"run_segment": functions.run, "await_signal": functions.wait}),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{listener.getsockname()[1]}")
        on_demand = OnDemand(listener, callers.getsockname()[1])
        try:
            yield StepFunctions(REGION, SETTINGS)
        finally:
            on_demand.stop()


@pytest.fixture(autouse=True)
def fresh(functions: Functions) -> None:
    functions.calls.clear()
    functions.tokens.clear()
    functions.answers.clear()


def until(claim: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < ends
        time.sleep(0.05)


def made(machines: StepFunctions, name: str, some: dict[str, states.State]) -> None:
    """A machine of these states, and two ends."""
    whole = {**some, "Done": states.succeed(), "Failed": states.fail("WorkflowFailed", "as the test wanted")}
    document = states.machine(name, next(iter(some)), whole)
    assert problems_of_machine(document) == []
    machines.publish(name, document)


def walk(then: str, **more: Json) -> states.State:
    parameters = {"executionId.$": "$.executionId", "attempt.$": "$.attempt"}
    return states.task(RUN, parameters, then, retries=FAULTS, catches=[*more.get("catches", []), *CATCHES])


def wait_for_token(then: str) -> states.State:
    payload = {"executionId.$": "$.executionId", "token.$": "$$.Task.Token"}
    return states.wait_for_token(WAIT, payload, then, timeout_path="$.timeout", retries=FAULTS, catches=CATCHES)


def answer(**more: Json) -> Callable[[Json], Json]:
    return lambda event: {**event, **more}


def raising(error: Exception) -> Callable[[Json], Json]:
    def fail(event: Json) -> Json:
        raise error

    return fail


IDS = {"executionId": 7, "attempt": 1}


def test_a_wait_lasts_as_long_as_it_should(machines: StepFunctions, functions: Functions) -> None:
    """Neither cut to whole seconds nor moved by the time zone of this machine."""
    made(machines, "waits", {"Walk": walk("Sleep"), "Sleep": states.wait_until("$.until", "Again"), "Again": walk("Done")})
    due_ms = round(time.time() * 1000) + 1_700
    functions.answers.append(answer(until=iso_text(due_ms)))
    machines.start("waits", "7-1", IDS)
    until(lambda: len(functions.calls) == 2)
    late = functions.calls[1][0] - due_ms / 1000
    assert 0 <= late < LATE_SECONDS
    assert [event for _, event in functions.calls] == [IDS, IDS]
    until(lambda: not machines.is_running("waits", "7-1"))


def test_a_machine_that_is_there_may_be_made_again_and_an_execution_is_started_once(machines: StepFunctions, functions: Functions) -> None:
    for _ in range(2):
        made(machines, "once", {"Walk": walk("Done")})
        machines.start("once", "7-1", IDS)
    until(lambda: not machines.is_running("once", "7-1"))
    machines.start("once", "7-1", IDS)
    assert len(functions.calls) == 1


def test_a_token_ends_its_wait_once(machines: StepFunctions, functions: Functions) -> None:
    made(machines, "tokens", {"Walk": walk("Wait"), "Wait": wait_for_token("Done")})
    functions.answers.append(answer(timeout=3600))
    machines.start("tokens", "7-1", IDS)
    until(lambda: bool(functions.tokens))
    assert machines.is_running("tokens", "7-1")
    assert machines.send("somebody else's") is False
    assert machines.send(functions.tokens[0]) is True
    until(lambda: not machines.is_running("tokens", "7-1"))
    assert machines.send(functions.tokens[0]) is False


def test_an_execution_that_waits_is_stopped(machines: StepFunctions, functions: Functions) -> None:
    made(machines, "stopped", {"Walk": walk("Wait"), "Wait": wait_for_token("Again"), "Again": walk("Done")})
    functions.answers.append(answer(timeout=3600))
    machines.start("stopped", "7-1", IDS)
    until(lambda: bool(functions.tokens))
    machines.stop("stopped", "7-1")
    until(lambda: not machines.is_running("stopped", "7-1"))
    assert len(functions.calls) == 1


def test_a_step_that_leads_elsewhere_is_an_error_of_that_name(machines: StepFunctions, functions: Functions) -> None:
    elsewhere = [states.catch(["SegmentMore"], "Walk")]
    made(machines, "elsewhere", {"Walk": walk("Done", catches=elsewhere)})
    functions.answers += [raising(SegmentMore()), raising(SegmentMore()), answer()]
    machines.start("elsewhere", "7-1", IDS)
    until(lambda: len(functions.calls) == 3)
    until(lambda: not machines.is_running("elsewhere", "7-1"))


def test_nobody_starts_what_is_not_there(machines: StepFunctions) -> None:
    with pytest.raises(MachineRefused) as caught:
        machines.start("nobody", "7-1", IDS)
    assert caught.value.code == MACHINE_NOT_FOUND
    assert machines.is_running("nobody", "7-1") is False
    machines.stop("nobody", "7-1")


def test_json_that_people_wrote_survives(machines: StepFunctions, functions: Functions) -> None:
    made(machines, "names", {"Prüfen “jetzt” 🚀": walk("Done")})
    machines.start("names", "7-1", IDS)
    until(lambda: bool(functions.calls))
    assert json.dumps(functions.calls[0][1]) == json.dumps(IDS)


def test_a_machine_that_is_removed_is_no_longer_listed(machines: StepFunctions) -> None:
    before_ms = round(time.time() * 1000)
    made(machines, "passing", {"Walk": walk("Done")})
    assert abs(machines.names()["passing"] - before_ms) < 60_000
    machines.remove("passing")
    assert "passing" not in machines.names()
    machines.remove("passing")
