"""What a service answered, taken as hostile: at most a megabyte once unpacked, JSON of bounded depth, text that can be kept.

The forms of success and failure are those of axios, which workflows know from the model.
Sources: https://docs.nocobase.com/workflow/nodes/request and https://axios-http.com/docs/handling_errors
"""

from __future__ import annotations

import json
import math
import re

from urllib3 import BaseHTTPResponse

from chalicelib.adapters.http_target import failed
from chalicelib.domain.ports import EffectFailed
from chalicelib.errors import Json

MOST_ANSWER_BYTES = 1_048_576
MOST_DEPTH = 32
CHUNK_BYTES = 65_536
JSON_TYPE = re.compile(r"(?:application/(?:[\w.+-]+\+)?json|text/json)(?:[;\s]|$)")
CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
LENGTH = re.compile(r"\s*[0-9]+\s*(?:,\s*[0-9]+\s*)*", re.ASCII)
MOST_LOCATION = 200
MOST_DIGITS = 308  # of an integer that a double holds


def read_answer(response: BaseHTTPResponse) -> dict[str, Json]:
    """``{status, statusText, headers, data}``. Raises EffectFailed for what is too large, too deep, or not in 200 to 299."""
    reason = _kept((response.reason or "").encode("latin-1", "replace"), "latin-1")
    told: dict[str, Json] = {"status": response.status, "statusText": reason}
    content_type = response.headers.get("content-type", "")
    try:
        _check_length(response.headers.get("content-length"))
        data = data_of(_content(response), content_type)
    except EffectFailed as refused:
        raise EffectFailed({**refused.result, **told}) from None
    if 200 <= response.status < 300:
        return {**told, "headers": _headers(response), "data": data}
    message, code = _refusal(response.status, response.headers.get("location"))
    raise EffectFailed({"message": message, "code": code, **told, "data": data})


def _check_length(length: str | None) -> None:
    """A length that is none is read as no length at all: the answer would be taken for whole wherever it ends. Raises EffectFailed."""
    if length is not None and not LENGTH.fullmatch(length):
        raise failed("the answer is not HTTP: its Content-Length is no number", "ERR_BAD_RESPONSE")


def _content(response: BaseHTTPResponse) -> bytes:
    """The body, unpacked. Never holds more than the limit and one chunk, however small the packed body is."""
    found = bytearray()
    while len(found) <= MOST_ANSWER_BYTES:
        chunk = response.read(CHUNK_BYTES)
        if not chunk:
            return bytes(found)
        found += chunk
    raise failed(f"maxContentLength size of {MOST_ANSWER_BYTES} exceeded", "ERR_BAD_RESPONSE")


def _headers(response: BaseHTTPResponse) -> dict[str, Json]:
    """By lower-case name, several of one name joined by a comma; ``set-cookie`` is a list."""
    headers: dict[str, Json] = {name.lower(): response.headers[name] for name in response.headers}
    cookies = response.headers.getlist("set-cookie")
    return {**headers, "set-cookie": list(cookies)} if cookies else headers


def data_of(content: bytes, content_type: str) -> Json:
    """A JSON answer as its value, any other as text, and so is JSON that is none. Half a surrogate pair, which no file can hold, is U+FFFD.

    Raises EffectFailed when JSON is nested deeper than 32 levels, or holds a number that is too large."""
    charset = CHARSET.search(content_type)
    text = _kept(content, charset[1] if charset else "utf-8")
    if not JSON_TYPE.match(content_type.strip().lower()):
        return text
    try:
        value = _sound(json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole))
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        return text
    if depth_passes(value, MOST_DEPTH):
        raise _too_deep()
    return value


def depth_passes(value: Json, most: int) -> bool:
    """Whether lists and objects stand in one another more than ``most`` times."""
    level = [value]
    for _ in range(most + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return False
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return True


def _too_deep() -> EffectFailed:
    return failed(f"the answer is nested more than {MOST_DEPTH} levels deep", "ERR_BAD_RESPONSE")


def _kept(content: bytes, charset: str) -> str:
    """The text; what cannot be read becomes a replacement character, an unknown character set is read as UTF-8."""
    try:
        text = content.decode(charset, "replace")
    except (LookupError, ValueError):
        text = content.decode("utf-8", "replace")
    return text.removeprefix("\ufeff").encode("utf-8", "replace").decode()


def _refuse(constant: str) -> Json:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _too_large(text)
    return number


def _whole(text: str) -> int:
    if len(text.removeprefix("-")) > MOST_DIGITS:
        raise _too_large(text)
    return int(text)


def _too_large(text: str) -> EffectFailed:
    shown = text if len(text) <= 40 else f"{text[:39]}…"
    return failed(f"the answer is JSON that cannot be kept: the number {shown} is too large", "ERR_BAD_RESPONSE")


def _sound(value: Json) -> Json:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return value


def _refusal(status: int, location: str | None) -> tuple[str, str]:
    message = f"Request failed with status code {status}"
    if 300 <= status < 400:
        where = f': "{location[:MOST_LOCATION]}"' if location else ""
        return f"{message}; redirects are not followed{where}", "ERR_FR_TOO_MANY_REDIRECTS"
    return message, "ERR_BAD_REQUEST" if status < 500 else "ERR_BAD_RESPONSE"
