"""Sorting and paging of lists, as the query string asks for them.

Null comes first ascending and last descending; records that tie come in the order of their ids, so pages never overlap.
Source: https://docs.nocobase.com/api/database/repository#find (``sort``, ``page``, ``pageSize``)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import is_readable
from chalicelib.domain.filter_operands import kind_of
from chalicelib.domain.selection import Selection, names_in, parse_selection
from chalicelib.errors import Invalid, Json, Problem

__all__ = ["Paging", "Selection", "SortKey", "parse_paging", "parse_selection", "parse_sort", "sort_rows"]

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200
MAX_DEPTH_OF_PAGES = 10_000
Row = dict[str, Json]


@dataclass(frozen=True)
class SortKey:
    """One field to sort by."""

    field: str
    descending: bool = False


@dataclass(frozen=True)
class Paging:
    """Which part of a list: ``page`` from 1. ``paginate`` false means all of it, without ``meta``."""

    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    paginate: bool = True

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


def parse_sort(raw: Json, collection: Collection) -> list[SortKey]:
    """The sort keys of ``"-createdAt,title"`` or ``["-createdAt", "title"]``. Raises Invalid (path ``sort``) naming every mistake."""
    keys: dict[str, SortKey] = {}
    found: list[Problem] = []
    for text in names_in(raw, "sort", found):
        name = text.removeprefix("-").strip()
        field = collection.field(name)
        if field is None or not is_readable(field):
            found.append(Problem(f"unknown field {name!r} in collection {collection.name!r}", "sort"))
        elif not _is_sortable(field):
            found.append(Problem(f"field {name!r} is of type {field.type}, which has no order", "sort"))
        else:
            keys.setdefault(name, SortKey(name, text.startswith("-")))
    if found:
        raise Invalid.of(found)
    return list(keys.values())


def sort_rows(rows: Sequence[Row], keys: Sequence[SortKey]) -> list[Row]:
    """The rows in the order of ``keys``, then of their ids ascending."""
    ordered = sorted(rows, key=lambda row: _rank(row.get("id")))
    for key in reversed(keys):
        ordered.sort(key=lambda row: _rank(row.get(key.field)), reverse=key.descending)
    return ordered


def parse_paging(page: Json = None, page_size: Json = None, paginate: Json = None, *, default_size: int = DEFAULT_PAGE_SIZE) -> Paging:
    """The paging of the parameters ``page``, ``pageSize``, ``paginate`` (texts or JSON, ``None`` = not sent).

    Raises Invalid naming every mistake: numbers that are none, a ``pageSize`` over 200, a page beyond the 10,000th record."""
    found: list[Problem] = []
    paging = Paging(
        _whole(page, "page", 1, None, found),
        _whole(page_size, "pageSize", default_size, MAX_PAGE_SIZE, found),
        _yes_or_no(paginate, found),
    )
    if paging.paginate and not found and paging.page * paging.page_size > MAX_DEPTH_OF_PAGES:
        limit = f"page times pageSize must not be over {MAX_DEPTH_OF_PAGES}"
        found.append(Problem(f"{limit}; to read further, send the cursor of the page before as the parameter cursor", "page"))
    if found:
        raise Invalid.of(found)
    return paging


def _is_sortable(field: Field) -> bool:
    return not field.is_association and kind_of(field) not in ("any", "array")


def _rank(value: Json) -> tuple[int, Json]:
    """Orders null before booleans before numbers before texts: a field's type may have changed under its data."""
    if value is None or isinstance(value, dict | list):
        return 0, 0
    return 1 if isinstance(value, bool) else 3 if isinstance(value, str) else 2, value


def _whole(raw: Json, name: str, default: int, most: int | None, found: list[Problem]) -> int:
    if raw is None or raw == "":
        return default
    text = str(raw).strip()
    # Twelve digits are more than any page has, and int() of a long text is slow.
    if isinstance(raw, bool) or not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= 1):
        found.append(Problem(f"{name} must be a whole number from 1" + (f" to {most}" if most else ""), name))
        return default
    if most is not None and int(text) > most:
        found.append(Problem(f"{name} must be at most {most}", name))
        return default
    return int(text)


def _yes_or_no(raw: Json, found: list[Problem]) -> bool:
    if raw is None or raw == "":
        return True
    text = str(raw).strip().lower()
    if text not in ("true", "1", "false", "0"):
        found.append(Problem("paginate must be true or false", "paginate"))
    return text not in ("false", "0")
