"""Numbers and values as texts and back, as JSONata means them; what jsonata-python does in the manner of Python is done here instead.

Sources: https://docs.jsonata.org/string-functions, https://docs.jsonata.org/numeric-functions#number and
https://www.rfc-editor.org/rfc/rfc4648#section-4
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.domain.expression_bounds import Budget, ExpressionError
from chalicelib.domain.template_path import short
from chalicelib.domain.template_text import SAFE_INTEGER, as_float, number_literal
from chalicelib.errors import Json

SIGNIFICANT_DIGITS = 15
DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
RADIX = re.compile(r"0(?:[xX](?P<hex>[0-9a-fA-F]+)|[oO](?P<oct>[0-7]+)|[bB](?P<bin>[01]+))", re.ASCII)
BASES = {"hex": 16, "oct": 8, "bin": 2}


def text_of_number(number: float) -> str:
    """A whole number exactly, any other with 15 significant digits: ``0.1 + 0.2`` is ``0.3``. Raises ExpressionError when infinite."""
    if isinstance(number, float) and not math.isfinite(number):
        raise ExpressionError("a number that is infinite or none (a division by zero?) has no text")
    if abs(number) > SAFE_INTEGER or number == int(number):
        return number_literal(number if abs(number) <= SAFE_INTEGER else as_float(number))
    return number_literal(float(f"{number:.{SIGNIFICANT_DIGITS}g}"))


def json_text(value: Json, null: Json, budget: Budget, *, pretty: bool = False) -> str:
    """The JSON of what an evaluator holds, ``null`` standing for null; ``pretty``: on lines, with two spaces of indentation.

    Raises ExpressionError when that takes too long, and for a number that is infinite."""
    return "".join(_Writer(null, budget).pieces(value, "\n" if pretty else ""))


@dataclass(frozen=True)
class _Writer:
    null: Json
    budget: Budget

    def pieces(self, value: Json, line: str) -> Iterator[str]:
        """``line`` is what begins a line at this level; empty for a text in one line."""
        self.budget.spend()
        if isinstance(value, Mapping):
            colon = ": " if line else ":"
            members = [(f"{json.dumps(str(name), ensure_ascii=False)}{colon}", item) for name, item in value.items()]
            yield from self._enclosed("{}", members, line)
        elif isinstance(value, list):
            yield from self._enclosed("[]", [("", item) for item in value], line)
        else:
            yield self._leaf(value)

    def _leaf(self, value: Json) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or value is self.null:
            return "null"
        if isinstance(value, int | float):
            return text_of_number(value)
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else '""'

    def _enclosed(self, brackets: str, members: list[tuple[str, Json]], line: str) -> Iterator[str]:
        yield brackets[0]
        inner = f"{line}  " if line else ""
        for position, (name, item) in enumerate(members):
            yield f"{',' if position else ''}{inner}{name}"
            yield from self.pieces(item, inner)
        yield f"{line if members else ''}{brackets[1]}"


def number_in(text: str, *, radix: bool = True) -> float:
    """``-1.5e3``, or ``0x1f``, ``0o17``, ``0b11``; no blanks, no sign ``+``, digits on both sides of the point. Raises ExpressionError."""
    found = RADIX.fullmatch(text) if radix else None
    number: float = math.nan
    if found:
        number = as_float(int(found[found.lastgroup or 0], BASES[found.lastgroup or ""]))
    elif DECIMAL.fullmatch(text):
        number = float(text)
    if not math.isfinite(number):
        raise ExpressionError(f'$number cannot make a number of the text "{short(text)}"; one looks like 12, -1.5, 2e3 or 0x1f')
    return int(number) if number.is_integer() and abs(number) <= SAFE_INTEGER else number


def text_in_base64(text: str) -> str:
    """The text whose UTF-8 the base64 holds; padding may be missing. Raises ExpressionError."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ExpressionError(f'$base64decode cannot read "{short(text)}": it is not base64') from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ExpressionError("$base64decode gives texts, and these bytes are no text in UTF-8") from None
