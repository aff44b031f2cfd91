"""What ``actions:available`` is asked about, and its answer for each of several records alone: what a table's rows show, in one call.

Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.action import NONE, Action
from chalicelib.domain.record import Row
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.services.action_rules import MOST_RECORDS, ActionRules
from chalicelib.services.call import Call

ABOUT = ("collection", "filterByTk")


def asked_about(call: Call) -> tuple[str | None, list[Json] | None]:
    """The collection and the ids that ``actions:available`` is asked about, of the query string, else of the body. Raises Invalid."""
    body = call.values()
    found = [Problem(f'"{name}" is not taken; the body is {{"collection", "filterByTk"}}', name) for name in body if name not in ABOUT]
    name = call.params.get("collection") or body.get("collection") or None
    if not isinstance(name, str | None):
        found.append(Problem("collection must be the name of one collection", "collection"))
    ids = named_ids(call, body, found)
    if found:
        raise Invalid.of(found)
    return name, ids


def named_ids(call: Call, body: Row, found: list[Problem]) -> list[Json] | None:
    """The ids of the query string, else of the body."""
    keys = replace(call, record_id=None).target_keys
    ids = _ids(keys if keys is not None else body.get("filterByTk"))
    if any(not isinstance(one, str | int) or isinstance(one, bool) for one in ids or ()):
        found.append(Problem("filterByTk must be an id or a list of ids", "filterByTk"))
    return ids


def _ids(keys: Json) -> list[Json] | None:
    """The ids that a call names, as a list."""
    return None if keys is None else keys if isinstance(keys, list) else [keys]


def wants_each(call: Call) -> bool:
    """The parameter ``each``. Raises Invalid."""
    raw = call.params.get("each")
    if raw not in (None, "0", "1"):
        raise Invalid("each must be 0 or 1", path="each")
    return raw == "1"


def offered_for_each(rules: ActionRules, actions: Sequence[Action], ids: Sequence[Json]) -> dict[str, list[Row]]:
    """``{"91": [{"name": "submit", "enabled": false, "reason", "code"}]}``: what the caller sees for each record. Raises Invalid."""
    if len(ids) > MOST_RECORDS:
        raise Invalid(f"filterByTk takes at most {MOST_RECORDS} ids, not {len(ids)}", path="filterByTk")
    on_records = [one for one in actions if one.context != NONE]
    return {str(one): _offered(replace(rules, ids=[one]), on_records) for one in ids}


def _offered(rules: ActionRules, actions: Sequence[Action]) -> list[Row]:
    rows: list[Row] = []
    for action in actions:
        verdict = rules.verdict(action)
        if verdict.visible and verdict.refusal is None:
            rows.append({"name": action.name, "enabled": True})
        elif verdict.visible and verdict.refusal is not None:
            problem = verdict.refusal.problems()[0]
            rows.append({"name": action.name, "enabled": False, "reason": verdict.refusal.message, "code": problem.code})
    return rows
