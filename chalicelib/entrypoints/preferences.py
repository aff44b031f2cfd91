"""The header ``Prefer``: what a client would like. Whatever is unknown, or not as it should be written, is ignored, as the RFC says.

Source: https://www.rfc-editor.org/rfc/rfc7240
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TEXT = r'"(?:[^"\\]|\\.)*"'
WORD = rf"(?:{TOKEN}|{TEXT})"
PREFERENCE = re.compile(rf"({TOKEN})(?:[ \t]*=[ \t]*({WORD}))?[ \t]*(?:;.*)?")  # the parameters of one say nothing here
LISTED = re.compile(rf"(?:{TEXT}|[^,\"])+")
MOST_CHARACTERS = 2_000
MOST_SECONDS = 86_400


def wait_of(values: Iterable[str]) -> int | None:
    """The seconds of ``wait=<seconds>``, at most a day; ``None`` without it, or when it is not a whole number from 0.

    ``values``: the header, as often as it was sent. Of several preferences of one name the first counts."""
    for element in LISTED.findall(", ".join(values)[:MOST_CHARACTERS]):
        found = PREFERENCE.fullmatch(element.strip(" \t"))
        if found and found[1].lower() == "wait":
            return _seconds((found[2] or "").strip('"'))
    return None


def _seconds(text: str) -> int | None:
    if not re.fullmatch("[0-9]+", text):
        return None
    return min(int(text.lstrip("0")[:6] or "0"), MOST_SECONDS)
