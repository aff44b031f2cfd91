"""One execution while it runs, and the history item it leaves.

A synchronous execution is one item with its jobs inside. What an item holds is bounded, so only the history of a synchronous run is
ever cut: results and context over 300 KB in all are replaced, largest first, by a mark that says how large they were; of a run of many
rounds the jobs in the middle are left out, and how many is said.
Source of the fields: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field

from chalicelib.domain.graph import Node
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import execution_key, semaphore
from chalicelib.domain.ports import Item
from chalicelib.domain.status import STARTED
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.origins import Origin
from chalicelib.errors import Json, TooLarge

MOST_HISTORY_BYTES = 300 * 1024
MOST_CONTEXT_BYTES = 350 * 1024
MARK_BYTES = 64
MOST_JOBS = 2_000  # more than have room at their smallest, so that a run of many rounds is not written out to be thrown away


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
    meta: Json = None

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
            "meta": self.meta,
            "log": self.log,
            "startedAt": self.started_at,
            "createdAt": self.started_at,
            "updatedAt": self.ended_at,
        }


@dataclass
class Execution:
    """``context`` is the trigger's (``{"data": …, "user": …, "roleName": …}``); ``record`` names the context row (``samples/91``).

    ``stack``: the executions that led to this one, outermost first, as (execution id, version id); ``parent_id`` the one that
    waits for this one as its subflow, ``parent_place`` the job there that waits when this one is asynchronous; ``spilled``: what a call
    that had no time to end it left for the walk that does (`engine/spilled.py`).

    ``rows``: its context rows by their names, beside ``record``; ``touches``: it wrote, so there may be hints to it; ``hinted``: the names
    of those that are committed (`engine/touched.py`); ``origin``: what its effects are called by (`engine/origins.py`)."""

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
    stack: tuple[tuple[int, int], ...] = ()
    parent_id: int | None = None
    parent_place: str | None = None
    rerun_of: int | None = None
    spilled: dict[str, Json] | None = None
    rows: tuple[str, ...] = ()
    touches: bool = False
    hinted: set[str] = field(default_factory=set)
    origin: Origin = field(default_factory=Origin, compare=False)

    def __post_init__(self) -> None:
        self.origin.name = self.origin.name or str(self.id)

    @property
    def below(self) -> tuple[tuple[int, int], ...]:
        """The stack of an execution that this one sets off."""
        return (*self.stack, (self.id, self.workflow.id))

    @property
    def failed_job(self) -> Job | None:
        """The job that ended the execution badly, unless an ``end`` node decided."""
        return next((job for job in reversed(self.jobs) if job.status < 0), None) if not self.ended_by_end else None

    def summary(self) -> dict[str, Json]:
        """What every answer to a trigger says of it."""
        return {"id": self.id, "key": self.workflow.key, "status": self.status} | ({} if self.spilled is None else {"spilled": True})

    def to_item(self, token: str, now: str, ttl: int | None = None, *, announce: bool = False) -> Item:
        """The history item. ``token`` tells this execution from another one of the same id; with ``announce`` the sweep tells of its
        end."""
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
            "stack": self.stack or None,
            "parentExecutionId": self.parent_id,
            "parentPlace": self.parent_place,
            "rerunOf": self.rerun_of,
            "spilled": self.spilled,
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
            "open": f"open#{self.id % 10}" if self.status in (None, STARTED) or announce else None,
            "createdAt": self.created_at,
            "attempt": 0,
            "doc": bounded_text(doc) if self.status is not None else _whole_text(doc),
            "ttl": ttl,
            "hinted": True if self.touches or self.rows else None,
            "announce": True if announce else None,
        }


def _whole_text(doc: dict[str, Json]) -> str:
    """The document of an execution that is yet to run: nothing of its context may be missing then. Raises TooLarge."""
    text = _text(doc)
    if _bytes(text) > MOST_CONTEXT_BYTES:
        message = f"an asynchronous execution starts with at most {MOST_CONTEXT_BYTES} bytes; these are {_bytes(text)}"
        raise TooLarge(message, code="CONTEXT_TOO_LARGE")
    return text


def bounded_text(doc: dict[str, Json]) -> str:
    """The document as JSON text of at most `MOST_HISTORY_BYTES`.

    First jobs from the middle give way, where there are too many to stand there at all (``jobsLeftOut`` says how many), then the
    largest parts, to ``{"cut": true, "bytes": n}``."""
    if len(doc["jobs"]) > MOST_JOBS:
        _keep_jobs(doc, MOST_JOBS // 2, MOST_JOBS // 2)
    text = _text(doc)
    if _bytes(text) <= MOST_HISTORY_BYTES:
        return text
    _leave_out_jobs(doc)
    too_many = _bytes(_text(doc)) - MOST_HISTORY_BYTES
    parts: list[tuple[dict[str, Json], str]] = [(job, part) for job in doc["jobs"] for part in ("result", "log")]
    parts += [(doc, name) for name in ("context", "output", "messages")]
    sized = [(_bytes(_text(owner[part])), owner, part) for owner, part in parts]
    for size_bytes, owner, part in sorted(sized, key=lambda one: -one[0]):
        if too_many <= 0 or size_bytes <= MARK_BYTES:
            break
        owner[part] = _mark(part, size_bytes)
        too_many -= size_bytes - _bytes(_text(owner[part]))
    return _text(doc)


def _leave_out_jobs(doc: dict[str, Json]) -> None:
    """Keep the first and the last jobs, as many as have room even if their results must go."""
    jobs = doc["jobs"]
    sizes = [_bytes(_text(job)) - sum(max(0, _bytes(_text(job[part])) - MARK_BYTES) for part in ("result", "log")) for job in jobs]
    room = MOST_HISTORY_BYTES * 2 // 3
    if sum(sizes) <= room:
        return
    _keep_jobs(doc, _fitting(sizes, room // 2), _fitting(sizes[::-1], room // 2))


def _keep_jobs(doc: dict[str, Json], first: int, last: int) -> None:
    """Leave out all jobs but so many at either end."""
    jobs = doc["jobs"]
    doc["jobs"] = jobs[:first] + jobs[len(jobs) - last :]
    doc["jobsLeftOut"] = doc.get("jobsLeftOut", 0) + len(jobs) - first - last


def _fitting(sizes: list[int], room: int) -> int:
    """How many of the first have room."""
    return sum(1 for total in itertools.accumulate(sizes) if total <= room)


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


def _bytes(text: str) -> int:
    return len(text.encode())


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_kept(item: Item, now_ms: int) -> bool:
    """Whether the history item is for readers: not one that has expired, which TTL removes within two days."""
    ttl = item.get("ttl")
    return ttl is None or ttl * 1000 > now_ms


def public_execution(item: Item) -> dict[str, Json]:
    """The execution as ``executions:get`` answers, jobs included."""
    doc = json.loads(item["doc"])
    output, expires_ms = item.get("output"), item.get("expiresAt")
    return {
        "id": item["id"],
        "key": item["key"],
        "workflowId": item["workflowId"],
        "status": item.get("status"),
        "record": item.get("record"),
        "context": doc.get("context"),
        "output": json.loads(output) if output is not None else doc.get("output"),
        "manually": doc.get("manually"),
        "dispatched": item.get("status") is not None,
        "reason": item.get("reason") or doc.get("reason"),
        "waitsFor": _waits_for(item),
        "stack": [execution_id for execution_id, _ in doc.get("stack") or []] or None,
        "parentExecutionId": doc.get("parentExecutionId"),
        "rerunOf": doc.get("rerunOf"),
        "spilled": doc.get("spilled") is not None,
        "eventKey": doc.get("token"),
        "expiresAt": iso_text(int(expires_ms)) if expires_ms is not None else None,
        "createdAt": item["createdAt"],
        "startedAt": item.get("startedAt") or doc.get("startedAt"),
        "updatedAt": item.get("updatedAt") or doc.get("updatedAt"),
        "jobs": doc["jobs"],
    } | ({"jobsLeftOut": doc["jobsLeftOut"]} if "jobsLeftOut" in doc else {})


def _waits_for(item: Item) -> Json:
    """The text of the concurrency key whose turn the execution waits for (empty without a key); ``None`` when it does not wait in line."""
    name = item.get("waitsFor")
    return name.removeprefix(semaphore(item["key"], "")) if isinstance(name, str) and item.get("status") is None else None


def restored(item: Item, workflow: Workflow) -> Execution:
    """The execution of a history item, as far as an answer needs it."""
    doc = json.loads(item["doc"])
    execution = Execution(item["id"], workflow, {}, item["createdAt"], item.get("record"), status=item.get("status"))
    execution.refusal, execution.spilled = doc.get("refusal") or [], doc.get("spilled")
    execution.ended_by_end, execution.messages, execution.token = doc["endedByEnd"], doc["messages"], doc["token"]
    return execution
