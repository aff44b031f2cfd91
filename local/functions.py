"""Lambda's Invoke on this machine: the app's functions by name, over HTTP, as Step Functions and ``aws lambda invoke`` call them.

``POST /2015-03-31/functions/<name or ARN>/invocations``, on a port of its own that only this machine reaches. Who has no AWS signature is
refused: it is not checked, but no web page can send one without asking first.
Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.gateway import Answer, Context

if TYPE_CHECKING:
    from chalice.app import Chalice

ROOT = Path(__file__).resolve().parent.parent
INVOCATIONS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
PREFIX = "stepbase-local-"
ACCOUNT_ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
MOST_BYTES = 6 * 1024 * 1024
# A machine's step that leads elsewhere comes as an error of this name: control flow, no failure.
STEPS = re.compile(r"Segment[A-Z]\w+")

Function = Callable[[Any, Any], Any]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("stepbase.local")


def function_arn(name: str) -> str:
    """The ARN under which a function of the app is known here."""
    return f"{ACCOUNT_ARN}{PREFIX}{name}"


def functions_of(app: Chalice) -> dict[str, Function]:
    """The app's functions by their short names: those that are no routes, and ``api_handler``."""
    names = [function.name for function in app.pure_lambda_functions] + [source.name for source in app.event_sources]
    return {**{name: app.handler_map[name] for name in names}, "api_handler": app}


def invocations(functions: Mapping[str, Function]) -> Wsgi:
    """A WSGI function that serves Invoke."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = _answer(functions, environ)
        headers = [*answer.headers, ("Content-Length", str(len(answer.body))), ("x-amzn-RequestId", str(uuid.uuid4()))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    return serve


def _answer(functions: Mapping[str, Function], environ: dict[str, Any]) -> Answer:
    found = INVOCATIONS.fullmatch(environ["RAW_URI"].partition("?")[0])
    if found is None or environ["REQUEST_METHOD"] != "POST":
        return _refusal(404, "UnknownOperationException", "only Invoke is served here: POST /2015-03-31/functions/<name>/invocations")
    if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-HMAC-SHA256 "):
        return _refusal(403, "MissingAuthenticationTokenException", "the request has no AWS signature; any will do")
    name = _short_name(unquote(found[1]))
    if name not in functions:
        return _refusal(404, "ResourceNotFoundException", f"Function not found: {found[1]}; there are {', '.join(functions)}")
    body = _body(environ)
    if body is None:
        return _refusal(413, "RequestTooLargeException", f"the event has more than {MOST_BYTES} bytes")
    try:
        event = json.loads(body or b"{}")
    except ValueError as error:
        return _refusal(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
    return _invoked(name, functions[name], event, environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse"))


def _short_name(name: str) -> str:
    """``arn:aws:lambda:…:function:stepbase-local-run_segment:$LATEST`` and ``stepbase-local-run_segment`` are ``run_segment``."""
    return name.rpartition(":function:")[2].partition(":")[0].removeprefix(PREFIX)


def _body(environ: dict[str, Any]) -> bytes | None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MOST_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _invoked(name: str, function: Function, event: Any, kind: str) -> Answer:
    if kind == "DryRun":
        return Answer(204)
    if kind == "Event":
        threading.Thread(target=call, args=(name, function, event), daemon=True).start()
        return Answer(202)
    return call(name, function, event)


def call(name: str, function: Function, event: Any) -> Answer:
    """The function's result, or its error as Lambda tells it: status 200 and ``X-Amz-Function-Error``."""
    context = Context(str(uuid.uuid4()), f"{PREFIX}{name}", invoked_function_arn=function_arn(name), ends_at=_ends_at(name))
    try:
        return _json(200, function(event, context))
    except Exception as error:
        kind = type(error).__name__
        if not STEPS.fullmatch(kind):
            log.warning("the function %s failed: %s: %s", name, kind, error)
        trace = traceback.format_tb(error.__traceback__)
        failure = {"errorMessage": str(error), "errorType": kind, "requestId": context.aws_request_id, "stackTrace": trace}
        return _json(200, failure, ("X-Amz-Function-Error", "Unhandled"))


def _ends_at(name: str) -> float:
    return time.monotonic() + _timeouts().get(name, _timeouts()[""])


@lru_cache(maxsize=1)
def _timeouts() -> dict[str, float]:
    """Seconds by the function's name, as they are deployed; under the empty name, those of any other."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    own = {name: entry["lambda_timeout"] for name, entry in config["lambda_functions"].items() if "lambda_timeout" in entry}
    return {"": config["lambda_timeout"], **own}


def _refusal(status: int, kind: str, message: str) -> Answer:
    return _json(status, {"Type": "User", "Message": message}, ("x-amzn-ErrorType", kind))


def _json(status: int, content: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(status, (("Content-Type", "application/json"), *headers), json.dumps(content).encode())
