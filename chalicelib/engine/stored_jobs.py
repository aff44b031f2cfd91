"""Jobs of an asynchronous execution: one item each, beside the execution's own, so that a walk that begins again finds what was done.

A result over 64 KB is compressed; what is still too large for one item is split into parts of 350 KB, eight at most.
Source of the limit: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-items
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.domain.graph import Graph, Node
from chalicelib.domain.keys import execution_key, job_key
from chalicelib.domain.ports import EXECUTIONS, Absent, Condition, Delete, Equals, Item, Key, Put, Range, Store, Update
from chalicelib.domain.status import PENDING, STARTED
from chalicelib.engine.execution import Job
from chalicelib.engine.policies import RETRY_AT, meta_of
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.errors import Json, TooLarge
from chalicelib.nodes import NODE_TYPES, manual
from chalicelib.nodes.base import Outcome

PLAIN_BYTES = 64 * 1024
PART_CHARACTERS = 350_000
MOST_PARTS = 8
PART = "#part"
CLOCKS_APART_MS = 200
WITHOUT_HINTS = Range(high="job$")  # the sign after "#": hints to what an execution touched come later, and may be many


@dataclass
class StoredJob:
    """A job with what a walk needs to go past it: the ``branch`` it chose, whether it ``ends`` the execution or ``exits`` it on failure,
    when it is ``due_at_ms``; ``seq`` is its place in the order of jobs, ``assigns`` the node key whose result it replaced."""

    job: Job
    seq: int
    branch: int | None = None
    ends: bool = False
    exits: bool = False
    due_at_ms: int | None = None
    assigns: str | None = None
    was_stored: bool = False
    is_dirty: bool = True
    kept_status: int = PENDING
    kept_parts: int = 0

    @property
    def awaits_retry(self) -> bool:
        """Whether the node is to be run once more when the job is due."""
        return self.job.status == PENDING and meta_of(self.job.meta, RETRY_AT) is not None

    @property
    def hears_signals(self) -> bool:
        """Whether somebody's result is waited for, however long, and not the time alone."""
        node_type = NODE_TYPES[self.job.node.type]
        return self.due_at_ms is None or (node_type.waits and node_type.resume is None and not self.awaits_retry)

    def still_waits(self, now_ms: int) -> bool:
        """Whether a pending job is neither due nor one that its type looks at itself."""
        node_type = NODE_TYPES[self.job.node.type]
        if self.due_at_ms is None:
            return node_type.waits
        looks_itself = node_type.resume is not None and not self.awaits_retry
        return not looks_itself and now_ms < self.due_at_ms - CLOCKS_APART_MS

    @property
    def outcome(self) -> Outcome:
        """What the job says of its node."""
        job = self.job
        return Outcome(job.status, job.result, self.branch, self.ends, job.log, job.meta, self.exits, self.due_at_ms)

    def kept(self) -> None:
        """It stands in the database as it is now."""
        self.was_stored, self.is_dirty, self.kept_status = True, False, self.job.status


def job_writes(execution_id: int, stored: StoredJob) -> list[Tagged]:
    """The writes that keep the job: it must not be there yet, or be as it was read. Raises TooLarge."""
    item, parts = _item(execution_id, stored)
    condition: Condition = Equals({"status": stored.kept_status}) if stored.was_stored else Absent()
    gone = (Key(EXECUTIONS, item["pk"], f"{item['sk']}{PART}{number}") for number in range(len(parts) + 1, stored.kept_parts + 1))
    stored.kept_parts = max(stored.kept_parts, len(parts))
    return [
        Tagged(Put(EXECUTIONS, item, condition), "job"),
        *(Tagged(Put(EXECUTIONS, part), "other") for part in parts),
        *(Tagged(Delete(key), "other") for key in gone),
    ]


def _item(execution_id: int, stored: StoredJob) -> tuple[Item, list[Item]]:
    job = stored.job
    key = job_key(execution_id, job.key)
    packed, cut = _packed({"result": job.result, "log": job.log, "meta": job.meta})
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "seq": stored.seq,
        "jobId": job.id,
        "nodeId": job.node.id,
        "status": job.status,
        "upstreamId": job.upstream_id,
        "startedAt": job.started_at,
        "endedAt": job.ended_at,
        "branch": stored.branch,
        "ends": stored.ends or None,
        "exits": stored.exits or None,
        "dueAt": stored.due_at_ms,
        "assigns": stored.assigns,
        "asks": True if job.node.type == manual.NODE.name else None,
        "packed": packed,
        "doc": cut[0],
    }
    return item, _part_items(key.pk, key.sk, cut)


def doc_items(key: Key, doc: dict[str, Json]) -> list[Item]:
    """The item with this key that holds a document, and its parts. Raises TooLarge."""
    packed, cut = _packed(doc)
    return [{"pk": key.pk, "sk": key.sk, "packed": packed, "whole": True, "doc": cut[0]}, *_part_items(key.pk, key.sk, cut)]


def docs_of(items: Sequence[Item]) -> list[dict[str, Json]]:
    """The documents of items that `doc_items` made."""
    parts = {item["sk"]: item["doc"] for item in items if not item.get("whole")}
    return [json.loads(_text(item, parts)) for item in items if item.get("whole")]


def _packed(doc: dict[str, Json]) -> tuple[bool | None, list[str]]:
    """Whether the text is compressed, and its parts. Raises TooLarge."""
    text = json.dumps(doc, ensure_ascii=False, separators=(",", ":"))
    packed = len(text.encode()) > PLAIN_BYTES
    body = base64.b64encode(zlib.compress(text.encode())).decode() if packed else text
    cut = [body[start : start + PART_CHARACTERS] for start in range(0, len(body), PART_CHARACTERS)]
    if len(cut) > MOST_PARTS:
        raise TooLarge(f"the result of this node has {len(text.encode())} bytes, more than can be kept", code="RESULT_TOO_LARGE")
    return packed or None, cut


