"""Every case of ``*.json`` in this folder, walked by the interpreter over the store in memory; the format is in ``README.md``."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.definition import check_collection
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.ids import derived_id, fresh_key
from chalicelib.domain.instants import iso_text
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import Put, Update
from chalicelib.domain.record import visible
from chalicelib.domain.system_collections import COLLECTIONS, WORKFLOWS
from chalicelib.domain.workflow import WAITING, Workflow, bound_key, enabled_key
from chalicelib.engine.commit import commit
from chalicelib.engine.definitions import DefinitionCache, Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution
from chalicelib.engine.finder import Search
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.runner import Runner
from chalicelib.engine.unit_of_work import Tagged, UnitOfWork
from chalicelib.engine.validation import flatten, problems_of_workflow
from chalicelib.errors import Problem
from chalicelib.nodes import NODE_TYPES
from tests.outside import FakeOutside

NOW_MS = 1_795_219_200_000
VERSION_ID = 1 << 20
LONGEST_CALL_MS = 3_600_000  # so that no try is left out
USER = {"id": 1, "nickname": "Super Admin"}

CATEGORY = {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"}
SAMPLE = {"name": "sample", "type": "belongsTo", "target": "samples", "foreignKey": "sampleId"}
DEFINITIONS: dict[str, list[dict[str, Any]]] = {
    "categories": [
        {"name": "title", "type": "string"},
        {"name": "samples", "type": "hasMany", "target": "samples", "foreignKey": "categoryId"},
    ],
    "rules": [{"name": "name", "type": "string"}, {"name": "engine", "type": "string"}, {"name": "expression", "type": "text"}],
    "samples": [
        {"name": "title", "type": "string"},
        {"name": "indicator", "type": "double"},
        {"name": "status", "type": "string"},
        CATEGORY,
    ],
    "inspectionRecords": [{"name": "note", "type": "text"}, SAMPLE],
    "posts": [{"name": "title", "type": "string"}, {"name": "content", "type": "text"}, CATEGORY],
}

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(Path(__file__).parent.glob("*.json"))
    for case in json.loads(path.read_text())["cases"]
]


def _waits(nodes: list[dict[str, Any]]) -> bool:
    """Whether the case needs an engine that can wait."""
    inner = [one for node in nodes for line in node.get("branches", {}).values() for one in line]
    return any(NODE_TYPES[node["type"]].waits and not NODE_TYPES[node["type"]].also_sync for node in nodes) or bool(inner and _waits(inner))


SYNCHRONOUS = [param for param in CASES if param.values[0].get("only") != "async" and not _waits(param.values[0]["workflow"]["nodes"])]


class Bench:
    """One case's database and what one run of its workflow left."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.store = MemoryStore()
        self.clock = FixedClock(NOW_MS)
        self.cache = DefinitionCache()
        self.case = case
        self.outside = FakeOutside(case.get("outside", {}))
        self._define()
        self._fill()

    def records(self, seed: str) -> UnitRecords:
        """A fresh view of the database with a unit of work of its own."""
        reads = Reads(self.store)
        reads.load([EPOCH])
        unit = UnitOfWork(reads, now=iso_text(NOW_MS), make_id=lambda n: derived_id(NOW_MS, seed, n), user_id=None)
        return UnitRecords(unit, Definitions(reads, self.cache), now_ms=NOW_MS)

    def _commit(self, records: UnitRecords, *more: Tagged) -> None:
        commit(self.store, self.clock, [*more, *records.unit.writes()])

    def _define(self) -> None:
        records = self.records("define")
        for name, fields in DEFINITIONS.items():
            definition = check_collection({"name": name, "fields": fields}, (DEFINITIONS.keys() - {name}).__contains__)
            records.unit.create(COLLECTIONS, definition | {"id": name})
        self._commit(records, Tagged(Update(EPOCH, add={"value": 1}), "other"))

    def _fill(self) -> None:
        records = self.records("fill")
        for name, rows in self.case.get("records", {}).items():
            for row in rows:
                records.create_record(records.collection(name), row)
        self._commit(records)
        others = self.case.get("workflows", {})
        self._save(VERSION_ID, "case", self.case["workflow"])
        for number, (key, document) in enumerate(others.items(), start=2):
            self._save(VERSION_ID * number, key, document)

    def _save(self, version_id: int, key: str, document: dict[str, Any]) -> None:
        """Stored as a version; those beside the case's own are enabled, so that record events find them."""
        ids = itertools.count(version_id + 1)
        nodes = flatten(document["nodes"], lambda: next(ids), fresh_key)
        enabled = key != "case" and document.get("enabled", True)
        row = document | {"id": version_id, "key": key, "title": document.get("title", key), "nodes": nodes}
        records = self.records(f"save {key}")
        made = records.unit.create(WORKFLOWS, row | {"enabled": enabled, "current": True})
        more = [Tagged(Update(EPOCH, add={"value": 1}), "other")]
        if enabled:
            stored = enabled_key(key)
            copy = {"pk": stored.pk, "sk": stored.sk, "version": version_id + made.version, "data": made.item["data"] | {"id": version_id}}
            more.append(Tagged(Put(stored.table, copy), "other"))
            waits = bound_key(document["config"]["collection"]) if document["config"].get("collection") else None
            more += [Tagged(Update(waits, set={f"{WAITING}{key}": True}), "other")] if waits else []
        self._commit(records, *more)

    def problems(self) -> list[Problem]:
        """What would keep the workflow from being saved."""
        version = self.records("check").unit.get(WORKFLOWS, VERSION_ID)
        assert version is not None
        data = {name: value for name, value in version.item["data"].items() if value is not None}
        return problems_of_workflow(data, lambda name: self.records("check").definitions.collection_now(name.removeprefix("main:")))

    def workflow(self) -> Workflow:
        version = self.records("read").unit.get(WORKFLOWS, VERSION_ID)
        assert version is not None
        return Workflow.of(version.row, version=version.version)

    def run(self) -> Execution:
        """Walks and commits, as a synchronous call does."""
        records, trigger = self.records("run"), self.case["trigger"]
        context = {"data": trigger["data"], "user": USER, "roleName": "root"}
        execution = Execution(1, self.workflow(), context, iso_text(NOW_MS), manually=bool(trigger.get("manually")))
        answers = execution.workflow.sync and not execution.manually
        Runner(self.clock, Effects(self.outside), NOW_MS + LONGEST_CALL_MS).walk(execution, records, answers=answers)
        executions = [execution, *records.unit.ran, *records.unit.queued]
        self._commit(records, *run_writes(records.definitions, executions, "token", iso_text(NOW_MS)))
        return execution

    def rows(self, name: str) -> list[dict[str, Any]]:
        records = self.records("look")
        return [visible(record) for record in records.search(Search(records.collection(name), EVERYTHING)).records]


