"""What a request may say of itself, before anybody is asked to send it: its URL, its headers, the data of a form.

A value that could end a header is refused, and so are the headers that frame a message or pick its host.
Sources: https://www.rfc-editor.org/rfc/rfc3986#section-3 and https://www.rfc-editor.org/rfc/rfc9110#section-5
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from chalicelib.domain.references import has_template
from chalicelib.domain.template import text_of
from chalicelib.errors import Json, Problem

MOST_URL = 8_192
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
FRAMING = {"content-length", "transfer-encoding", "te", "trailer", "expect"}
OURS = FRAMING | {"host", "connection", "keep-alive", "upgrade", "proxy-authorization", "proxy-connection"}
FORM = 'the data of a form is a list of {"name", "value"}'


def problems_of_url(url: str, path: str) -> list[Problem]:
    """Why no request can go there; where a host may not be called is decided when the connection is made."""
    url = url.strip()
    why = _fault_of(url) if url.lower().startswith(("http://", "https://")) else "the URL must begin with http:// or https://"
    return [Problem(why, path, "INVALID_URL")] if why else []


def _fault_of(url: str) -> str | None:
    if CONTROL.search(url):
        return "the URL holds a line break or another control character"
    if len(url) > MOST_URL:
        return f"the URL has {len(url):,} characters, at most {MOST_URL:,} are taken"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL cannot be read: what stands in [ ] must be an IPv6 address"
    if "@" in parts.netloc:
        return "the URL must not hold a user or a password; send them in a header"
    if not parts.hostname:
        return "the URL names no host"
    return None if _has_right_port(parts.netloc) else "the port of the URL must be a number from 1 to 65535"


def _has_right_port(authority: str) -> bool:
    text = authority.rpartition("]")[2].rpartition(":")[2] if ":" in authority.rpartition("]")[2] else ""
    return not text or (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65_535)


def fault_of_header_name(name: str) -> str | None:
    """Why no header of this name can be set."""
    return f"the header {name[:100]!r} cannot be set" if not TOKEN.fullmatch(name) or name.lower() in OURS else None


def fault_of_header_value(name: str, value: str) -> str | None:
    """Why the header cannot have this value."""
    if VALUE.fullmatch(value):
        return None
    return f'the value of the header "{name[:100]}" holds a line break or a character that no header takes'


def problems_of_headers(headers: Json, path: str) -> list[Problem]:
    """What is wrong with those of ``[{"name", "value"}]`` that no template completes; one without a name is left out when it is sent."""
    found: list[Problem] = []
    for position, pair in enumerate(headers if isinstance(headers, list) else ()):
        name, value = (pair.get("name"), pair.get("value")) if isinstance(pair, dict) else (None, None)
        if not isinstance(name, str) or not name.strip():
            continue
        faults = {
            "name": None if has_template(name) else fault_of_header_name(name.strip()),
            "value": None if has_template(value) else fault_of_header_value(name.strip(), text_of(value).strip()),
        }
        found += [Problem(fault, f"{path}.{position}.{part}", "INVALID_HEADER") for part, fault in faults.items() if fault]
    return found


def problems_of_form(data: Json, path: str) -> list[Problem]:
    """Data without templates of which no form can be made; an object, or nothing, can be one."""
    if data is None or isinstance(data, dict) or (isinstance(data, str) and has_template(data)):
        return []
    if not isinstance(data, list):
        return [Problem(FORM, path)]
    wrong = [position for position, field in enumerate(data) if not isinstance(field, dict) and not has_template(field)]
    return [Problem(FORM, f"{path}.{position}") for position in wrong]
