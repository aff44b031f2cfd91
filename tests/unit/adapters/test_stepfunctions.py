"""The adapter of Step Functions: what it asks, what counts as done, and what it says when the service refuses."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

import app
from chalicelib.adapters import stepfunctions
from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.config import ConfigurationError, Machines, read_settings
from chalicelib.domain.machines import MACHINE_NOT_FOUND, MachineRefused
from chalicelib.entrypoints import functions
from tests.unit.adapters.web import Server, answering

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "arn:aws:states:eu-west-1:123456789012:stateMachine:"
RUN, WAIT = (f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in ("run", "wait"))
ROLE = "arn:aws:iam::123456789012:role/machines"
HERE = Machines(PREFIX, RUN, WAIT, ROLE, None)
ELSEWHERE = Machines(PREFIX, RUN, WAIT, None, "stepbase-publish")
DEFINITION = {"StartAt": "Ü", "States": {"Ü": {"Type": "Succeed"}}}
NAME, ARN = "dev-1-abc", f"{PREFIX}dev-1-abc"
RUNNING = f"{PREFIX.replace('stateMachine', 'execution')}{NAME}:7-1"
STATE = {"stateMachineArn": ARN, "name": NAME, "definition": "{}", "roleArn": ROLE, "type": "STANDARD", "creationDate": 1}


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> StepFunctions:
    monkeypatch.setattr(stepfunctions, "PAUSE_SECONDS", 0)
    return StepFunctions("eu-west-1", HERE)


@pytest.fixture
def states(machines: StepFunctions) -> Iterator[Stubber]:
    """The service: every call is checked against its own description, and all that were expected must come."""
    with Stubber(machines._states) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def maker(machines: StepFunctions) -> Iterator[Stubber]:
    """The service again, asked by the client that waits longer."""
    with Stubber(machines._making) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def making() -> dict[str, Any]:
    text = json.dumps(DEFINITION, ensure_ascii=False, separators=(",", ":"))
    return {"name": NAME, "definition": text, "roleArn": ROLE, "type": "STANDARD"}


def test_a_machine_is_made_and_waited_for(machines: StepFunctions, maker: Stubber) -> None:
    maker.add_response("create_state_machine", {"stateMachineArn": ARN, "creationDate": 1}, making())
    maker.add_client_error("describe_state_machine", "StateMachineDoesNotExist")
    maker.add_response("describe_state_machine", STATE | {"status": "ACTIVE"}, {"stateMachineArn": ARN})
    machines.publish(NAME, DEFINITION)


def test_a_machine_that_is_there_is_fine(machines: StepFunctions, maker: Stubber) -> None:
    maker.add_client_error("create_state_machine", "StateMachineAlreadyExists")
    maker.add_response("describe_state_machine", STATE | {"status": "ACTIVE"}, {"stateMachineArn": ARN})
    machines.publish(NAME, DEFINITION)


def test_a_machine_that_does_not_come_to_be_is_told(machines: StepFunctions, maker: Stubber) -> None:
    maker.add_response("create_state_machine", {"stateMachineArn": ARN, "creationDate": 1}, making())
    for _ in range(stepfunctions.LOOKS):
        maker.add_response("describe_state_machine", STATE | {"status": "DELETING"}, {"stateMachineArn": ARN})
    with pytest.raises(MachineRefused, match="not active yet") as caught:
        machines.publish(NAME, DEFINITION)
    assert caught.value.code == MACHINE_NOT_FOUND


@pytest.mark.parametrize("code", ["InvalidDefinition", "AccessDeniedException", "StateMachineLimitExceeded"])
def test_why_a_machine_is_not_made_is_told(machines: StepFunctions, maker: Stubber, code: str) -> None:
    maker.add_client_error("create_state_machine", code, f"because of {code}")
    with pytest.raises(MachineRefused, match=f"because of {code}") as caught:
        machines.publish(NAME, DEFINITION)
    assert caught.value.code == code


def test_a_name_that_is_too_long_is_told_before_anything_is_asked(machines: StepFunctions, maker: Stubber) -> None:
    with pytest.raises(MachineRefused, match="would have 81 characters; at most 80"):
        machines.publish("x" * 81, DEFINITION)


def test_without_a_role_and_without_a_function_that_has_one_nothing_is_made() -> None:
    nobody = StepFunctions("eu-west-1", Machines(PREFIX, RUN, WAIT, None, None))
    with pytest.raises(MachineRefused, match=r"STATE_MACHINE_ROLE_ARN.*PUBLISH_FUNCTION"):
        nobody.publish(NAME, DEFINITION)


def payload(content: Any) -> StreamingBody:
    raw = json.dumps(content).encode()
    return StreamingBody(io.BytesIO(raw), len(raw))


def test_the_function_that_may_makes_the_machine() -> None:
    machines = StepFunctions("eu-west-1", ELSEWHERE)
    event = json.dumps({"name": NAME, "definition": DEFINITION}, ensure_ascii=False).encode()
    with Stubber(machines._lambda) as stubber:
        stubber.add_response("invoke", {"StatusCode": 200, "Payload": payload({})}, {"FunctionName": "stepbase-publish", "Payload": event})
        machines.publish(NAME, DEFINITION)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "StateMachineLimitExceeded", stepfunctions.NO_ANSWER, ""])
def test_what_the_function_that_may_was_refused_is_told_with_its_code(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """From the function that makes machines, through its answer as Lambda hands it on, to the one that asked for it."""

    def refuses(name: str, definition: dict[str, Any]) -> None:
        raise MachineRefused(f"not {name}", code)

    backend = SimpleNamespace(machines=SimpleNamespace(publish=refuses))
    monkeypatch.setattr(functions, "product", lambda: SimpleNamespace(backend=backend))
    answer = app.publish({"name": NAME, "definition": DEFINITION}, SimpleNamespace(aws_request_id="r"))
    machines = StepFunctions("eu-west-1", ELSEWHERE)
    with Stubber(machines._lambda) as stubber:
        stubber.add_response("invoke", {"StatusCode": 200, "Payload": payload(answer)})
        with pytest.raises(MachineRefused, match=f"not {NAME}") as caught:
            machines.publish(NAME, DEFINITION)
    assert caught.value.code == code


def test_a_function_that_fails_is_told_with_what_lambda_says() -> None:
    machines = StepFunctions("eu-west-1", ELSEWHERE)
    failure = {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 30.00 seconds"}
    with Stubber(machines._lambda) as stubber:
        stubber.add_response("invoke", {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload(failure)})
        with pytest.raises(MachineRefused, match="Task timed out") as caught:
            machines.publish(NAME, DEFINITION)
    assert caught.value.code == "Sandbox.Timedout"


def test_half_an_answer_of_the_function_is_none() -> None:
    machines, half = StepFunctions("eu-west-1", ELSEWHERE), b'{"refused": {"co'
    with Stubber(machines._lambda) as stubber:
        stubber.add_response("invoke", {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(half), len(half))})
        with pytest.raises(MachineRefused, match="cut short") as caught:
            machines.publish(NAME, DEFINITION)
    assert caught.value.code == stepfunctions.NO_ANSWER


def test_an_execution_is_started_with_its_ids(machines: StepFunctions, states: Stubber) -> None:
    expected = {"stateMachineArn": ARN, "name": "7-1", "input": '{"executionId": 7, "attempt": 1}'}
    states.add_response("start_execution", {"executionArn": RUNNING, "startDate": 1}, expected)
    machines.start(NAME, "7-1", {"executionId": 7, "attempt": 1})


def test_an_execution_that_was_started_is_fine(machines: StepFunctions, states: Stubber) -> None:
    states.add_client_error("start_execution", "ExecutionAlreadyExists")
    machines.start(NAME, "7-1", {"executionId": 7, "attempt": 1})


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("StateMachineDoesNotExist", MACHINE_NOT_FOUND),
        ("StateMachineDeleting", MACHINE_NOT_FOUND),
        ("ExecutionLimitExceeded", "ExecutionLimitExceeded"),
    ],
)
def test_a_start_that_is_refused_says_whether_to_make_the_machine_again(
    machines: StepFunctions, states: Stubber, code: str, told: str
) -> None:
    states.add_client_error("start_execution", code, "no")
    with pytest.raises(MachineRefused) as caught:
        machines.start(NAME, "7-1", {})
    assert caught.value.code == told


def test_a_wait_is_ended_by_its_token(machines: StepFunctions, states: Stubber) -> None:
    states.add_response("send_task_success", {}, {"taskToken": "t", "output": "{}"})
    assert machines.send("t") is True


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken", "AccessDeniedException"])
def test_a_token_that_ends_no_wait_is_false(machines: StepFunctions, states: Stubber, code: str) -> None:
    states.add_client_error("send_task_success", code)
    assert machines.send("t") is False


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "AccessDeniedException"])
def test_stopping_is_best_effort(machines: StepFunctions, states: Stubber, code: str) -> None:
    states.add_response("stop_execution", {"stopDate": 1}, {"executionArn": RUNNING})
    machines.stop(NAME, "7-1")
    states.add_client_error("stop_execution", code)
    machines.stop(NAME, "7-1")


@pytest.mark.parametrize(("status", "running"), [("RUNNING", True), ("SUCCEEDED", False), ("FAILED", False), ("ABORTED", False)])
def test_an_execution_runs_while_the_service_says_so(machines: StepFunctions, states: Stubber, status: str, running: bool) -> None:
    answer = {"executionArn": RUNNING, "stateMachineArn": ARN, "status": status, "startDate": 1}
    states.add_response("describe_execution", answer, {"executionArn": RUNNING})
    assert machines.is_running(NAME, "7-1") is running


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "StateMachineDoesNotExist"])
def test_an_execution_that_nobody_knows_does_not_run(machines: StepFunctions, states: Stubber, code: str) -> None:
    states.add_client_error("describe_execution", code)
    assert machines.is_running(NAME, "7-1") is False


def test_nobody_can_say_whether_it_runs_when_the_service_refuses(machines: StepFunctions, states: Stubber) -> None:
    states.add_client_error("describe_execution", "ThrottlingException", "slow down")
    with pytest.raises(MachineRefused, match="slow down"):
        machines.is_running(NAME, "7-1")


def test_no_answer_is_told_and_machines_go_where_the_endpoint_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(b"") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{server.port}")
        with pytest.raises(MachineRefused, match="gave no answer") as caught:
            StepFunctions("eu-west-1", HERE).start(NAME, "7-1", {})
        assert caught.value.code == stepfunctions.NO_ANSWER
        assert len(server.requests) == stepfunctions.SHORT.attempts


def test_half_an_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    half = b'{"executionArn": "arn", "status": "RUNN'
    with Server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(half), half)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{server.port}")
        with pytest.raises(MachineRefused, match="cut short") as caught:
            StepFunctions("eu-west-1", HERE).is_running(NAME, "7-1")
    assert caught.value.code == stepfunctions.NO_ANSWER


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Who connects to the service is heard by nobody; the connections that came."""
    came: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_take, args=(listener, came), daemon=True).start()
        yield came
        listener.shutdown(socket.SHUT_RDWR)
    for one in came:
        one.close()


