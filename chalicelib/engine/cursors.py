"""Cursors: where a list goes on. Checked like everything else that comes from outside; sealed before they leave the house
(`services/cursor_seal.py`), since they name values of records that the caller may not see.

Three kinds, all JSON: behind an id (``{"a": sort key}``), for lists in the order of the ids; behind a value (``{"f": field,
"p": part of the list, "t": index text, "k": sort key}``), for lists in the order of an index; and a window (``{"w": where its pages
begin, "o": how many of its records were shown}``), for lists that are sorted after they were read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib.errors import Invalid, Json


def behind_id(sort_key: str) -> str:
    return _close({"a": sort_key})


def after_id(text: str | None) -> str | None:
    """The sort key that the list goes on behind. Raises Invalid."""
    if not text:
        return None
    position = _open(text)
    if not _is_key(position.get("a")):
        raise refused_cursor()
    key: str = position["a"]
    return key


def behind_value(field: str, phase: int, text: str | None, sort_key: str | None) -> str:
    """``phase`` 0: in the index, at ``text``; 1: among the empty texts; 2 and more: among the nulls."""
    return _close({"f": field, "p": phase, "t": text, "k": sort_key})


def after_value(cursor: str | None, field: str) -> tuple[int, str | None, str | None]:
    """Phase, index text and sort key that the list goes on behind. Raises Invalid for a cursor of another search."""
    if not cursor:
        return 0, None, None
    position = _open(cursor)
    phase, text, key = position.get("p"), position.get("t"), position.get("k")
    both = (text is None) == (key is None) if phase == 0 else text is None
    if position.get("f") != field or isinstance(phase, bool) or phase not in (0, 1, 2, 3) or not both:
        raise refused_cursor()
    if not all(part is None or _is_key(part) for part in (text, key)):
        raise refused_cursor()
    return phase, text, key


def _is_key(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value.encode()) <= 1024


def of_window(begin: Json, offset: int) -> str:
    """``begin``: ``None`` (the start) or ``{"s": shard, "k": start key or None}``."""
    return _close({"w": begin, "o": offset})


def is_of_window(text: str | None) -> bool:
    """Raises Invalid for what is no cursor."""
    return bool(text) and "w" in _open(text or "")


def window(text: str | None, partitions: Sequence[str], slot: str | None) -> tuple[Json, int]:
    """Begin and offset. Raises Invalid for a cursor of another search."""
    if not text:
        return None, 0
    position = _open(text)
    begin, offset = position.get("w"), position.get("o")
    if "w" not in position or isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise refused_cursor()
    if begin is not None and not _is_begin(begin, partitions, slot):
        raise refused_cursor()
    return begin, offset


def _is_begin(begin: Json, partitions: Sequence[str], slot: str | None) -> bool:
    shard = begin.get("s") if isinstance(begin, dict) else None
    if isinstance(shard, bool) or not isinstance(shard, int) or not 0 <= shard < len(partitions):
        return False
    start = begin.get("k")
    if start is None:
        return True
    names = {"pk", "sk"} | ({slot} if slot else set())
    if not isinstance(start, dict) or set(start) != names or start["pk"] != partitions[shard]:
        return False
    return all(map(_is_key, start.values()))


def _close(position: Json) -> str:
    return json.dumps(position, ensure_ascii=False, separators=(",", ":"))


def _open(text: str) -> dict[str, Json]:
    try:
        position = json.loads(text)
        json.dumps(position, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise refused_cursor() from None
    if not isinstance(position, dict):
        raise refused_cursor()
    return position


def refused_cursor() -> Invalid:
    """What a list says to a cursor that is none of its own."""
    return Invalid("this cursor is not one that this list has answered with", path="cursor", code="INVALID_CURSOR")
