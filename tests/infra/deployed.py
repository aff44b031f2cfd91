"""The packaged template over moto: its functions run in process, each with its own variables, and every call of AWS is written down.

State machines are played by `tests/machine.py`, and a function that another one invokes is invoked. Time is `clock`'s. Source:
https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

from __future__ import annotations

import io
import itertools
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlencode

import boto3
import botocore.handlers
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

import app
from chalicelib import bootstrap
from chalicelib.adapters.memory import FixedClock
from chalicelib.config import reset_settings
from chalicelib.entrypoints import direct, functions, routes
from chalicelib.services.product import Product
from infra.functions import API, logical_id
from local.functions import functions_of
from local.gateway import Context, Request, match_route, to_event
from tests.infra.needs import needs_of
from tests.infra.physical import KEY, STACK, Made, Physical
from tests.infra.rights import Need
from tests.machine import Failed, Machine, Waiting

Json = Any
PARAMETERS = {
    "KmsKeyArn": KEY,
    "MailFrom": "office@example.com",
    "MailIdentity": "example.com",
    "MessageUsers": "incoming=root@example.com",
    "Tracing": "1",
}
OF_TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")


class Halted(BaseException):
    """A machine came to a wait that it is not to see the end of."""


class MachineClock(FixedClock):
    """The stack's clock as a machine sees it: with ``halts`` set no wait ends."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock, self.halts = clock, False

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def sleep(self, seconds: float) -> None:
        if self.halts:
            raise Halted
        self._clock.sleep(seconds)


class Playing:
    """An execution of a state machine that was started."""

    def __init__(self, deployed: Deployed, arn: str, name: str, payload: Json) -> None:
        self.arn, self.name, self._payload = arn, name, payload
        acting, deployed.acting = deployed.acting, ""
        document = boto3.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
        deployed.acting = acting
        self._machine = Machine(
            json.loads(document),
            deployed.machine_clock,
            lambda event: deployed.invoke("run_segment", event),
            lambda event: self._wait(deployed, event),
        )
        self._machine.label = f"token-of-{name}-{secrets.token_hex(4)}"
        self.state = "ready"

    def _wait(self, deployed: Deployed, event: Json) -> None:
        deployed.before_wait()
        deployed.invoke("await_signal", event)

    def signal(self, token: str) -> None:
        if token.startswith(self._machine.label):
            self._machine.sent.add(token)
            self.state = "ready" if self.state == "waiting" else self.state

    def go_on(self) -> None:
        """To its end, or to a wait that only a signal ends."""
        is_new, self.state = not self._machine.entered, "running"
        try:
            self._machine.execute(self._payload) if is_new else self._machine.signalled()
        except Waiting:
            self.state = "waiting"
        except Halted:
            self.state = "halted"
        except Failed:
            self.state = "failed"
        else:
            self.state = "succeeded"


