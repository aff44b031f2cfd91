"""A state machine of ours has ended without ending its execution: what the sweep would find a little later is done at once.

Step Functions tells of it by an event, at least once and in no order; the truth is in the executions table. A machine that ends again and
again is left to the sweep, which waits longer each time.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html (Step Functions Execution Status Change)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Item
from chalicelib.engine.commit import store_errors
from chalicelib.errors import Invalid, Json
from chalicelib.observability import logger
from chalicelib.services.attempts import last_attempt
from chalicelib.services.backend import Backend
from chalicelib.services.call import kind_of
from chalicelib.services.endings import is_open
from chalicelib.services.open_runs import OpenRuns

EVENT = "Step Functions Execution Status Change"
UNFINISHED = ("FAILED", "TIMED_OUT", "ABORTED")


class Ended(NamedTuple):
    """The attempt whose machine has ended."""

    execution_id: int
    attempt: int


def machine_ended(backend: Backend, event: Json) -> bool:
    """Whether the execution was moved on: a new attempt, or its end where its time or its version is over.

    ``event``: EventBridge's; one of another kind, of another stage, of an attempt that is not the last, or of an execution that has ended
    changes nothing. Raises Unavailable, so that the event comes again, and Invalid for what is no event at all."""
    if not isinstance(event, dict):
        raise Invalid(f"the event must be an object, one of EventBridge, not {kind_of(event)}", path="")
    ended = _ended(backend.stage, event)
    if ended is None:
        return False
    key = execution_key(ended.execution_id)
    item = store_errors(lambda: backend.store.batch_get([key])).get(key)
    if item is None or not _is_lost(item, ended.attempt):
        return False
    moved = OpenRuns(backend).revive(item)
    logger.info("attempt %s of execution %s ended without it; %s", ended.attempt, item["id"], "it goes on" if moved else "the sweep looks")
    return moved


def _ended(stage: str, event: dict[str, Json]) -> Ended | None:
    detail = event.get("detail")
    if event.get("detail-type") != EVENT or not isinstance(detail, dict) or detail.get("status") not in UNFINISHED:
        return None
    name = re.fullmatch(r"([0-9]{1,16})-([0-9]{1,9})", str(detail.get("name")))
    is_ours = re.search(rf":stateMachine:{re.escape(stage)}-[0-9]+-[0-9a-f]+\Z", str(detail.get("stateMachineArn")))
    return Ended(int(name[1]), int(name[2])) if name and is_ours else None


def _is_lost(item: Item, attempt: int) -> bool:
    return is_open(item) and last_attempt(item) == attempt
