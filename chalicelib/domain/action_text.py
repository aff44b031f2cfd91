"""Texts and addresses of an action that name what it works on: ``{{record.title}}``, ``/orders/{{record.id}}``.

A value goes into an address percent-encoded, and never into its scheme or host, so what a record holds cannot send a browser elsewhere.
Sources: https://url.spec.whatwg.org/#url-parsing, https://datatracker.ietf.org/doc/html/rfc3986#section-2.1
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from chalicelib.domain.template import text_of
from chalicelib.errors import Invalid, Json, Problem

VARIABLE = re.compile(r"\{\{\s*([A-Za-z]\w*(?:\.\w+)*)\s*\}\}")
# An absolute address whose host is there in full, a path on the same host ("//" would be another one), or a query or fragment of the page.
START = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?=[/?#]|$)|/(?![/\\])|[?#]", re.IGNORECASE)
UNFIT = re.compile(r"[\s\\<>\"'`^|\x00-\x1f\x7f]")
DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
NOT_IN_NAMES = re.compile(r"[/\\:*?\"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]")
URL_RULE = "must begin with http:// or https:// and a host in full, or with one /; values go behind that only"

Scope = Mapping[str, Json]


def variables_of(text: str) -> list[str]:
    """The paths that the text names: ``["record.title"]``."""
    return VARIABLE.findall(text)


def is_one_variable(text: str) -> bool:
    return VARIABLE.fullmatch(text.strip()) is not None


def filled(text: str, scope: Scope) -> str:
    """The text with its values; what is not there leaves nothing behind."""
    return VARIABLE.sub(lambda match: text_of(_value(match[1], scope)), text)


def filled_url(text: str, scope: Scope) -> str:
    """The address with its values. Raises Invalid for one that would lead elsewhere."""
    if is_one_variable(text):
        url = text_of(_value(VARIABLE.fullmatch(text.strip())[1], scope))  # type: ignore[index]
        if not is_url(url):
            raise Invalid(f"the address {URL_RULE}", path="url", code="UNSAFE_URL")
        return url
    url = VARIABLE.sub(lambda match: quote(text_of(_value(match[1], scope)), safe="", errors="replace"), text)
    if _has_dots(url):
        raise Invalid("a value would lead out of the path of the address", path="url", code="UNSAFE_URL")
    return url


def is_url(text: str) -> bool:
    """Whether a browser may be sent there: nothing but http, https and places on the same host."""
    return START.match(text) is not None and UNFIT.search(text) is None and not _has_dots(text)


def problems_of_text(text: Json, path: str, roots: Mapping[str, str]) -> list[Problem]:
    """Variables that are none. ``roots``: what may stand first in a variable, and what it is."""
    if not isinstance(text, str):
        return []
    found = []
    if "{{" in VARIABLE.sub("", text):
        found.append(Problem(f'"{path}" holds braces that are no variable; one is written as {{{{record.title}}}}', path))
    for name in variables_of(text):
        root = name.partition(".")[0]
        if root not in roots:
            known = ", ".join(roots) or "none"
            found.append(Problem(f'"{{{{{name}}}}}" is not known in "{path}"; variables here begin with: {known}', path))
    return found


def problems_of_file_name(text: Json, path: str) -> list[Problem]:
    """A name that is more than a name: a path, or one that hides the file."""
    if not isinstance(text, str):
        return []
    plain = VARIABLE.sub("x", text)
    if NOT_IN_NAMES.search(plain) or plain != plain.strip() or plain.startswith("."):
        return [Problem(f'"{path}" must be a plain file name, such as report-{{{{record.id}}}}.csv', path)]
    return []


def filled_file_name(text: str, scope: Scope) -> str:
    """The file name with its values; what no file name holds becomes ``_``."""
    return NOT_IN_NAMES.sub("_", filled(text, scope)).strip().lstrip(".")


def problems_of_url(text: Json, path: str, roots: Mapping[str, str], whole: str = "") -> list[Problem]:
    """As `problems_of_text`, and addresses that could lead elsewhere. ``whole``: the root of a variable that may be the whole address."""
    if not isinstance(text, str):
        return []
    found = problems_of_text(text, path, roots)
    if whole and is_one_variable(text) and variables_of(text)[0].partition(".")[0] == whole:
        return found
    if not START.match(text) or UNFIT.search(VARIABLE.sub("", text)) or _has_dots(VARIABLE.sub("x", text)):
        found.append(Problem(f'"{path}" {URL_RULE}', path, "UNSAFE_URL"))
    return found


def _has_dots(url: str) -> bool:
    """Whether the path has a segment that means "here" or "one up"."""
    path = re.split("[?#]", url, maxsplit=1)[0]
    return any(DOTS.fullmatch(segment) for segment in path.split("/"))


def _value(name: str, scope: Scope) -> Json:
    value: Json = scope
    for part in name.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value