def _take(listener: socket.socket, came: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            came.append(listener.accept()[0])


def test_nobody_waits_long_for_a_start_that_is_not_answered(silent: list[socket.socket]) -> None:
    """Two tries of two seconds and a pause; who triggered a workflow waits for it after the commit."""
    machines, begun = StepFunctions("eu-west-1", HERE), time.monotonic()
    with pytest.raises(MachineRefused) as caught:
        machines.start(NAME, "7-1", {})
    assert caught.value.code == stepfunctions.NO_ANSWER
    assert time.monotonic() - begun < 7
    assert len(silent) == 2


def test_a_machine_may_take_longer_to_be_made_than_to_be_started(machines: StepFunctions) -> None:
    quick, patient = machines._states.meta.config, machines._making.meta.config
    assert (quick.connect_timeout, quick.read_timeout) == (1, 2) < (patient.connect_timeout, patient.read_timeout)


def test_machines_are_listed_page_by_page_with_their_age(machines: StepFunctions, maker: Stubber) -> None:
    row = {"stateMachineArn": ARN, "name": NAME, "type": "STANDARD", "creationDate": datetime(2026, 11, 21, tzinfo=UTC)}
    maker.add_response("list_state_machines", {"stateMachines": [row], "nextToken": "more"}, {"maxResults": 1000})
    maker.add_response("list_state_machines", {"stateMachines": [row | {"name": "x"}]}, {"maxResults": 1000, "nextToken": "more"})
    assert machines.names() == {NAME: 1_795_219_200_000, "x": 1_795_219_200_000}


def test_a_machine_is_removed_and_one_that_is_gone_is_fine(machines: StepFunctions, maker: Stubber) -> None:
    maker.add_response("delete_state_machine", {}, {"stateMachineArn": ARN})
    machines.remove(NAME)
    maker.add_client_error("delete_state_machine", "StateMachineDoesNotExist")
    machines.remove(NAME)
    maker.add_client_error("delete_state_machine", "AccessDeniedException", "no right")
    with pytest.raises(MachineRefused, match="no right"):
        machines.remove(NAME)


def test_functions_are_called_where_the_endpoint_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answering(b"null")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.port}")
        StepFunctions("eu-west-1", ELSEWHERE).publish(NAME, DEFINITION)
        assert server.requests[0].line == "POST /2015-03-31/functions/stepbase-publish/invocations HTTP/1.1"


