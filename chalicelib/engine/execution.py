"""One execution while it runs, and the history item it leaves.

A synchronous execution is one item with its jobs inside. What an item holds is bounded, so only the history of a synchronous run is
ever cut: results and context over 300 KB in all are replaced, largest first, by a mark that says how large they were.
Source of the fields: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from chalicelib.domain.graph import Node
from chalicelib.domain.ids import time_of
from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Item
from chalicelib.domain.status import STARTED
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import Json

MOST_HISTORY_BYTES = 300 * 1024


@dataclass
class Job:
    """One node run. ``key`` is ``<location>#<node key>``: unique in the execution, loops and branches included."""

    id: str
    key: str
    node: Node
    upstream_id: str | None
    status: int
    result: Json
    started_at: str
    ended_at: str
    log: str | None = None

    def to_json(self, execution_id: int) -> dict[str, Json]:
        return {
            "id": self.id,
            "executionId": execution_id,
            "nodeId": self.node.id,
            "nodeKey": self.node.key,
            "jobKey": self.key,
            "upstreamId": self.upstream_id,
            "status": self.status,
            "result": self.result,
            "meta": None,
            "log": self.log,
            "startedAt": self.started_at,
            "createdAt": self.started_at,
            "updatedAt": self.ended_at,
        }


@dataclass
class Execution:
    """``context`` is the trigger's (``{"data": …, "user": …, "roleName": …}``); ``record`` names the context row (``samples/91``)."""

    id: int
    workflow: Workflow
    context: dict[str, Json]
    created_at: str
    record: str | None = None
    manually: bool = False
    status: int | None = STARTED
    ended_by_end: bool = False
    output: Json = None
    reason: str | None = None
    refusal: list[dict[str, Json]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    results: dict[str, Json] = field(default_factory=dict)
    token: str = ""

    @property
    def failed_job(self) -> Job | None:
        """The job that ended the execution badly, unless an ``end`` node decided."""
        return next((job for job in reversed(self.jobs) if job.status < 0), None) if not self.ended_by_end else None

    def summary(self) -> dict[str, Json]:
        """What every answer to a trigger says of it."""
        return {"id": self.id, "key": self.workflow.key, "status": self.status}

    def to_item(self, token: str, now: str, ttl: int | None = None) -> Item:
        """The history item. ``token`` tells this execution from another one of the same id."""
        key = execution_key(self.id)
        doc = {
            "token": token,
            "context": self.context,
            "output": self.output,
            "reason": self.reason,
            "manually": self.manually or None,
            "messages": self.messages,
            "endedByEnd": self.ended_by_end,
            "refusal": self.refusal,
            "startedAt": self.created_at if self.status is not None else None,
            "updatedAt": now,
            "jobs": [job.to_json(self.id) for job in self.jobs],
        }
        return {
            "pk": key.pk,
            "sk": key.sk,
            "id": self.id,
            "key": self.workflow.key,
            "workflowId": self.workflow.id,
            "status": self.status,
            "record": self.record,
            "open": f"open#{self.id % 10}" if self.status in (None, STARTED) else None,
            "createdAt": self.created_at,
            "attempt": 0,
            "doc": bounded_text(doc),
            "ttl": ttl,
        }


def bounded_text(doc: dict[str, Json]) -> str:
    """The document as JSON text of at most `MOST_HISTORY_BYTES`: the largest parts give way to ``{"cut": true, "bytes": n}``."""
    text = _text(doc)
    if len(text.encode()) <= MOST_HISTORY_BYTES:
        return text
    parts: list[tuple[dict[str, Json], str]] = [(job, part) for job in doc["jobs"] for part in ("result", "log")]
    parts += [(doc, name) for name in ("context", "output", "messages")]
    for owner, part in sorted(parts, key=lambda place: -len(_text(place[0][place[1]]))):
        owner[part] = _mark(part, len(_text(owner[part]).encode()))
        text = _text(doc)
        if len(text.encode()) <= MOST_HISTORY_BYTES:
            break
    return text


def is_larger(value: Json, most_bytes: int) -> bool:
    """Whether a JSON value written out would have more than about so many bytes; looks no further than that."""
    left, waiting = most_bytes, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            left -= sum(len(name) + 4 for name in one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        left -= len(one) + 2 if isinstance(one, str) else 2
        if left < 0:
            return True
    return False


def _mark(part: str, size_bytes: int) -> Json:
    """What stands where something was cut, of the type that readers expect there."""
    if part == "messages":
        return []
    return f"cut: {size_bytes} bytes" if part == "log" else {"cut": True, "bytes": size_bytes}


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_kept(item: Item) -> bool:
    """Whether the history item is for readers: not one that expired with its own end, which TTL removes within two days."""
    ttl = item.get("ttl")
    return ttl is None or ttl * 1000 > time_of(item["id"])


def public_execution(item: Item) -> dict[str, Json]:
    """The execution as ``executions:get`` answers, jobs included."""
    doc = json.loads(item["doc"])
    return {
        "id": item["id"],
        "key": item["key"],
        "workflowId": item["workflowId"],
        "status": item.get("status"),
        "record": item.get("record"),
        "context": doc.get("context"),
        "output": doc.get("output"),
        "manually": doc.get("manually"),
        "dispatched": item.get("status") is not None,
        "reason": doc.get("reason"),
        "stack": doc.get("stack"),
        "parentExecutionId": doc.get("parentExecutionId"),
        "eventKey": doc.get("token"),
        "expiresAt": doc.get("expiresAt"),
        "createdAt": item["createdAt"],
        "startedAt": doc.get("startedAt"),
        "updatedAt": doc.get("updatedAt"),
        "jobs": doc["jobs"],
    }


def restored(item: Item, workflow: Workflow) -> Execution:
    """The execution of a history item, as far as an answer needs it."""
    doc = json.loads(item["doc"])
    execution = Execution(item["id"], workflow, {}, item["createdAt"], item.get("record"), status=item.get("status"))
    execution.refusal = doc.get("refusal") or []
    execution.ended_by_end, execution.messages, execution.token = doc["endedByEnd"], doc["messages"], doc["token"]
    return execution
