"""``<collection>:list?actions=1``: the page and, in ``meta``, what may be done with its records, so that a table is painted after one call.

``meta.actions`` and ``meta.records`` are what ``actions:available`` with ``each=1`` answers for the records of the page.
Source: https://docs.nocobase.com/workflow/triggers/custom-action (buttons of a table's rows)
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps

from chalicelib.domain.query import parse_paging
from chalicelib.errors import Invalid, Json
from chalicelib.services.action_rules import MOST_RECORDS
from chalicelib.services.call import Answer, Call
from chalicelib.services.handlers import Handler

PARAMETER = "actions"


def with_offers(listed: Handler, available: Handler) -> Handler:
    """``listed``, which with ``actions=1`` also tells what ``available`` does. The handler raises Invalid for a page that is too large."""

    @wraps(listed)
    def handler(call: Call) -> Answer:
        if not wants_offers(call):
            return listed(call)
        page = listed(call)
        if page.errors is not None or page.whole is not None:
            return page
        offers = available(_about(call, _ids(page.data)))
        return replace(page, meta={**(page.meta or {}), "actions": offers.data, **(offers.meta or {})})

    return handler


def wants_offers(call: Call) -> bool:
    """The parameter ``actions``. Raises Invalid for another value, and for a page of more records than can be asked about."""
    raw = call.params.get(PARAMETER)
    if raw not in (None, "0", "1"):
        raise Invalid("actions must be 0 or 1", path=PARAMETER)
    if raw != "1":
        return False
    paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
    if not paging.paginate or paging.page_size > MOST_RECORDS:
        raise Invalid(f"with actions=1 a page has at most {MOST_RECORDS} records", path="pageSize" if paging.paginate else "paginate")
    return True


def _ids(rows: Json) -> list[Json]:
    if any("id" not in row for row in rows):
        raise Invalid("with actions=1 the fields of the list must hold id", path="fields")
    return [row["id"] for row in rows]


def _about(call: Call, ids: list[Json]) -> Call:
    params = {"collection": call.resource, "filterByTk": ids, "each": "1"}
    return replace(call, resource="actions", action="available", record_id=None, params=params, body=None, idempotency_key=None)
