"""Lambda's Invoke on this machine: functions by name or ARN, their errors as Lambda tells them, and who is refused."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest

from app import app
from local.functions import MOST_BYTES, Wsgi, function_arn, functions_of, invocations
from local.server import of_port

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20261121/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
CALLED = threading.Event()


class SegmentMore(Exception):
    """As a step of a machine is told."""


def double(event: Any, context: Any) -> Any:
    CALLED.set()
    return {"event": event, "name": context.function_name, "left": context.get_remaining_time_in_millis()}


def more(event: Any, context: Any) -> Any:
    raise SegmentMore("there is more")


@pytest.fixture(scope="module")
def wsgi() -> Wsgi:
    return invocations({"run_segment": double, "more": more})


def call(wsgi: Wsgi, name: str, body: bytes = b"{}", method: str = "POST", **environ: Any) -> tuple[int, dict[str, str], Any]:
    seen: list[Any] = []
    defaults = {
        "REQUEST_METHOD": method,
        "RAW_URI": f"/2015-03-31/functions/{name}/invocations",
        "HTTP_AUTHORIZATION": SIGNED,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    answer = b"".join(wsgi(defaults | environ, lambda status, headers: seen.extend((status, headers))))
    return int(seen[0].split()[0]), dict(seen[1]), json.loads(answer) if answer else None


@pytest.mark.parametrize(
    "name",
    [
        "run_segment",
        "stepbase-local-run_segment",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Astepbase-local-run_segment",
        "arn:aws:lambda:us-east-1:123456789012:function:stepbase-local-run_segment:$LATEST",
    ],
)
def test_a_function_is_called_by_its_name_or_arn(wsgi: Wsgi, name: str) -> None:
    status, headers, answer = call(wsgi, name, b'{"executionId": 1}')
    assert (status, answer["event"], answer["name"]) == (200, {"executionId": 1}, "stepbase-local-run_segment")
    assert "X-Amz-Function-Error" not in headers


def test_a_function_has_the_time_that_it_is_deployed_with(wsgi: Wsgi) -> None:
    assert 299_000 < call(wsgi, "run_segment")[2]["left"] <= 300_000


def test_the_arns_name_functions_that_there_are() -> None:
    assert {"run_segment", "await_signal", "publish", "sweep", "fire", "api_handler"} <= set(functions_of(app))
    assert function_arn("run_segment").endswith(":function:stepbase-local-run_segment")


def test_no_body_is_an_empty_event(wsgi: Wsgi) -> None:
    assert call(wsgi, "run_segment", b"")[2]["event"] == {}


def test_an_error_is_told_as_lambda_tells_it(wsgi: Wsgi) -> None:
    status, headers, answer = call(wsgi, "more")
    assert (status, headers["X-Amz-Function-Error"]) == (200, "Unhandled")
    assert (answer["errorType"], answer["errorMessage"]) == ("SegmentMore", "there is more")
    assert answer["stackTrace"]
    assert answer["requestId"]


def test_an_event_is_taken_at_once_and_handled_later(wsgi: Wsgi) -> None:
    CALLED.clear()
    assert call(wsgi, "run_segment", HTTP_X_AMZ_INVOCATION_TYPE="Event")[::2] == (202, None)
    assert CALLED.wait(5)


def test_a_dry_run_calls_nothing(wsgi: Wsgi) -> None:
    CALLED.clear()
    assert call(wsgi, "run_segment", HTTP_X_AMZ_INVOCATION_TYPE="DryRun")[0] == 204
    assert not CALLED.is_set()


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"name": "nobody"}, 404, "ResourceNotFoundException"),
        ({"name": "run_segment", "body": b"{"}, 400, "InvalidRequestContentException"),
        ({"name": "run_segment", "body": b"\xff"}, 400, "InvalidRequestContentException"),
        ({"name": "run_segment", "CONTENT_LENGTH": str(MOST_BYTES + 1)}, 413, "RequestTooLargeException"),
        ({"name": "run_segment", "method": "GET"}, 404, "UnknownOperationException"),
        ({"name": "run_segment", "RAW_URI": "/api/app:getInfo"}, 404, "UnknownOperationException"),
        ({"name": "run_segment", "HTTP_AUTHORIZATION": ""}, 403, "MissingAuthenticationTokenException"),
        ({"name": "run_segment", "HTTP_AUTHORIZATION": "Bearer x"}, 403, "MissingAuthenticationTokenException"),
    ],
)
def test_what_cannot_be_called_is_refused(wsgi: Wsgi, request_: dict[str, Any], status: int, kind: str) -> None:
    CALLED.clear()
    got, headers, answer = call(wsgi, **request_)
    assert (got, headers["x-amzn-ErrorType"], answer["Type"]) == (status, kind, "User")
    assert answer["Message"]
    assert not CALLED.is_set()


def test_functions_are_called_on_their_own_port_only() -> None:
    def product(environ: Any, start_response: Any) -> Any:
        return ["product"]

    def functions(environ: Any, start_response: Any) -> Any:
        return ["functions"]

    application = of_port(product, functions, "3001")
    assert [application({"SERVER_PORT": port}, lambda *_: None) for port in ("3000", "3001")] == [["product"], ["functions"]]