def _part_items(pk: str, sk: str, cut: Sequence[str]) -> list[Item]:
    return [{"pk": pk, "sk": f"{sk}{PART}{number}", "doc": part} for number, part in enumerate(cut[1:], start=1)]


def read_all(store: Store, execution_id: int) -> tuple[Item | None, list[Item]]:
    """The execution's own item, and those of its jobs with their parts."""
    return read_with_answers(store, execution_id)[:2]


def read_with_answers(store: Store, execution_id: int) -> tuple[Item | None, list[Item], list[Item]]:
    """The execution's own item, those of its jobs, and those of answers that no job holds yet; each with its parts."""
    own: Item | None = None
    jobs: list[Item] = []
    answers: list[Item] = []
    start: Item | None = None
    while True:
        page = store.query(EXECUTIONS, str(execution_id), keys=WITHOUT_HINTS, start=start)
        for item in page.items:
            if item["sk"] == "execution":
                own = item
            elif item["sk"].startswith("job#"):
                jobs.append(item)
            elif item["sk"].startswith("effect#"):
                answers.append(item)
        start = page.next
        if start is None:
            return own, jobs, answers


def is_part(item: Item) -> bool:
    """Whether it is only a further part of a job. Its sort key alone does not say so: a node may be called ``part1``."""
    return "jobId" not in item


def parse_jobs(items: Sequence[Item], graph: Graph) -> list[StoredJob]:
    """The jobs in the order they came to be; those of nodes that are not in the graph are left out."""
    parts = {item["sk"]: item["doc"] for item in items if is_part(item)}
    whole = [item for item in items if not is_part(item) and item["nodeId"] in graph.nodes]
    found = [_parsed(item, parts, graph.nodes[item["nodeId"]]) for item in whole]
    return sorted(found, key=lambda stored: stored.seq)


def _parsed(item: Item, parts: dict[str, str], node: Node) -> StoredJob:
    doc = json.loads(_text(item, parts))
    job = Job(
        item["jobId"],
        item["sk"].removeprefix("job#"),
        node,
        item.get("upstreamId"),
        item["status"],
        doc["result"],
        item["startedAt"],
        item["endedAt"],
        doc["log"],
        doc["meta"],
    )
    return StoredJob(
        job,
        item["seq"],
        item.get("branch"),
        bool(item.get("ends")),
        bool(item.get("exits")),
        item.get("dueAt"),
        item.get("assigns"),
        was_stored=True,
        is_dirty=False,
        kept_status=item["status"],
        kept_parts=sum(1 for _ in _parts_of(item["sk"], parts)),
    )


def _text(item: Item, parts: dict[str, str]) -> str:
    body = item["doc"] + "".join(_parts_of(item["sk"], parts))
    return zlib.decompress(base64.b64decode(body)).decode() if item.get("packed") else body


def _parts_of(sk: str, parts: dict[str, str]) -> Iterable[str]:
    number = 1
    while (part := parts.get(f"{sk}{PART}{number}")) is not None:
        yield part
        number += 1


def public_jobs(items: Sequence[Item], execution_id: int) -> list[dict[str, Json]]:
    """The jobs as ``executions:get`` shows them, whatever became of the workflow."""
    parts = {item["sk"]: item["doc"] for item in items if is_part(item)}
    rows = sorted((item for item in items if not is_part(item)), key=lambda item: item["seq"])
    return [_public(item, json.loads(_text(item, parts)), execution_id) for item in rows]


def _public(item: Item, doc: dict[str, Json], execution_id: int) -> dict[str, Json]:
    key = item["sk"].removeprefix("job#")
    return {
        "id": item["jobId"],
        "executionId": execution_id,
        "nodeId": item["nodeId"],
        "nodeKey": key.rpartition("#")[2].split(">")[-1],
        "jobKey": key,
        "upstreamId": item.get("upstreamId"),
        "status": item["status"],
        "result": doc["result"],
        "meta": doc["meta"],
        "log": doc["log"],
        "startedAt": item["startedAt"],
        "createdAt": item["startedAt"],
        "updatedAt": item["endedAt"],
    }


def signal_writes(execution_id: int, place: str, item: Item) -> list[Tagged]:
    """The writes with which somebody ends a pending job: its item as it is now, and one more signal to the execution."""
    key = job_key(execution_id, place)
    assert (item["pk"], item["sk"]) == (key.pk, key.sk)
    told = Update(execution_key(execution_id), add={"signals": 1}, condition=Equals({"status": STARTED}))
    changed = {name: value for name, value in item.items() if name not in ("pk", "sk")}
    return [Tagged(Update(key, set=changed, condition=Equals({"status": PENDING})), "other"), Tagged(told, "other")]


def ended_item(item: Item, status: int, result: Json, now: str) -> tuple[Item, list[Item]]:
    """A job's item with the result that somebody gives it, and its parts. Raises TooLarge."""
    doc = json.loads(_text(item, {})) | {"result": result}
    packed, cut = _packed(doc)
    changed = item | {"status": status, "endedAt": now, "packed": packed, "doc": cut[0]}
    return changed, _part_items(item["pk"], item["sk"], cut)


def doc_of(item: Item) -> dict[str, Json]:
    """``{"result", "log", "meta"}`` of a job that is in one piece, as every pending one is."""
    doc: dict[str, Json] = json.loads(_text(item, {}))
    return doc