def test_the_functions_are_those_of_the_settings(machines: StepFunctions) -> None:
    assert machines.functions() == (RUN, WAIT)


SYNCHRONOUS = f"""
import sys
from dataclasses import replace
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.services.product import Product
from chalicelib.config import Machines
from tests.sessions import Session
session = Session(MemoryStore()).install()
session.product = Product(replace(session.backend, machines=StepFunctions("eu-west-1", {HERE!r})))
answer = session.trigger("samples", session.call("samples:list")[0]["id"], "submit_inspection")
print(answer.status, [name for name in ("botocore.session", "botocore.client", "boto3") if name in sys.modules])
"""


def test_a_synchronous_trigger_loads_no_client_of_step_functions() -> None:
    """Over the store in memory, nothing else makes a botocore client either."""
    ran = subprocess.run([sys.executable, "-c", SYNCHRONOUS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.stdout) == ("", "200 []\n")


# --- settings

BASE = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET_ARN": "arn"}
GIVEN = {"STATE_MACHINE_ARN_PREFIX": PREFIX, "RUN_FUNCTION_ARN": RUN, "WAIT_FUNCTION_ARN": WAIT}


def test_settings_say_where_machines_are_and_who_makes_them() -> None:
    assert read_settings(BASE).machines is None
    assert read_settings(BASE | GIVEN | {"STATE_MACHINE_ROLE_ARN": ROLE}).machines == HERE
    assert read_settings(BASE | GIVEN | {"PUBLISH_FUNCTION": "stepbase-publish"}).machines == ELSEWHERE


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"RUN_FUNCTION_ARN": ""}, "RUN_FUNCTION_ARN"),
        ({"WAIT_FUNCTION_ARN": "wait"}, "WAIT_FUNCTION_ARN is wait; it must look like arn:aws:lambda:"),
        ({"STATE_MACHINE_ARN_PREFIX": "arn:aws:states:eu-west-1:123456789012:stateMachine"}, "STATE_MACHINE_ARN_PREFIX is"),
        ({"STATE_MACHINE_ROLE_ARN": "machines"}, "STATE_MACHINE_ROLE_ARN is machines; a role looks like"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_settings(BASE | GIVEN | wrong)
