"""Failed runs announce themselves: who looks after workflows is told once an execution has failed, at least once.

A message says which execution, of which workflow, where it failed and why; nothing of what it worked on, and nothing that looks like a
credential. It starts no workflow. Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html (by key and status a
subscription filters)
"""

from __future__ import annotations

import json

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import epoch_ms_of
from chalicelib.domain.ports import EffectFailed, Item
from chalicelib.domain.redaction import without_credentials
from chalicelib.domain.retention import DAY_S, STATUS_NAMES, TIMEOUT
from chalicelib.domain.status import ABORTED
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.policies import meta_of
from chalicelib.engine.stored_jobs import public_jobs, read_all
from chalicelib.errors import Json
from chalicelib.observability import logger
from chalicelib.services.attempts import version_of
from chalicelib.services.backend import Backend

KIND = "failedRun"
MOST_MESSAGE = 1_000
TRIED_S = 3 * DAY_S


def announced(backend: Backend, item: Item) -> bool:
    """Whether the end of this execution has been told, or is to be told no more: nobody is to hear of it, or nobody could be reached for
    three days."""
    if not backend.announces:
        return True
    try:
        backend.outside.send(KIND, announcement(backend, item), f"{item['id']}.failed")
    except EffectFailed as failed:
        if backend.clock.now_ms() - _ended_ms(item) > TRIED_S * 1000:
            logger.error("that execution %s failed could not be told for three days and is told no more: %s", item["id"], failed)
            return True
        logger.warning("that execution %s failed will be told later: %s", item["id"], failed)
        return False
    return True


def announcement(backend: Backend, item: Item) -> dict[str, Json]:
    """``{"executionId", "key", "title", "version", "status", "reason", "record", "node": {"key", "title", "type"}, "message", "at"}``.

    ``version`` is the version's id, ``status`` its name (``failed``, ``error``, ``timeout``, ``aborted``); ``node`` is null when no node
    failed."""
    workflow, job, reason = version_of(backend, item), _failed_job(backend, item), item.get("reason") or _doc(item).get("reason")
    return {
        "executionId": item["id"],
        "key": item["key"],
        "title": workflow.title if workflow else None,
        "version": item["workflowId"],
        "status": _status(item, job, reason),
        "reason": _safe(reason),
        "record": item.get("record"),
        "node": _node(workflow, job) if job else None,
        "message": _message(job, reason),
        "at": item.get("updatedAt") or _doc(item)["updatedAt"],
    }


def _failed_job(backend: Backend, item: Item) -> dict[str, Json] | None:
    """The innermost job that failed; of a run that was out of time the one that was under way."""
    jobs = _doc(item)["jobs"] or public_jobs(read_all(backend.store, item["id"])[1], item["id"])
    bad = [job for job in jobs if job["status"] < 0]
    return next((job for job in reversed(bad) if job["status"] != ABORTED or _is_timed_out(job)), bad[-1] if bad else None)


def _status(item: Item, job: dict[str, Json] | None, reason: Json) -> str:
    is_late = item["status"] == ABORTED and (reason == TIMEOUT or _is_timed_out(job))
    return TIMEOUT if is_late else STATUS_NAMES[item["status"]]


def _is_timed_out(job: dict[str, Json] | None) -> bool:
    """Whether it was aborted since nobody answered it in time: it says so, where one that was open when others ended has nothing to say."""
    return job is not None and job["status"] == ABORTED and meta_of(job["result"], "code") is not None


def _node(workflow: Workflow | None, job: dict[str, Json]) -> dict[str, Json]:
    found: Node | None = workflow.graph.nodes.get(job["nodeId"]) if workflow else None
    return {"key": job["nodeKey"], "title": found.title if found else None, "type": found.type if found else None}


def _message(job: dict[str, Json] | None, reason: Json) -> str | None:
    result = job["result"] if job else None
    told = result.get("message") if isinstance(result, dict) else None
    return _safe(told if isinstance(told, str) and told else reason)


def _safe(text: Json) -> str | None:
    """The text without what looks like a credential, not too long."""
    if not isinstance(text, str):
        return None
    return without_credentials(text[: 4 * MOST_MESSAGE])[:MOST_MESSAGE]


def _doc(item: Item) -> dict[str, Json]:
    doc: dict[str, Json] = json.loads(item["doc"])
    return doc


def _ended_ms(item: Item) -> int:
    return epoch_ms_of(item.get("updatedAt") or _doc(item)["updatedAt"])
