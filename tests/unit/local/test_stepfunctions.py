"""What is passed on to the functions, and what a machine is told when they cannot be reached. Machines themselves: tests/contract."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from local.claim import listening
from local.stepfunctions import Wsgi, passing_on
from tests.unit.adapters.web import Server, answering

INVOKE = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Arun/invocations"


def inner(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"moto"]


def call(wsgi: Wsgi, path: str, body: bytes = b'{"executionId": 1}') -> tuple[dict[str, str], bytes]:
    seen: list[Any] = []
    environ = {"PATH_INFO": path, "RAW_URI": path, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    signed = environ | {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 x"}
    answer = b"".join(wsgi(signed, lambda status, headers: seen.extend((status, headers))))
    assert seen[0] == "200 OK"
    return dict(seen[1]), answer


def test_calls_of_functions_are_passed_on_and_nothing_else() -> None:
    with Server(answering(b'{"next": "done"}')) as server:
        wsgi = passing_on(inner, server.port)
        assert call(wsgi, "/")[1] == b"moto"
        assert not server.requests
        headers, body = call(wsgi, INVOKE)
        (request,) = server.requests
    assert (json.loads(body), "X-Amz-Function-Error" in headers) == ({"next": "done"}, False)
    assert (request.line, request.body) == (f"POST {INVOKE} HTTP/1.1", b'{"executionId": 1}')
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_the_error_of_a_function_stays_one() -> None:
    with Server(answering(b'{"errorType": "SegmentMore"}', X_Amz_Function_Error="Unhandled")) as server:
        headers, body = call(passing_on(inner, server.port), INVOKE)
    assert (headers["X-Amz-Function-Error"], json.loads(body)["errorType"]) == ("Unhandled", "SegmentMore")


@pytest.mark.parametrize("answer", [b"", answering(b"no", status="500 Internal Server Error")])
def test_a_function_that_cannot_be_called_is_a_fault_that_machines_retry(answer: bytes) -> None:
    with Server(answer) as server:
        headers, body = call(passing_on(inner, server.port), INVOKE)
    assert (headers["X-Amz-Function-Error"], json.loads(body)["errorType"]) == ("Unhandled", "Lambda.ServiceException")


def test_nobody_there_is_the_same_fault() -> None:
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    assert json.loads(call(passing_on(inner, port), INVOKE)[1])["errorType"] == "Lambda.ServiceException"
