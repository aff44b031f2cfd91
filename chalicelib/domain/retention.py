"""How long history is kept, and which ends of executions are told: ``options.retention`` and ``options.announce`` of a workflow.

``retention`` is a number of days for every execution, or days by the name of the status with which one ended; what it does not name is kept
for ever. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html (an item goes within days after its time)
"""

from __future__ import annotations

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import Filter, parse_filter
from chalicelib.domain.ids import time_of
from chalicelib.domain.status import ABORTED, CANCELED, ERROR, FAILED, REJECTED, RESOLVED, RETRY_NEEDED
from chalicelib.errors import Json

DAY_S = 86_400
MOST_DAYS = 3_650
TIMEOUT = "timeout"

STATUS_NAMES = {
    RESOLVED: "resolved",
    FAILED: "failed",
    ERROR: "error",
    ABORTED: "aborted",
    CANCELED: "canceled",
    REJECTED: "rejected",
    RETRY_NEEDED: "retryNeeded",
}

_DAYS: dict[str, Json] = {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_DAYS}
RETENTION: dict[str, Json] = {
    "type": ["integer", "object", "null"],
    "minimum": 1,
    "maximum": MOST_DAYS,
    "additionalProperties": False,
    "properties": dict.fromkeys(STATUS_NAMES.values(), _DAYS),
}
ANNOUNCE: dict[str, Json] = {"type": ["boolean", "null"]}
_EXPIRING = Collection("expiring", "expiring", fields={"ttl": Field("ttl", "integer")}, system=True)


def expires_s(options: dict[str, Json], status: int | None, ended_ms: int) -> int | None:
    """When the history of an execution that ended so goes (epoch seconds); ``None``: never."""
    retention = options.get("retention")
    days = retention.get(STATUS_NAMES.get(status or 0)) if isinstance(retention, dict) else retention
    return None if days is None else ended_ms // 1000 + int(days) * DAY_S


def lasting(now_ms: int) -> Filter:
    """The condition on a task that its history has not expired. No filter of a user's can name the field."""
    return parse_filter({"$or": [{"ttl": None}, {"ttl": {"$gt": now_ms // 1000}}]}, _EXPIRING, lambda name: _EXPIRING)


def is_wanted(options: dict[str, Json], status: int | None) -> bool:
    """Whether history with this status is shown at all (``options.deleteExecutionOnStatus``)."""
    return status not in (options.get("deleteExecutionOnStatus") or [])


def ttl_s(options: dict[str, Json], execution_id: int, status: int | None, ended_ms: int) -> int | None:
    """As `expires_s`; the time of its own beginning for history that is not wanted."""
    return expires_s(options, status, ended_ms) if is_wanted(options, status) else time_of(execution_id) // 1000


def is_announced(options: dict[str, Json], status: int | None, reason: str | None, *, decided: bool) -> bool:
    """Whether an execution that ended so is told to those who look after workflows: it failed, and nobody ``decided`` that it should.

    Of those that were aborted it is told whose own time or whose node's time was over, which leaves no reason; a cancel, a parent that gave
    up and a limit that let it go are decisions too, and have one."""
    if decided or options.get("announce") is False:
        return False
    return status in (FAILED, ERROR) or (status == ABORTED and reason in (None, TIMEOUT))
