"""What a request says: its headers, checked one by one, and its body, written as its content type wants it.

Header names and values that could end a header are refused, and so are the headers that frame a message or pick its host.
Sources: https://www.rfc-editor.org/rfc/rfc9110#section-5 and
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from urllib3.filepost import encode_multipart_formdata

from chalicelib.adapters.http_target import failed
from chalicelib.domain.request_rules import fault_of_header_name, fault_of_header_value
from chalicelib.domain.template import text_of
from chalicelib.errors import Json

MOST_BODY_BYTES = 1_048_576
MOST_HEADER_BYTES = 16_384
KEY_SAFE = "#/:~"
DEFAULTS = {"Accept": "application/json, text/plain, */*", "Accept-Encoding": "identity", "User-Agent": "Stepbase", "Connection": "close"}


def headers_of(payload: Mapping[str, Json], key: str) -> dict[str, str]:
    """The node's own headers, ours where it has none, ``Idempotency-Key`` among them. Raises EffectFailed (``ERR_INVALID_HEADER``)."""
    headers: dict[str, str] = {}
    for pair in payload.get("headers") or ():
        name, value = pair["name"], pair["value"]
        if fault := fault_of_header_name(name) or fault_of_header_value(name, value):
            raise failed(fault, "ERR_INVALID_HEADER")
        headers[name] = value
    given = {name.lower() for name in headers}
    ours = {**DEFAULTS, "Idempotency-Key": quote(key, safe=KEY_SAFE)}
    headers |= {name: value for name, value in ours.items() if name.lower() not in given}
    if sum(len(name) + len(value) for name, value in headers.items()) > MOST_HEADER_BYTES:
        raise failed(f"the headers have more than {MOST_HEADER_BYTES:,} bytes together", "ERR_INVALID_HEADER")
    return headers


def body_of(payload: Mapping[str, Json]) -> tuple[bytes | None, str | None]:
    """The body and its Content-Type; nothing for GET and without data. Raises EffectFailed when it is too large or cannot be written."""
    data, content_type = payload.get("data"), payload["contentType"]
    if data is None or payload["method"] == "GET":
        return None, None
    write = WRITERS.get(content_type)
    if write is None:
        raise failed(f'the content type "{content_type}" is not offered; use one of {", ".join(WRITERS)}', "ERR_BAD_OPTION")
    body, full_type = write(data)
    if len(body) > MOST_BODY_BYTES:
        raise failed("Request body larger than maxBodyLength limit", "ERR_FR_MAX_BODY_LENGTH_EXCEEDED")
    return body, full_type


def _json(data: Json) -> tuple[bytes, str]:
    """A text that is JSON already is sent as it stands."""
    try:
        text = data.strip() if isinstance(data, str) and _is_json(data) else json.dumps(data, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise failed("the data cannot be written as JSON", "ERR_BAD_OPTION_VALUE") from None
    return text.encode("utf-8", "replace"), "application/json"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _form(data: Json) -> tuple[bytes, str]:
    return urlencode(_fields(data), errors="replace").encode(), "application/x-www-form-urlencoded"


def _parts(data: Json) -> tuple[bytes, str]:
    return encode_multipart_formdata([(name, value.encode("utf-8", "replace")) for name, value in _fields(data)])


def _fields(data: Json) -> list[tuple[str, str]]:
    """``[{"name", "value"}]`` (or ``text`` for ``value``), or an object, as pairs; entries without a name or a value are left out."""
    if isinstance(data, dict):
        return [(name, text_of(value)) for name, value in data.items()]
    if not isinstance(data, list) or not all(isinstance(field, dict) for field in data):
        raise failed('the data of a form is a list of {"name", "value"}', "ERR_BAD_OPTION_VALUE")
    if any(field.get("valueType") == "file" for field in data):
        raise failed("files are not offered in a form", "ERR_BAD_OPTION_VALUE")
    pairs = [(text_of(field.get("name")), field.get("value", field.get("text"))) for field in data]
    return [(name, text_of(value)) for name, value in pairs if name and value is not None]


def _text(content_type: str) -> Callable[[Json], tuple[bytes, str]]:
    return lambda data: (text_of(data).encode("utf-8", "replace"), f"{content_type}; charset=utf-8")


WRITERS: Mapping[str, Callable[[Json], tuple[bytes, str]]] = {
    "application/json": _json,
    "application/x-www-form-urlencoded": _form,
    "multipart/form-data": _parts,
    "application/xml": _text("application/xml"),
    "text/plain": _text("text/plain"),
}
