"""Stored versions of workflows: found, numbered, checked, and written in step with the copy that the key's enabled version has.

A version is one record with its nodes inside. Of the versions of a key exactly one is *current*; a version that is enabled is the current
one. Whoever makes another version current writes the one that was, so of two who do that at once one has to look again.
Source: https://docs.nocobase.com/workflow/advanced/revisions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.domain.collection import Collection
from chalicelib.domain.ids import BASE_MS, LOW_BITS, fresh_key
from chalicelib.domain.keys import guard_key, schedule_key
from chalicelib.domain.ports import Absent, Delete, Put, Update
from chalicelib.domain.record import Record, Row
from chalicelib.domain.system_collections import WORKFLOW_CATEGORIES, WORKFLOWS
from chalicelib.domain.workflow import WAITING, Workflow, bound_key, enabled_key
from chalicelib.engine.finder import Search
from chalicelib.engine.nested_nodes import paths_of
from chalicelib.engine.unit_of_work import Tagged
from chalicelib.engine.validation import flatten, problems_of_workflow
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.services.call import Call
from chalicelib.services.due_upkeep import forget_dues, keep_dues
from chalicelib.services.editing import Editing
from chalicelib.services.machines import publish
from chalicelib.services.schedules import forgotten, mark_of, publish_schedule
from chalicelib.triggers import TRIGGER_TYPES
from chalicelib.triggers.custom_action import CUSTOM_ACTION
from chalicelib.triggers.message import MESSAGE, problem_of_topic
from chalicelib.triggers.schedule import SCHEDULE

AREA = "workflows"
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEFAULT_OPTIONS: dict[str, Json] = {"timeout": 0}
MOST_NUMBERS = (1 << LOW_BITS) - 1


def version_id_of(call: Call) -> int:
    """The version (or node) that the call is about. Raises Invalid."""
    key = call.target_key
    if key is None:
        raise Invalid("filterByTk is required", path="filterByTk")
    if not re.fullmatch("[0-9]{1,16}", key):
        raise Invalid("filterByTk is invalid", path="filterByTk", code="INVALID_ID")
    return int(key)


def found_version(editing: Editing, version_id: int) -> Record:
    """Raises NotFound."""
    record = editing.unit.get(WORKFLOWS, version_id)
    if record is None:
        raise NotFound("workflow not found", code="WORKFLOW_NOT_FOUND")
    return record


def versions_of(editing: Editing, key: str) -> list[Record]:
    return editing.records.search(Search(WORKFLOWS, editing.records.filter({"key": key}, WORKFLOWS))).records


def is_frozen(record: Record) -> bool:
    return bool(record.item.get("frozen"))


def new_data(values: Row, key: str) -> Row:
    """What a version holds, from what was sent, its nodes left aside. Raises Invalid without a type."""
    if "type" not in values:
        raise Invalid('"type" is required', path="type")
    options = values["options"] if values.get("options") is not None else {}
    return {
        "key": key,
        "title": values.get("title"),
        "description": values.get("description"),
        "triggerTitle": values.get("triggerTitle"),
        "type": values["type"],
        "config": values.get("config") if values.get("config") is not None else {},
        "options": DEFAULT_OPTIONS | options if isinstance(options, dict) else options,
        "enabled": values.get("enabled", False),
        "sync": values.get("sync", False) if not _is_always_sync(values["type"]) else True,
    }


def _is_always_sync(name: Json) -> bool:
    trigger = TRIGGER_TYPES.get(name) if isinstance(name, str) else None
    return trigger is not None and trigger.always_sync


def checked_key(key: Json) -> str:
    """The key sent, or a new one. Raises Invalid."""
    if key is None:
        return fresh_key()
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise Invalid("a workflow's key is 1 to 64 letters, digits, _ and -", path="key")
    return key


def free_version_id(editing: Editing) -> int:
    """A free id whose low bits are clear: the nodes are numbered after it."""
    made = (editing.backend.clock.now_ms() - BASE_MS) << LOW_BITS
    while editing.unit.get(WORKFLOWS, made) is not None:
        made += 1 << LOW_BITS
    return made


def numbered(nodes: Json, version_id: int, seq: int) -> tuple[list[Row], int]:
    """The nodes flat, with ids after the version's, and the last number given. Raises Invalid."""
    if nodes is None:
        return [], seq
    if not isinstance(nodes, list):
        raise Invalid("nodes must be a list of nodes in running order", path="nodes")
    ids = iter(range(version_id + seq + 1, version_id + MOST_NUMBERS + 1))
    flat = flatten(nodes, lambda: next(ids, version_id), fresh_key)
    return flat, checked_number(seq + len(flat))


