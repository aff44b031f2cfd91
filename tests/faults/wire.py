"""The same place on the wire: DynamoDB Local, and Step Functions and SNS behind the product's own adapters and the real clients.

Every request of every client passes botocore's public ``before-send`` event, where it meets what the plan has for its call. A call is all
attempts that botocore makes of it (they share ``amz-sdk-invocation-id``), so what befalls it is not mended by a silent second attempt.
Source: https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.outside import OutsideServices
from chalicelib.adapters.stepfunctions import StepFunctions
from chalicelib.config import Machines
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Item, Key
from tests.conftest import REGION
from tests.contract import wire as faults
from tests.contract.wire import Content
from tests.faults.memory import prepared
from tests.faults.services import States, published, xml_error
from tests.faults.shapes import CHANNEL
from tests.faults.trouble import LATE, Trouble, Ways
from tests.faults.world import BEGIN_MS, Message, MortalMachines, Place
from tests.sessions import Session

Fault = Callable[["Line", AWSPreparedRequest], AWSResponse]
BATCH = 25
SETTINGS = Machines(
    arn_prefix=f"arn:aws:states:{REGION}:123456789012:stateMachine:",
    run_function=f"arn:aws:lambda:{REGION}:123456789012:function:run",
    wait_function=f"arn:aws:lambda:{REGION}:123456789012:function:wait",
    role="arn:aws:iam::123456789012:role/machines",
    publish_function=None,
)
OUTSIDE = SimpleNamespace(
    region=REGION,
    notification_topics={CHANNEL: f"arn:aws:sns:{REGION}:123456789012:alerts"},
    failed_runs_topic=f"arn:aws:sns:{REGION}:123456789012:failed-runs",
    outbox_dir=None,
    mail_from=(),
)

KINDS = {
    "TransactWriteItems": "write",
    "BatchGetItem": "read",
    "Query": "read",
    "StartExecution": "start",
    "SendTaskSuccess": "send",
    "StopExecution": "stop",
    "DescribeExecution": "describe",
    "CreateStateMachine": "make",
    "DescribeStateMachine": "make",
    "ListStateMachines": "make",
    "DeleteStateMachine": "make",
    "Publish": "notify",
}
DIED = ("crashed", "crashed_after")
SILENCE = ("unheard", "lost", "unconnected", "broken", "garbled", "unheard_then_throttled")
WAYS: Ways = {
    "write": (*SILENCE, *LATE, "throttled", "conflicting", "condition", *DIED),
    "read": ("lost", "unconnected", "broken", "garbled", "throttled", "crashed"),
    "start": (*SILENCE, "throttled", "ExecutionAlreadyExists", "StateMachineDoesNotExist", *DIED),
    "send": (*SILENCE, "throttled", "TaskTimedOut", *DIED),
    "stop": (*SILENCE, "throttled", "ExecutionDoesNotExist", *DIED),
    "describe": ("lost", "unconnected", "broken", "garbled", "throttled", "ExecutionDoesNotExist", "crashed"),
    "make": (*SILENCE, "throttled", "StateMachineAlreadyExists", "StateMachineDoesNotExist", *DIED),
    "notify": ("unheard", "lost", "unconnected", "broken", "garbled", "throttled", *DIED),
}


class Line:
    """The clients of one process, over tables in which every shape is defined. One plan after the other runs in them: what a run wrote is
    taken back, from what went over the wire."""

    def __init__(self, endpoint: str, tables: tuple[str, str]) -> None:
        self._plain = DynamoStore(connect(REGION, endpoint), *tables)
        self._names = dict(zip((RECORDS, EXECUTIONS), tables, strict=True))
        self._before = {key_of(self._names[table], item): item for table, held in prepared()._items.items() for item in held.values()}
        self._put_back(self._before)
        self._store = DynamoStore(connect(REGION, endpoint), *tables, clock=FixedClock())
        self.machines, self.outside = StepFunctions(REGION, SETTINGS), OutsideServices(OUTSIDE)  # type: ignore[arg-type]
        for client in (self._dynamodb, self.machines._states, self.machines._making, self.outside._sns._client):
            client.meta.events.register_first("before-send", self._meet)

    def place(self) -> Place:
        """As everything was when the shapes had been defined."""
        machines, clock = MortalMachines(), FixedClock(BEGIN_MS)
        self._trouble, self._states = Trouble(WAYS), States(machines)
        self._calls: dict[str, list[str | None]] = {}
        self._written: set[tuple[str, str, str]] = set()
        self._sent: list[Message] = []
        troubled = Session(self._store, clock, machines=self.machines, outside=self.outside)  # type: ignore[arg-type]
        return Place(self._trouble, machines, troubled, self._look, self._sent, self._kept)

    @property
    def _dynamodb(self) -> Any:
        return self._store._connection.client

    def _meet(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        invocation, kind = str(request.headers["amz-sdk-invocation-id"]), KINDS[event_name.rpartition(".")[2]]
        attempts = self._calls.setdefault(invocation, [])
        way = attempts[0] if attempts else self._trouble.next(kind)
        if way in LATE and not attempts:
            self._trouble.hold_back(way, lambda: self._arrives(request))
        attempts.append(way)
        if way is None:
            return self.send(request)
        if way == "unheard_then_throttled":
            way = "unheard" if len(attempts) == 1 else "throttled"
        return FAULTS[kind, way](self, request)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """It arrives, and is done."""
        if "sns." in request.url:
            return published(request, self._took)
        if "states." in request.url:
            return self._states.answer(request)
        for action in json.loads(request.body).get("TransactItems", ()):
            (write,) = action.values()
            self._written.add(key_of(write["TableName"], write.get("Key") or write["Item"]))
        response: AWSResponse = self._dynamodb._endpoint.http_session.send(request)
        return response

    def _took(self, key: str, form: Mapping[str, str]) -> None:
        is_failure = form["TopicArn"] == OUTSIDE.failed_runs_topic
        failed = json.loads(form["Message"])["executionId"] if is_failure else None
        self._sent.append(Message(key, len(self._trouble.kinds) - 1, failed))

    def _arrives(self, request: AWSPreparedRequest) -> None:
        with suppress(ReadTimeoutError):
            _ = self.send(request).content

    def _look(self) -> Mapping[Key, Item]:
        logical = {name: table for table, name in self._names.items()}
        return self._plain.batch_get([Key(logical[name], pk, sk) for name, pk, sk in self._written])

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._put_back(self._written)

    def _put_back(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """What has these keys is as it was when the shapes had been defined: in memory, and put here item by item."""
        waiting = iter(keys)
        while batch := list(islice(waiting, BATCH)):
            requests: dict[str, list[Any]] = {}
            for name, pk, sk in batch:
                item = self._before.get((name, pk, sk))
                delete = {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
                requests.setdefault(name, []).append({"PutRequest": {"Item": item}} if item else delete)
            answer = self._plain._connection.client.batch_write_item(RequestItems=requests)
            assert not answer.get("UnprocessedItems")


def key_of(table: str, item: Mapping[str, Mapping[str, str]]) -> tuple[str, str, str]:
    return table, item["pk"]["S"], item["sk"]["S"]


def unconnected(line: Line, request: AWSPreparedRequest) -> AWSResponse:
    raise ConnectTimeoutError(endpoint_url=request.url)


def condition(line: Line, request: AWSPreparedRequest) -> AWSResponse:
    """A condition does not hold: somebody else was there, and is gone again."""
    items = json.loads(request.body)["TransactItems"]
    reasons = [{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}, *[{"Code": "None"}] * (len(items) - 1)]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    return faults.answer(request, 400, kind, "Transaction cancelled", CancellationReasons=reasons)


def garbled_xml(line: Line, request: AWSPreparedRequest) -> AWSResponse:
    whole = line.send(request)
    return AWSResponse(request.url, whole.status_code, {"content-type": "text/xml"}, Content(whole.content[:-9]))


def refused_as(code: str) -> Fault:
    """Nothing is done, and the service says that there is nothing to do, or that it cannot."""
    return lambda line, request: faults.answer(request, 400, code, f"refused: {code}")


SHARED: dict[str, Any] = {
    name: getattr(faults, name) for name in ("unheard", "lost", "throttled", "broken", "conflicting", "garbled", *DIED)
}
OWN: dict[str, Any] = {"unconnected": unconnected, "condition": condition, **dict.fromkeys(LATE, faults.lost)}
NOTIFY: dict[str, Any] = {
    "garbled": garbled_xml,
    "throttled": lambda line, request: xml_error(request, 400, "Throttling"),
    "broken": lambda line, request: xml_error(request, 500, "InternalError"),
}
FAULTS: dict[tuple[str, str], Fault] = {
    (kind, way): (NOTIFY if kind == "notify" else {}).get(way) or SHARED.get(way) or OWN.get(way) or refused_as(way)
    for kind, ways in WAYS.items()
    for way in ways
}