class Deployed:
    """``used``: by function, what it needed rights for. ``slowness_s``: how long SNS takes; ``is_deaf``: tokens that are sent are
    lost; ``silent_for``: how many transactions get no answer; ``before_wait``: what happens before a token is kept."""

    def __init__(self, template: Json, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.clock = FixedClock(time.time_ns() // 1_000_000)
        secret = boto3.client("secretsmanager").create_secret(Name="signing", SecretString=secrets.token_hex(32))["ARN"]
        self.physical = Physical(template, PARAMETERS, {"SigningSecret": Made(secret, secret)})
        make_resources(self.physical)
        self.machine_clock = MachineClock(self.clock)
        self.slowness_s, self.is_deaf, self.silent_for = 0, False, 0
        self.before_wait: Callable[[], None] = lambda: None
        self.used: dict[str, set[Need]] = defaultdict(set)
        self.machines: list[Playing] = []
        self.token = ""
        self.acting, self._resident, self._environment = "", "", list[str]()
        self._functions = functions_of(app.app)
        self._products: dict[str, Product] = {}
        self._starting: Json = None
        self._numbers = itertools.count(1)
        for module in (direct, functions, routes):
            patch.setattr(module, "product", self._product)
        patch.setattr(bootstrap, "SystemClock", lambda: self.clock)
        patch.setattr(app, "time", SimpleNamespace(time=lambda: self.clock.now_ms() / 1000))

    def listeners(self) -> list[tuple[str, Any]]:
        return [
            ("before-parameter-build", self._note),
            ("after-call.sfn.StartExecution", self._started),
            ("before-send.dynamodb.TransactWriteItems", self._silenced),
            ("before-call.lambda.Invoke", self._invoked),
            ("before-call.sfn.SendTaskSuccess", self._signalled),
        ]

    def invoke(self, function: str, event: Json = None) -> Json:
        """What the function answers."""
        before, self.acting = self.acting, function
        self._become(function)
        try:
            return self._functions[function]({} if event is None else event, self._context(function))
        finally:
            self.acting = before
            if before:
                self._become(before)

    def _context(self, function: str) -> Context:
        seconds = self.physical.template["Resources"][logical_id(function)]["Properties"]["Timeout"]
        return Context(f"r-{next(self._numbers)}", ends_at=time.monotonic() + seconds)

    def _become(self, function: str) -> None:
        """The environment is this function's from now on."""
        if function == self._resident:
            return
        for name in self._environment:
            self._patch.delenv(name)
        variables = self.physical.environment(logical_id(function))
        for name, value in variables.items():
            self._patch.setenv(name, value)
        self._resident, self._environment = function, list(variables)

    def _product(self) -> Product:
        """The function's own, made with its variables when it is first called."""
        if self.acting not in self._products:
            reset_settings()
            self._products[self.acting] = bootstrap.product.__wrapped__()
        return self._products[self.acting]

    def call(self, target: str, body: Json = None, **query: str) -> Json:
        """The envelope that the API answers with: ``call("samples:trigger/1", {...}, triggerWorkflows="k")``."""
        status, told = self.answer(target, body, **query)
        assert status < 300, (target, told)
        return told

    def answer(self, target: str, body: Json = None, **query: str) -> tuple[int, Json]:
        path = f"/api/{target}" + (f"?{urlencode(query)}" if query else "")
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        request = Request("POST", path, headers, b"" if body is None else json.dumps(body).encode())
        found = match_route(request.path, app.app.routes)
        assert found is not None, path
        answer = self.invoke(API, to_event(request, *found, f"r-{next(self._numbers)}"))
        return answer["statusCode"], json.loads(answer["body"])

    def play(self) -> None:
        """Lets every machine go on that can."""
        while ready := [one for one in self.machines if one.state == "ready"]:
            for one in ready:
                one.go_on()

    def _note(self, params: Json, model: Any, **_: Json) -> None:
        if not self.acting:
            return
        service, operation = model.service_model.service_name, model.name
        self.used[self.acting].update(needs_of(service, operation, params))
        if service == "sns":
            self.clock.sleep(self.slowness_s)
        if operation == "StartExecution":
            self._starting = params

    def _started(self, parsed: Json, **_: Json) -> None:
        if "executionArn" in parsed:
            asked = self._starting
            self.machines.append(Playing(self, asked["stateMachineArn"], asked["name"], json.loads(asked["input"])))

    def _silenced(self, request: Any, **_: Json) -> None:
        if self.silent_for:
            self.silent_for -= 1
            raise ReadTimeoutError(endpoint_url=request.url)

    def _invoked(self, params: Json, **_: Json) -> Json:
        name = unquote(params["url_path"]).split("/")[-2].removeprefix(f"{STACK}-").replace("-", "_")
        result = self.invoke(name, json.loads(params["body"]))
        return _ok({"StatusCode": 200, "Payload": io.BytesIO(json.dumps(result).encode())})

    def _signalled(self, params: Json, **_: Json) -> Json:
        token = json.loads(params["body"])["taskToken"]
        for machine in () if self.is_deaf else self.machines:
            machine.signal(token)
        return _ok({})


def _ok(parsed: Json) -> tuple[AWSResponse, Json]:
    return AWSResponse("", 200, {}, None), {**parsed, "ResponseMetadata": {"HTTPStatusCode": 200}}


def make_resources(physical: Physical) -> None:
    """The tables, topics, queues and the group of schedules of the template, and a sender that SES has verified."""
    resources = physical.template["Resources"]
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table":
            table = {part: properties[part] for part in OF_TABLE if part in properties}
            boto3.client("dynamodb").create_table(TableName=physical.resource(name).ref, **table)
        elif resource["Type"] == "AWS::SNS::Topic":
            boto3.client("sns").create_topic(Name=physical.resource(name).ref.rpartition(":")[2])
        elif resource["Type"] == "AWS::SQS::Queue":
            boto3.client("sqs").create_queue(QueueName=physical.resource(name).ref.rpartition("/")[2])
        elif resource["Type"] == "AWS::Scheduler::ScheduleGroup":
            boto3.client("scheduler").create_schedule_group(Name=physical.resource(name).ref)
    boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")


@contextmanager
def deployed(template: Json) -> Iterator[Deployed]:
    """A stack of its own, for as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        made = Deployed(template, patch)
        listeners = made.listeners()
        botocore.handlers.BUILTIN_HANDLERS[:0] = listeners  # type: ignore[attr-defined]
        try:
            yield made
        finally:
            for listener in listeners:
                botocore.handlers.BUILTIN_HANDLERS.remove(listener)  # type: ignore[attr-defined]
            reset_settings()