def checked_number(seq: int) -> int:
    """Raises Invalid when a version has given out all the numbers that its nodes may have."""
    if seq > MOST_NUMBERS:
        message = f"this workflow has had {MOST_NUMBERS} nodes; export it and import it again"
        raise Invalid(message, path="nodes", code="NODE_NUMBERS_USED_UP")
    return seq


def first_version(editing: Editing, data: Row, version_id: int) -> Record:
    """Stage a workflow under a key of its own. The key is held like a unique value, so that two cannot take it at once."""
    key = guard_key(WORKFLOWS.uid, "key", data["key"])
    guard = Put(key.table, {"pk": key.pk, "sk": key.sk, "value": version_id}, Absent())
    editing.extra.append(Tagged(guard, "guard", WORKFLOWS.fields["key"], data["key"]))
    record = editing.unit.create(WORKFLOWS, data | {"id": version_id, "current": True})
    mirror(editing, record)
    return record


def next_version(editing: Editing, data: Row, version_id: int) -> Record:
    """Stage one more version of a key that has some; one that is enabled, or said to be ``current``, becomes the current one."""
    current = bool(data.get("enabled") or data.get("current"))
    if current:
        demote_others(editing, data["key"], version_id)
    record = editing.unit.create(WORKFLOWS, data | {"id": version_id, "current": True if current else None})
    mirror(editing, record)
    return record


def forget_key(editing: Editing, record: Record) -> None:
    """Stage the end of a version's key: its enabled copy, its schedule and the hold on it."""
    key = record.row["key"]
    for held in (enabled_key(key), guard_key(WORKFLOWS.uid, "key", key)):
        editing.extra.append(Tagged(Delete(held), "other"))
    editing.extra += forgotten(record)
    forget_dues(editing, key)


def change_nodes(editing: Editing, version: Record, nodes: Sequence[Row], seq: int | None = None) -> Record:
    """Stage the version with these nodes. Raises Invalid when it would not be sound."""
    data = version.item["data"] | {"nodes": list(nodes)} | ({"nodeSeq": seq} if seq is not None else {})
    check(editing, data, None if data.get("enabled") else links_only)
    changed = editing.unit.update(version, data)
    mirror(editing, changed)
    return changed


def demote_others(editing: Editing, key: str, version_id: int) -> None:
    for other in versions_of(editing, key):
        if other.id != version_id and (other.row["enabled"] or other.row["current"]):
            editing.unit.update(other, {"enabled": False, "current": None})


def mirror(editing: Editing, record: Record) -> None:
    """Keep the copy under the key in step: it is there exactly while a version is enabled."""
    record = keep_dues(editing, record)
    key = enabled_key(record.row["key"])
    if record.row["enabled"] or record.row["current"]:
        note_bound(editing, record)
    if record.row["enabled"]:
        _publish(editing, record)
        editing.extra.append(enabled_copy(record))
    elif record.row["current"]:
        editing.extra.append(Tagged(Delete(key), "other"))
    editing.extra += mark_of(record)


def enabled_copy(record: Record) -> Tagged:
    """The write of the copy of an enabled version under its key.

    Its own number is another one for every state of every version (low bits of the id are clear), so that a first run which rests on
    one version's copy is refused when another version's has taken its place."""
    key = enabled_key(record.row["key"])
    data = {name: value for name, value in record.item["data"].items() if value is not None} | {"id": record.id}
    item = {"pk": key.pk, "sk": key.sk, "version": int(record.id) + record.version, "data": data, "frozen": record.item.get("frozen")}
    return Tagged(Put(key.table, item), "other")


