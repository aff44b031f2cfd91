"""Workflows written in a line or two, and one walk of them over a store in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.instants import iso_text
from chalicelib.domain.status import RESOLVED
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.execution import Execution, Job
from chalicelib.engine.ports import Effects
from chalicelib.engine.records import UnitRecords
from chalicelib.engine.runner import Runner
from chalicelib.engine.validation import flatten
from chalicelib.errors import Json
from chalicelib.nodes.base import Outcome, Ports, Scope
from tests.outside import NOTHING_OUTSIDE
from tests.stores import WatchedStore
from tests.unit.engine.fakes import ITEMS, NOW_MS, fill, records_over

Act = Callable[[Scope, Ports], Outcome]


def act(function: Act, key: str = "acting", branches: Json = None) -> dict[str, Json]:
    return {"key": key, "type": "act", "title": "Act", "config": {"act": function}} | ({"branches": branches} if branches else {})


def create(title: str, **values: Json) -> dict[str, Json]:
    return {"type": "create", "config": {"collection": "items", "params": {"values": {"title": title, **values}}}}


def end(status: int) -> dict[str, Json]:
    return {"type": "end", "config": {"endStatus": status}}


def say(text: str) -> dict[str, Json]:
    return {"type": "response-message", "config": {"message": text}}


def output(value: Json, key: str = "out") -> dict[str, Json]:
    return {"key": key, "type": "output", "config": {"value": value}}


def outcome(status: int, result: Json = None, **more: Any) -> Act:
    return lambda scope, ports: Outcome(status, result, **more)


def raising(error: Exception) -> Act:
    def run(scope: Scope, ports: Ports) -> Outcome:
        raise error

    return run


def writing(title: str, then: Act) -> Act:
    """Makes an item, then does the other."""

    def run(scope: Scope, ports: Ports) -> Outcome:
        ports.records.create("items", {"title": title})
        return then(scope, ports)

    return run


def workflow_of(nodes: list[dict[str, Json]]) -> Workflow:
    ids, keys = itertools.count(8193), (f"k{number}" for number in itertools.count(1))
    flat = flatten(nodes, lambda: next(ids), lambda: next(keys))
    return Workflow(8192, "flow", "The flow", "custom-action", True, True, {"type": 0}, {}, flat)


def slow(clock: FixedClock, seconds: float) -> dict[str, Json]:
    """A node that takes its time."""

    def run(scope: Scope, ports: Ports) -> Outcome:
        clock.sleep(seconds)
        return Outcome(RESOLVED)

    return act(run)


class Run:
    """One walk over a store with one item, 1."""

    def __init__(
        self, *nodes: dict[str, Json], answers: bool = True, deadline_ms: int | None = None, clock: FixedClock | None = None
    ) -> None:
        self.store = WatchedStore(MemoryStore())
        fill(self.store, ITEMS, [{"id": 1, "title": "first", "code": "a"}])
        self.clock = clock or FixedClock(NOW_MS)
        self.records: UnitRecords = records_over(self.store, ITEMS)
        self.context: dict[str, Json] = {"data": {"id": 1}, "user": {"id": 7}, "roleName": "root"}
        self.execution = Execution(77, workflow_of(list(nodes)), self.context, iso_text(NOW_MS))
        self._answers, self._deadline_ms = answers, deadline_ms

    def walk(self) -> Run:
        Runner(self.clock, Effects(NOTHING_OUTSIDE), self._deadline_ms).walk(self.execution, self.records, answers=self._answers)
        return self

    @property
    def titles(self) -> list[Json]:
        """What would be committed."""
        return [staged.after.row["title"] for staged in self.records.unit.staged.values() if staged.after]

    @property
    def jobs(self) -> list[tuple[str, int, Json]]:
        return [(job.node.type, job.status, job.result) for job in self.execution.jobs]

    def __iter__(self) -> Iterator[Job]:
        return iter(self.execution.jobs)
