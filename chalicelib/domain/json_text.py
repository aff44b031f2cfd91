"""JSON text from outside, read once and within bounds: nothing comes through that could not be stored or written out again.

Source: https://www.rfc-editor.org/rfc/rfc8259 (sections 6, 8 and 9: an implementation may limit depth and numbers)
"""

from __future__ import annotations

import json
import math
import re

from chalicelib.errors import Invalid, Json

MOST_DEPTH = 32  # what DynamoDB stores in one another
HALF_CHARACTER = "holds half of a surrogate pair, which is no character"
HALF = re.compile("[\ud800-\udfff]")


def parse_json(text: str, *, what: str, path: str, most_depth: int = MOST_DEPTH) -> Json:
    """The value of the text. ``what`` names it in messages: "the body".

    Raises Invalid (``INVALID_JSON`` at ``path``) for what is no JSON, a number that no double holds, ``NaN``, half a surrogate pair, and
    more levels than ``most_depth``."""

    def invalid(reason: str) -> Invalid:
        return Invalid(f"{what} {reason}", path=path, code="INVALID_JSON")

    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise invalid(f"is nested deeper than {most_depth} levels") from None
    except ValueError as error:
        raise invalid(f"is not valid JSON: {error}") from None
    if _is_too_deep(value, most_depth):
        raise invalid(f"is nested deeper than {most_depth} levels")
    if _has_half_escapes(text):
        raise invalid(HALF_CHARACTER)
    return value


def why_not_kept(value: Json, most_depth: int = MOST_DEPTH) -> str | None:
    """Why a value that came from elsewhere than `parse_json` cannot be stored or written out again; ``None`` when it can."""
    if _is_too_deep(value, most_depth):
        return f"is nested deeper than {most_depth} levels"
    inner = [value]
    while inner:
        one = inner.pop()
        if isinstance(one, str) and has_half_characters(one):
            return HALF_CHARACTER
        if isinstance(one, float) and not math.isfinite(one):
            return "holds a number that is none in JSON (NaN, Infinity)"
        inner += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
    return None


def has_half_characters(text: str) -> bool:
    """Whether the text holds half of a surrogate pair: it cannot be written as UTF-8."""
    return not text.isascii() and HALF.search(text) is not None


def _finite(text: str) -> float:
    """Raises ValueError for a number that no double holds."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _is_too_deep(value: Json, most_depth: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most_depth):
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_half_escapes(text: str) -> bool:
    r"""Whether a ``\ud800`` escape stands alone: such text cannot be stored as UTF-8."""
    if "\\u" not in text:
        return False
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
