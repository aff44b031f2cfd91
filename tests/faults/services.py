"""Step Functions and SNS as they are on the wire: requests of the real clients in, answers in the services' own protocols out.

What Step Functions does is done by the machines of ``tests/machines.py``.
Sources: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html and
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.contract.wire import Content, answer
from tests.machines import FakeMachines, Running

Json = dict[str, Any]
LONG_AGO = 1_700_000_000


class ErrorAnswer(Exception):
    """The service refuses; the message is the error's code."""


class States:
    """Step Functions over ``machines``."""

    def __init__(self, machines: FakeMachines) -> None:
        self._machines = machines

    def answer(self, request: AWSPreparedRequest) -> AWSResponse:
        target, body = request.headers["X-Amz-Target"], json.loads(request.body)
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        try:
            return succeed(request, OPERATIONS[operation](self, body))
        except ErrorAnswer as refused:
            return answer(request, 400, str(refused), f"refused: {refused}")

    def _create(self, body: Json) -> Json:
        self._machines.publish(body["name"], json.loads(body["definition"]))
        return {"stateMachineArn": f"arn:aws:states:us-east-1:123456789012:stateMachine:{body['name']}", "creationDate": LONG_AGO}

    def _describe_machine(self, body: Json) -> Json:
        arn = body["stateMachineArn"]
        if last_of(arn) not in self._machines.documents:
            raise ErrorAnswer("StateMachineDoesNotExist")
        told = {"name": last_of(arn), "definition": "{}", "roleArn": "role", "type": "STANDARD", "creationDate": LONG_AGO}
        return {"stateMachineArn": arn, "status": "ACTIVE", **told}

    def _list(self, body: Json) -> Json:
        told = {"type": "STANDARD", "creationDate": LONG_AGO}
        return {"stateMachines": [{"stateMachineArn": f"arn:{name}", "name": name, **told} for name in self._machines.documents]}

    def _delete(self, body: Json) -> Json:
        self._machines.remove(last_of(body["stateMachineArn"]))
        return {}

    def _start(self, body: Json) -> Json:
        machine, name, payload = last_of(body["stateMachineArn"]), body["name"], json.loads(body["input"])
        if machine not in self._machines.documents:
            raise ErrorAnswer("StateMachineDoesNotExist")
        there = self._machines.executions.get(name)
        if there is not None and (there.status != "RUNNING" or there.payload != payload):
            raise ErrorAnswer("ExecutionAlreadyExists")
        self._machines.start(machine, name, payload)
        return {"executionArn": f"arn:{name}", "startDate": LONG_AGO}

    def _execution(self, body: Json) -> Running:
        there = self._machines.executions.get(last_of(body["executionArn"]))
        if there is None:
            raise ErrorAnswer("ExecutionDoesNotExist")
        return there

    def _describe(self, body: Json) -> Json:
        there = self._execution(body)
        return {"executionArn": body["executionArn"], "stateMachineArn": "arn", "status": there.status, "startDate": LONG_AGO}

    def _stop(self, body: Json) -> Json:
        self._execution(body)
        self._machines.stop("", last_of(body["executionArn"]))
        return {"stopDate": LONG_AGO}

    def _succeed(self, body: Json) -> Json:
        if not self._machines.send(body["taskToken"]):
            raise ErrorAnswer("TaskTimedOut")
        return {}


OPERATIONS: dict[str, Callable[[States, Json], Json]] = {
    "CreateStateMachine": States._create,
    "DescribeStateMachine": States._describe_machine,
    "ListStateMachines": States._list,
    "DeleteStateMachine": States._delete,
    "StartExecution": States._start,
    "DescribeExecution": States._describe,
    "StopExecution": States._stop,
    "SendTaskSuccess": States._succeed,
}


def published(request: AWSPreparedRequest, took: Callable[[str, Json], None]) -> AWSResponse:
    """SNS takes a message; ``took`` hears its idempotency key, and what was sent: the names and values of the form."""
    body = request.body.decode() if isinstance(request.body, bytes) else request.body
    form = body if isinstance(body, dict) else {name: values[0] for name, values in parse_qs(body).items()}
    assert form["Action"] == "Publish"
    (place,) = [name.removesuffix(".Name") for name, value in form.items() if value == "idempotencyKey"]
    took(form[f"{place}.Value.StringValue"], form)
    return xml(request, 200, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>")


def last_of(arn: str) -> str:
    return arn.rpartition(":")[2]


def succeed(request: AWSPreparedRequest, body: Json) -> AWSResponse:
    return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"}, Content(json.dumps(body).encode()))


def xml(request: AWSPreparedRequest, status: int, body: str) -> AWSResponse:
    return AWSResponse(request.url, status, {"content-type": "text/xml"}, Content(body.encode()))


def xml_error(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>refused: {code}</Message></Error>"
    return xml(request, status, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>")
