"""How a list is asked for and answered: variables in its filter, its kind of paging, and what ``meta`` says.

``meta`` is ``{count, page, pageSize, totalPage}`` while the count is exact (at most 10,000 records looked at), ``{hasNext, page, pageSize,
cursor, countAtLeast}`` beyond, ``{hasNext, page, pageSize}`` for a collection with ``simplePaginate``. The last page that is read by number
has the ``cursor`` in any case, while more follows. ``plan=1`` adds how the list was read, and a list that is incomplete or came from an
index that may be late says so by itself.
Source: https://docs.nocobase.com/api/actions
"""

from __future__ import annotations

import math
from collections.abc import Callable

from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import Filter, substitute
from chalicelib.domain.query import MAX_DEPTH_OF_PAGES, Paging
from chalicelib.domain.record import Row
from chalicelib.domain.selection import names_in
from chalicelib.domain.system_variables import date_variables
from chalicelib.engine.cursors import refused_cursor
from chalicelib.engine.finder import Found
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.services.call import Call, filter_of
from chalicelib.services.cursor_seal import REFUSED
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import Caller


def asked_filter(records: PermittedRecords, caller: Caller, call: Call, collection: Collection) -> Filter:
    """The call's ``filter`` with its variables filled in, on what the role may see of the collection. Raises Invalid."""
    raw = substitute(filter_of(call), caller.variables() | date_variables(records.now_ms))
    return records.filter(raw, records.readable(collection.name))


def shape_of(call: Call) -> Callable[[Row], Row]:
    """What ``fields`` and ``except`` leave of a definition. Raises Invalid."""
    found: list[Problem] = []
    kept, left_out = (names_in(call.params.get(option), option, found) for option in ("fields", "except"))
    if found:
        raise Invalid.of(found)
    return lambda shown: {k: v for k, v in shown.items() if (not kept or k in kept) and k not in left_out}


def is_simple(collection: Collection) -> bool:
    """Whether the collection's lists are not counted."""
    return collection.options.get("simplePaginate") is True


def cursor_of(call: Call) -> str | None:
    cursor = call.params.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise Invalid("cursor must be the text that a list answered with", path="cursor")
    if cursor == REFUSED:
        raise refused_cursor()
    return cursor


def wants_plan(call: Call) -> bool:
    """The parameter ``plan``. Raises Invalid."""
    raw = call.params.get("plan")
    if raw not in (None, "", "0", "1", "true", "false"):
        raise Invalid("plan must be 1 or 0", path="plan")
    return raw in ("1", "true")


def list_meta(found: Found, paging: Paging, collection: Collection, call: Call) -> dict[str, Json] | None:
    """``meta`` of a list; ``None`` for one without paging that is all there."""
    said = {"plan": found.plan} if wants_plan(call) or not found.complete or not found.access.consistent else {}
    if not paging.paginate:
        stopped = {} if found.complete else {"hasNext": True, "cursor": found.cursor, "countAtLeast": found.at_least}
        return stopped | said or None
    pages: dict[str, Json] = {"page": paging.page, "pageSize": paging.page_size}
    # Beyond it nothing is read by number.
    is_last_by_number = (paging.page + 1) * paging.page_size > MAX_DEPTH_OF_PAGES
    onward = {"cursor": found.cursor} if is_last_by_number and found.cursor else {}
    if is_simple(collection) and found.complete and "cursor" not in call.params:
        return {"hasNext": found.cursor is not None, **pages} | onward | said
    if found.total is not None and not is_simple(collection):
        return {"count": found.total, **pages, "totalPage": math.ceil(found.total / paging.page_size)} | onward | said
    return {"hasNext": found.cursor is not None, **pages, "cursor": found.cursor, "countAtLeast": found.at_least} | said