def matches(expected: Any, actual: Any) -> bool:
    """Objects on the keys that are expected, lists entry by entry, ``"$any"`` anything; True is not 1, but 1 is 1.0."""
    if expected == "$any":
        return True
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(name in actual and matches(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list):
        same_length = isinstance(actual, list) and len(actual) == len(expected)
        return same_length and all(map(matches, expected, actual))
    return isinstance(expected, bool) == isinstance(actual, bool) and bool(expected == actual)


def expected_records(expect: dict[str, Any]) -> dict[str, Any]:
    """What a synchronous run leaves."""
    found: dict[str, Any] = expect.get("records", {})
    return found.get("sync", found)


@pytest.mark.parametrize("case", SYNCHRONOUS)
def test_the_interpreter_does_what_the_case_says(case: dict[str, Any]) -> None:
    bench, expect = Bench(case), case["expect"]
    execution = bench.run()
    jobs = [[job.node.type, job.status, job.result] for job in execution.jobs]
    assert matches(expect["jobs"], jobs), jobs
    assert execution.status == expect["status"]
    if "output" in expect:
        assert matches(expect["output"], execution.output), execution.output
    if "messages" in expect:
        assert execution.messages == expect["messages"]
    if "sent" in expect:
        sent = [[kind, payload] for kind, payload, _ in bench.outside.sent]
        assert matches(expect["sent"], sent), sent
    for name, rows in expected_records(expect).items():
        assert matches(rows, bench.rows(name)), bench.rows(name)


@pytest.mark.parametrize("case", CASES)
def test_the_case_could_be_saved(case: dict[str, Any]) -> None:
    assert Bench(case).problems() == []


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, False, False),
        ("$any", {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": None}, {"b": 2}, False),
        ([1], [1, 2], False),
        ([], None, False),
        ({}, {"a": 1}, True),
    ],
)
def test_values_are_compared_as_the_format_says(expected: Any, actual: Any, same: bool) -> None:
    assert matches(expected, actual) is same
