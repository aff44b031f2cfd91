"""One HTTP request to one `Call`, and one `Answer` to one response: everything around the use cases.

A JSON body counts as JSON whatever its Content-Type says, since the documented calls send none. Whatever a client sends is answered
in the error envelope; only a bug of ours is a 500, and it says no more than an id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from chalice.app import Request, Response

from chalicelib.domain.json_text import MOST_DEPTH, parse_json
from chalicelib.entrypoints.http_errors import answer_of, internal_error
from chalicelib.entrypoints.path import Target, parse_target, prefix_of
from chalicelib.entrypoints.preferences import wait_of
from chalicelib.entrypoints.query_string import parse_query
from chalicelib.errors import AppError, Invalid, Json, TooLarge
from chalicelib.observability import logger, note, observed
from chalicelib.services.call import Answer, Call

if TYPE_CHECKING:
    from chalicelib.services.product import Product

MOST_BODY_BYTES = 1024 * 1024
MOST_DEPTH_OF_WORKFLOWS = 100  # 20 branches within branches; their nodes are stored flat
DOCUMENTS = (("workflows", "create"), ("workflows", "import"))
GATEWAY_MS = 1_000
MOST_ACTION = 130
FIXED_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
EXPOSED_HEADERS = "content-disposition,etag,location,preference-applied,x-new-token"
TIMEZONE = re.compile(r"([+-])(0?\d|1[0-4]):([0-5]\d)")


def respond(product: Callable[[], Product], request: Request, segments: list[str]) -> Response:
    """The response to a request whose path below ``/api`` has these raw segments."""
    request_id = _request_id(request)
    with observed("call", "api_handler", request_id) as observation:
        note(method=request.method)
        answer = _answer(product, request, segments, request_id)
        response = _response(answer, request, request_id)
        observation.end(status=answer.status, code=_code_of(answer))
    return response


def _answer(product: Callable[[], Product], request: Request, segments: list[str], request_id: str) -> Answer:
    try:
        return product().answer(_call(product(), request, segments, request_id))
    except AppError as error:
        answer = answer_of(error)
        if answer.status >= 500:
            logger.warning("the call is answered with %s: %s", answer.status, error, exc_info=error.__cause__)
        return answer
    except Exception:
        logger.exception("the call failed")
        return internal_error(request_id)


def _code_of(answer: Answer) -> Json:
    """The code of the first error, for the log."""
    errors = answer.body().get("errors") or [{}]
    return errors[0].get("code")


def _call(product: Product, request: Request, segments: list[str], request_id: str) -> Call:
    headers = request.headers
    if headers.get("x-data-source", "main") != "main":
        raise Invalid(f'data source "{headers["x-data-source"]}" does not exist; there is only "main"', path="X-Data-Source")
    target = parse_target(request.method, segments)
    note(action=_action_of(target))
    params = parse_query(_parameters(request))
    now_ms, wait_s = product.now_ms(), wait_of(_every(request, "prefer"))
    return Call(
        *target[:5],
        params=params,
        body=_body(request, MOST_DEPTH_OF_WORKFLOWS if target[:2] in DOCUMENTS else MOST_DEPTH),
        token=_token(headers, params),
        role=headers.get("x-role") or None,
        timezone=_timezone(headers.get("x-timezone"), now_ms),
        if_match=headers.get("if-match"),
        idempotency_key=headers.get("idempotency-key"),
        deadline_ms=now_ms + _remaining_ms(request) - GATEWAY_MS,
        request_id=request_id,
        wait_s=wait_s,
        wait_until_ms=None if wait_s is None else now_ms + wait_s * 1_000,
    )


def _action_of(target: Target) -> str:
    """``samples:trigger``, ``posts.comments:list``: without ids, which may be texts of any kind."""
    owner = f"{target.resource}.{target.association}" if target.association else target.resource
    return f"{owner}:{target.action}"[:MOST_ACTION]


def _every(request: Request, name: str) -> list[str]:
    """The values of a header, in order, where it was sent more than once."""
    many = request.to_original_event().get("multiValueHeaders") or {}
    found = [value for known, values in many.items() if known.lower() == name for value in values]
    return found or [value for value in [request.headers.get(name)] if value is not None]


def _parameters(request: Request) -> dict[str, list[str]]:
    params = request.query_params
    return {name: params.getlist(name) for name in params} if params else {}


def _token(headers: Mapping[str, str], params: dict[str, Json]) -> str | None:
    """The bearer token (the word is optional), or the parameter ``token`` when there is no Authorization header."""
    header = headers.get("authorization")
    if header is not None:
        return re.sub(r"^bearer\b\s*", "", header.strip(), flags=re.IGNORECASE)
    token = params.get("token")
    return token if isinstance(token, str) and token else None


def _timezone(header: str | None, now_ms: int) -> str:
    """The offset that relative dates are read by: of ``+08:00`` or ``-5:00``, of a zone's name as it is now, else UTC.

    The published clients send whatever the browser says (``undefined`` too), so nothing here is refused."""
    match = TIMEZONE.fullmatch(header or "")
    if match:
        return f"{match.group(1)}{int(match.group(2)):02d}:{match.group(3)}"
    if not header or "/" not in header:
        return "+00:00"
    try:
        offset = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(header)).strftime("%z")
    except (KeyError, ValueError, OSError):  # an unknown zone is a KeyError
        return "+00:00"
    return f"{offset[:3]}:{offset[3:5]}"


def _body(request: Request, most_depth: int) -> Json:
    """The JSON of the body, ``None`` without one. A form (``a=1&b=2``) is an object of texts. Raises Invalid, TooLarge."""
    raw = request.raw_body if isinstance(request.raw_body, bytes) else request.raw_body.encode()
    if len(raw) > MOST_BODY_BYTES:
        raise TooLarge(f"the body has {len(raw)} bytes; at most {MOST_BODY_BYTES} are taken", code="BODY_TOO_LARGE")
    if request.method in ("GET", "HEAD") or not raw.strip():
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Invalid("the body must be JSON in UTF-8", path="body", code="INVALID_JSON") from None
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded") and text.lstrip()[:1] not in ("{", "[", '"') and "=" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    return _parsed(text, most_depth)


def _parsed(text: str, most_depth: int) -> Json:
    value = parse_json(text, what="the body", path="body", most_depth=most_depth)
    if not isinstance(value, dict | list):
        raise Invalid("the body must be a JSON object or array", path="body", code="INVALID_JSON")
    return value


def _remaining_ms(request: Request) -> int:
    remaining = getattr(request.lambda_context, "get_remaining_time_in_millis", None)
    return int(remaining()) if remaining else 29_000


def _request_id(request: Request) -> str:
    return str((request.context or {}).get("requestId") or "")


def _response(answer: Answer, request: Request, request_id: str) -> Response:
    """The whole body is made here: what Chalice would serialise later would escape every error handler."""
    headers: dict[str, str | list[str]] = {**FIXED_HEADERS, "Vary": "Origin"}
    if request_id:
        headers["X-Request-Id"] = request_id
    origin = request.headers.get("origin")
    if origin:
        headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}
    text = json.dumps(answer.body(), ensure_ascii=False, separators=(",", ":"))
    headers.update(answer.headers)
    if answer.headers.get("Location", "").startswith("/api/"):
        headers["Location"] = prefix_of(request.context or {}) + answer.headers["Location"]
    return Response(text, headers, answer.status)
