"""Days in the filter of ``executions:list`` and ``destroy`` are those of the caller's zone. https://docs.nocobase.com/workflow/advanced/executions"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.services.call import Call
from tests.sessions import NOW_MS, Session

Json = Any
SIX_HOURS_S = 6 * 3_600
OUT = {"key": "out", "type": "output", "config": {"value": 1}}


@pytest.fixture
def session() -> Session:
    """Two executions, at midnight of 2026-11-21 in UTC and six hours later, which is now."""
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.workflow("flow", [OUT], None)
    made.call("workflows:trigger", None, {}, triggerWorkflows="flow")
    made.clock.sleep(SIX_HOURS_S)
    made.call("workflows:trigger", None, {}, triggerWorkflows="flow")
    return made


def times(session: Session, on: Json, zone: str, action: str = "list") -> Json:
    """What the action answers to a filter by the day."""
    params = {"filter": {"key": "flow", "createdAt": {"$dateOn": on}}, "sort": "id"}
    answer = session.product.answer(Call("executions", action, params=params, token=session.token, timezone=zone))
    return [row["createdAt"][11:16] for row in answer.data] if action == "list" else answer.data


@pytest.mark.parametrize(
    ("on", "zone", "expected"),
    [
        ("2026-11-21", "+00:00", ["00:00", "06:00"]),
        ("2026-11-21", "-05:00", ["06:00"]),
        ("2026-11-20", "-05:00", ["00:00"]),
        ("2026-11-20", "+00:00", []),
        ({"type": "today"}, "+00:00", ["00:00", "06:00"]),
        ({"type": "today"}, "-05:00", ["06:00"]),
        ({"type": "yesterday"}, "-05:00", ["00:00"]),
        ({"type": "today"}, "-07:00", ["00:00", "06:00"]),
        ({"type": "yesterday"}, "+00:00", []),
    ],
)
def test_a_day_begins_at_midnight_where_the_caller_is(session: Session, on: Json, zone: str, expected: list[str]) -> None:
    assert times(session, on, zone) == expected


def test_what_a_filter_removes_is_what_it_lists(session: Session) -> None:
    assert times(session, {"type": "yesterday"}, "-05:00", "destroy") == 1
    assert times(session, "2026-11-21", "+00:00") == ["06:00"]
