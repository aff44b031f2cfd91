"""What a workflow's ``options`` promise: a timeout, history that is not kept, serializable isolation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.ids import derived_id, fresh_id
from chalicelib.domain.ports import Absent, Check, Equals
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.definitions import DefinitionCache, Definitions
from chalicelib.engine.dispatch import run_writes
from chalicelib.engine.execution import Execution, is_kept
from chalicelib.engine.ports import Effects
from chalicelib.engine.reads import Reads
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.runner import Runner
from chalicelib.engine.unit_of_work import UnitOfWork
from tests.outside import NOTHING_OUTSIDE

NOW = 1_795_000_000_000
NOTES = Collection("notes", "notes", fields={"id": Field("id", "integer"), "text": Field("text", "string")})


def unit_over(store: MemoryStore) -> UnitOfWork:
    return UnitOfWork(Reads(store), now="2026-11-21T00:00:00.000Z", make_id=lambda n: derived_id(NOW, "s", n), user_id=None)


def flow(options: dict[str, Any]) -> Workflow:
    nodes = [
        {"id": 1, "key": "a", "type": "output", "config": {"value": 1}},
        {"id": 2, "key": "b", "type": "output", "upstreamId": 1, "config": {"value": 2}},
    ]
    return Workflow(8192, "flow", "The flow", "custom-action", True, True, {"type": 0}, options, nodes)


class SlowClock(FixedClock):
    """Every look at the clock takes 40 ms."""

    def now_ms(self) -> int:
        self.sleep(0.04)
        return super().now_ms()


@pytest.mark.parametrize(("timeout", "status", "reason"), [(0, 1, None), (10_000, 1, None), (50, -3, "timeout")])
def test_a_run_over_its_timeout_is_aborted(timeout: int, status: int, reason: str | None) -> None:
    store = MemoryStore()
    unit = unit_over(store)
    execution = Execution(fresh_id(NOW), flow({"timeout": timeout}), {"data": {}}, "2026-11-21T00:00:00.000Z")
    records = UnitRecords(unit, Definitions(unit.reads, DefinitionCache()))
    Runner(SlowClock(NOW), Effects(NOTHING_OUTSIDE)).walk(execution, records, answers=True)
    assert (execution.status, execution.reason) == (status, reason)


@pytest.mark.parametrize(("unwanted", "kept"), [([], True), ([-1], True), ([1, -1], False), (None, True)])
def test_history_of_an_unwanted_status_is_not_shown(unwanted: list[int] | None, kept: bool) -> None:
    store = MemoryStore()
    reads = Reads(store)
    execution = replace(Execution(fresh_id(NOW), flow({"deleteExecutionOnStatus": unwanted}), {}, "now"), status=1)
    reads.items.update({})
    definitions = Definitions(reads, DefinitionCache())
    definitions._snapshot = DefinitionCache().at(0)
    item = run_writes(definitions, [execution], "token", "2026-11-21T00:00:00.000Z")[0].write.item  # type: ignore[union-attr]
    assert is_kept(item, NOW + 1_000) is kept
    assert json.loads(item["doc"])["token"] == "token"


def test_a_serializable_unit_guards_every_row_it_read_by_key() -> None:
    store = MemoryStore()
    first = unit_over(store)
    first.create(NOTES, {"id": 1, "text": "read"})
    store.transact([tagged.write for tagged in first.writes()])
    checks = {}
    for serializable in (False, True):
        unit = unit_over(store)
        unit.serializable = serializable
        unit.get_many(NOTES, [1, 2])
        unit.create(NOTES, {"text": "written"})
        checks[serializable] = [tagged.write.condition for tagged in unit.writes() if isinstance(tagged.write, Check)]
    assert checks == {False: [], True: [Equals({"version": 1}), Absent()]}


def outputs(count: int) -> Workflow:
    nodes = [
        {"id": n, "key": f"n{n}", "type": "output", "upstreamId": n - 1 if n > 1 else None, "config": {"value": "{{$jobsMapByNodeKey}}"}}
        for n in range(1, count + 1)
    ]
    return Workflow(8192, "flow", "The flow", "custom-action", True, True, {"type": 0}, {}, nodes)


@pytest.mark.parametrize(("count", "status"), [(1, 1), (3, 1), (60, -2)])
def test_results_of_results_are_values_of_that_moment_and_bounded(count: int, status: int) -> None:
    store = MemoryStore()
    unit = unit_over(store)
    execution = Execution(fresh_id(NOW), outputs(count), {"data": {}}, "now")
    records = UnitRecords(unit, Definitions(unit.reads, DefinitionCache()))
    Runner(FixedClock(NOW), Effects(NOTHING_OUTSIDE)).walk(execution, records, answers=True)
    assert execution.status == status
    assert execution.jobs[0].result == {}
    assert json.loads(execution.to_item("token", "now")["doc"])["jobs"]
    if count == 60:
        assert execution.jobs[-1].result["code"] == "RESULT_TOO_LARGE"
