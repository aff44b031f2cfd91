"""What a misspelt name was probably meant to be. Source: https://docs.python.org/3/library/difflib.html#difflib.get_close_matches"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_SUGGESTIONS = 3
MOST_CHARACTERS = 100  # comparing takes quadratic time


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean "condition" or "end"?`` with the nearest names first; empty when none is near."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name[:MOST_CHARACTERS].lower(), by_lower, MOST_SUGGESTIONS)
    quoted = [f'"{by_lower[one]}"' for one in found]
    return f"did you mean {' or '.join(quoted)}?" if quoted else ""
