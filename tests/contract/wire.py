"""Requests as they go over the wire: counted, and lost or refused on the way where a test says so.

The hook is botocore's public ``before-send`` event, which sees every attempt, retries included.
Source: https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from pynamodb.connection import Connection

from tests.faults.trouble import Crash

Fault = Callable[["Wire", AWSPreparedRequest], AWSResponse | None]


class Wire:
    """Watches one connection. ``operations`` names the requests sent, ``faults`` holds what befalls the n-th of them (0, 1 …)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.operations: list[str] = []
        self.faults: dict[int, Fault] = {}
        connection.client.meta.events.register_first("before-send.dynamodb.*", self._before_send)

    def begin(self, **faults: Fault) -> None:
        """Count from here on, with ``at0=…``, ``at1=…`` befalling the first, the second request."""
        self.operations = []
        self.faults = {int(name.removeprefix("at")): fault for name, fault in faults.items()}

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Really send it."""
        response: AWSResponse = self._connection.client._endpoint.http_session.send(request)
        return response

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        target = request.headers["X-Amz-Target"]
        number = len(self.operations)
        self.operations.append((target.decode() if isinstance(target, bytes) else target).split(".")[1])
        fault = self.faults.pop(number, None)
        return fault(self, request) if fault else None


def unheard(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """It arrives and is done; the answer is lost."""
    _ = wire.send(request).content
    raise ReadTimeoutError(endpoint_url=request.url)


def lost(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """It never arrives."""
    raise ReadTimeoutError(endpoint_url=request.url)


def throttled(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    return answer(request, 400, "com.amazonaws.dynamodb.v20120810#ThrottlingException", "Rate exceeded")


def broken(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """The service has an error of its own."""
    return answer(request, 500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "Internal server error")


def conflicting(wire: Wire, request: AWSPreparedRequest) -> AWSResponse | None:
    """Another transaction has one of the items; a read cannot meet this."""
    items = json.loads(request.body).get("TransactItems")
    if not items:
        return None
    reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}, *[{"Code": "None"}] * (len(items) - 1)]
    message = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    return answer(request, 400, kind, message, CancellationReasons=reasons)


def garbled(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """It is done, and half of the answer arrives."""
    whole = wire.send(request)
    return AWSResponse(request.url, whole.status_code, {"content-type": "application/x-amz-json-1.0"}, Content(whole.content[:-2]))


def answer(request: AWSPreparedRequest, status: int, kind: str, message: str, **more: Any) -> AWSResponse:
    body = json.dumps({"__type": kind, "Message": message, "message": message, **more}).encode()
    return AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.0"}, Content(body))


class Content:
    """What botocore reads of a response's raw stream."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


def crashed(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """The process dies before it sends."""
    raise Crash


def crashed_after(wire: Wire, request: AWSPreparedRequest) -> AWSResponse:
    """The process dies when it has sent."""
    _ = wire.send(request).content
    raise Crash