def _publish(editing: Editing, record: Record) -> None:
    """Make what runs executions outside a call, before anybody sees the workflow enabled. Raises Unavailable when that is not done."""
    workflow = Workflow.of(record.item["data"] | {"id": record.id})
    if workflow.needs_machine:
        publish(editing.backend, workflow)
    if workflow.type == SCHEDULE:
        mark = schedule_key(workflow.key)
        publish_schedule(editing.backend, workflow, editing.reads.store.batch_get([mark]).get(mark))


def note_bound(editing: Editing, record: Record) -> None:
    """Keep the list of workflows that wait for events of a collection, or of a topic, in step; a key that stands there for nothing does
    no harm."""
    row = record.row
    name = Workflow.of(record.item["data"] | {"id": record.id}).source
    if name and row["type"] != CUSTOM_ACTION:
        key = bound_key(name)
        before = next((tag for tag in editing.extra if isinstance(tag.write, Update) and tag.write.key == key), None)
        if before is None:
            editing.extra.append(before := Tagged(Update(key), "other"))
        assert isinstance(before.write, Update)
        before.write.set[f"{WAITING}{row['key']}"] = True if row["enabled"] else None


def check(editing: Editing, data: Row, counts: Callable[[Problem, Row], bool] | None = None, *, sent: Json = None) -> None:
    """Raise Invalid with everything that is wrong and ``counts`` (by default: everything that is wrong).

    ``sent``: the nodes as the body has them, nested or flat; a mistake's path is then the one there."""
    found = problems_of_workflow({name: value for name, value in data.items() if value is not None}, collection_finder(editing))
    for name in ("description", "triggerTitle"):
        if not isinstance(data.get(name), str | None):
            found.append(Problem(f'"{name}" must be text', name))
    if data.get("type") == MESSAGE and isinstance(data.get("config"), dict):
        unknown = problem_of_topic(data["config"].get("topic"), editing.backend.incoming.topics, "config.topic")
        found += [unknown] if unknown else []
    found = [problem for problem in found if counts is None or counts(problem, data)]
    if found:
        raise Invalid.of([replace(problem, path=_path_in(paths_of(sent or []), problem.path)) for problem in found])


def _path_in(paths: list[str], path: str) -> str:
    place = re.match(r"nodes\.([0-9]+)", path)
    return paths[int(place[1])] + path[place.end() :] if place and int(place[1]) < len(paths) else path


def links_only(problem: Problem, data: Row) -> bool:
    """A workflow that is not enabled may hold nodes that are still to be mended or filled in."""
    return not problem.path.startswith("nodes.") or ".config" not in problem.path


def finished_only(problem: Problem, data: Row) -> bool:
    """A workflow that is not enabled may hold a node that nobody has begun to fill in."""
    config = re.match(r"nodes\.([0-9]+)\.config", problem.path)
    return data.get("enabled") is True or config is None or bool(data["nodes"][int(config[1])].get("config"))


def collection_finder(editing: Editing) -> Callable[[str], Collection | None]:
    return lambda name: editing.collection(name.removeprefix("main:"))


def categories_of(editing: Editing, raw: Json) -> list[int]:
    """Ids of categories, sent as ids or as ``{"id": …}``. Raises Invalid for one that is not there."""
    entries = [entry.get("id") if isinstance(entry, dict) else entry for entry in raw] if isinstance(raw, list) else None
    if entries is None:
        raise Invalid("categories must be a list of ids", path="categories")
    ids = [int(str(entry)) if re.fullmatch("[0-9]{1,16}", str(entry)) else -1 for entry in entries]
    known = editing.unit.get_many(WORKFLOW_CATEGORIES, [number for number in ids if number >= 0])
    there = {record.id for record in known if record}
    found = [
        Problem(f"there is no category {entry!r}", f"categories.{n}")
        for n, (entry, number) in enumerate(zip(entries, ids, strict=True))
        if number not in there
    ]
    if found:
        raise Invalid.of(found)
    return list(dict.fromkeys(ids))
