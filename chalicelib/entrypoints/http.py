"""One HTTP request to one `Call`, and one `Answer` to one response: everything around the use cases.

A JSON body counts as JSON whatever its Content-Type says, since the documented calls send none. Whatever a client sends is answered
in the error envelope; only a bug of ours is a 500, and it says no more than an id.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from chalice.app import Request, Response

from chalicelib.entrypoints.http_errors import answer_of, internal_error
from chalicelib.entrypoints.path import parse_target
from chalicelib.entrypoints.query_string import parse_query
from chalicelib.errors import AppError, Invalid, Json, TooLarge
from chalicelib.observability import logger
from chalicelib.services.call import Answer, Call

if TYPE_CHECKING:
    from chalicelib.services.product import Product

MOST_BODY_BYTES = 1024 * 1024
MOST_DEPTH = 32  # what DynamoDB stores in one another
MOST_DEPTH_OF_WORKFLOWS = 100  # 20 branches within branches; their nodes are stored flat
DOCUMENTS = (("workflows", "create"), ("workflows", "import"))
GATEWAY_MS = 1_000
FIXED_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
TIMEZONE = re.compile(r"([+-])(0?\d|1[0-4]):([0-5]\d)")


def respond(product: Callable[[], Product], request: Request, segments: list[str]) -> Response:
    """The response to a request whose path below ``/api`` has these raw segments."""
    request_id = _request_id(request)
    try:
        answer = product().answer(_call(product(), request, segments, request_id))
    except AppError as error:
        answer = answer_of(error)
        if answer.status >= 500:
            logger.warning("%s %s: %s", request.method, request.path, error.message, exc_info=error.__cause__)
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        answer = internal_error(request_id)
    return _response(answer, request, request_id)


def _call(product: Product, request: Request, segments: list[str], request_id: str) -> Call:
    headers = request.headers
    if headers.get("x-data-source", "main") != "main":
        raise Invalid(f'data source "{headers["x-data-source"]}" does not exist; there is only "main"', path="X-Data-Source")
    target = parse_target(request.method, segments)
    params = parse_query(_parameters(request))
    return Call(
        *target[:5],
        params=params,
        body=_body(request, MOST_DEPTH_OF_WORKFLOWS if target[:2] in DOCUMENTS else MOST_DEPTH),
        token=_token(headers, params),
        role=headers.get("x-role") or None,
        timezone=_timezone(headers.get("x-timezone"), product.now_ms()),
        if_match=headers.get("if-match"),
        idempotency_key=headers.get("idempotency-key"),
        deadline_ms=product.now_ms() + _remaining_ms(request) - GATEWAY_MS,
        request_id=request_id,
    )


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
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise Invalid(f"the body is nested deeper than {most_depth} levels", path="body", code="INVALID_JSON") from None
    except ValueError as error:
        raise Invalid(f"the body is not valid JSON: {error}", path="body", code="INVALID_JSON") from None
    if not isinstance(value, dict | list):
        raise Invalid("the body must be a JSON object or array", path="body", code="INVALID_JSON")
    if _is_too_deep(value, most_depth):
        raise Invalid(f"the body is nested deeper than {most_depth} levels", path="body", code="INVALID_JSON")
    if _has_half_characters(text):
        raise Invalid("the body holds half of a surrogate pair, which is no character", path="body", code="INVALID_JSON")
    return value


def _finite(text: str) -> float:
    """Raises ValueError for a number that no double holds."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _is_too_deep(value: Json, most_depth: int) -> bool:
    level = [value]
    for _ in range(most_depth):
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_half_characters(text: str) -> bool:
    r"""Whether a ``\ud800`` escape stands alone: such text cannot be stored as UTF-8."""
    if "\\u" not in text:
        return False
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


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
        headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "content-disposition,etag,x-new-token"}
    text = json.dumps(answer.body(), ensure_ascii=False, separators=(",", ":"))
    headers.update(answer.headers)
    return Response(text, headers, answer.status)
