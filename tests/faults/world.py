"""One workflow in a world in trouble: every call of the database and of Step Functions has a number, and a plan says what befalls which.

A caller who gets no answer sends again with the same Idempotency-Key; Step Functions retries as the definition says; the sweep comes by.
Then the run has happened once: one execution for each that there should be, the records that it should leave, each job once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.keys import semaphore
from chalicelib.domain.ports import EXECUTIONS, Item, Key, MachineRefused, Page, Range, StoreUnavailable, Table, TransactionRefused, Write
from chalicelib.errors import AppError, Conflict, Unavailable
from chalicelib.services.sweeping import sweep
from tests.machines import FakeMachines, LambdaDied
from tests.sessions import NOW_MS, Session

Json = Any
Plan = Mapping[int, str | int]  # by the number of the call: a way, or which of those that its kind has
MOST_ROUNDS = 40
SECOND = 1_000


class Crash(BaseException):
    """The process is gone, in the middle of what it did."""


def fails(way: str, kind: str, call: Callable[[], Any], writes: Sequence[Write] = ()) -> Any:
    """The call as that way has it."""
    error: BaseException = MachineRefused("no answer", "NO_ANSWER") if kind == "machines" else StoreUnavailable("no answer")
    if way in ("unheard", "crashed_after"):
        call()
    if way.startswith("crashed"):
        raise Crash
    if way == "blind":
        return False
    if way == "refused":
        raise MachineRefused("slow down", "ThrottlingException")
    if way in ("conflict", "throttled", "condition"):
        raise TransactionRefused([way] * len(writes))  # type: ignore[list-item]
    raise error


LATE = {"late": 2, "later": 3}
WAYS: dict[str, tuple[str, ...]] = {
    "write": ("unheard", "lost", *LATE, "conflict", "throttled", "condition", "crashed", "crashed_after"),
    "read": ("lost", "crashed"),
    "describe": ("lost", "refused", "blind"),
    "machines": ("unheard", "lost", "refused", "crashed", "crashed_after"),
}


class Trouble:
    """Counts the calls, in ``kinds``, and lets the plan befall them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kinds: list[str] = []
        self._late: list[tuple[Callable[[], Any], int]] = []

    def meet(self, kind: str, call: Callable[[], Any], writes: Sequence[Write] = ()) -> Any:
        planned = self.plan.get(len(self.kinds))
        way = WAYS[kind][planned % len(WAYS[kind])] if isinstance(planned, int) else planned
        self.kinds.append(kind)
        if kind == "write":
            self._arrive()
        if way in LATE and kind == "write":
            self._late.append((call, self.kinds.count("write") + LATE[way]))
        return call() if way is None or way not in WAYS[kind] else fails(way, kind, call, writes)

    def _arrive(self) -> None:
        """A write that nobody heard of may come after those that were sent in its place."""
        due = [call for call, number in self._late if number <= self.kinds.count("write")]
        self._late = [(call, number) for call, number in self._late if call not in due]
        for call in due:
            with suppress(TransactionRefused):
                call()


class TroubledStore:
    """The store, every request of it numbered."""

    def __init__(self, inner: MemoryStore, trouble: Trouble) -> None:
        self.inner, self._trouble = inner, trouble

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = self._trouble.meet("read", lambda: self.inner.batch_get(keys))
        return found

    def query(
        self,
        table: Table,
        partition: str,
        *,
        index: str | None = None,
        keys: Range | None = None,
        limit: int | None = None,
        forward: bool = True,
        start: Item | None = None,
    ) -> Page:
        def ask() -> Page:
            return self.inner.query(table, partition, index=index, keys=keys, limit=limit, forward=forward, start=start)

        page: Page = self._trouble.meet("read", ask)
        return page

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        number: int = self._trouble.meet("read", lambda: self.inner.count(table, partition, index=index, keys=keys, limit=limit))
        return number

    def transact(self, writes: Sequence[Write]) -> None:
        self._trouble.meet("write", lambda: self.inner.transact(writes), writes)


class TroubledMachines(FakeMachines):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def _do(self, what: str, name: str, call: Callable[[], Any]) -> Any:
        self.asked.append((what, name))
        return self._trouble.meet("describe" if what == "describe" else "machines", call)

    def segment(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Crash:
            raise LambdaDied from None


WAIT = {"type": "delay", "config": {"duration": 5, "unit": SECOND, "endStatus": 1}}


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": "inspectionRecords", "params": {"values": {"note": text, "sampleId": 1}}}}


CHECK = {
    "engine": "basic",
    "calculation": {"group": {"type": "and", "calculations": [{"calculator": "equal", "operands": [1, 1]}]}},
    "rejectOnFalse": False,
}
# Nodes, the notes they leave, and the number of jobs.
SHAPES: dict[str, tuple[list[Json], list[str], int]] = {
    "branch": (
        [note("before"), {"type": "condition", "config": CHECK, "branches": {"1": [WAIT, note("inside")]}}, note("after")],
        ["after", "before", "inside"],
        5,
    ),
    "delay": ([note("one"), WAIT, note("two"), WAIT, note("three")], ["one", "three", "two"], 5),
    "loop": ([{"type": "loop", "config": {"target": 3}, "branches": {"0": [note("round"), WAIT]}}], ["round"] * 3, 7),
    "race": (
        [
            {"type": "parallel", "config": {"mode": "race"}, "branches": {"1": [WAIT, note("first")], "2": [WAIT, WAIT, note("second")]}},
            note("end"),
        ],
        ["end", "first"],
        5,
    ),
    "subflow": ([note("before"), {"type": "subflow", "config": {"workflow": "child"}}, note("after")], ["after", "before", "child"], 5),
}
FORM = {"f": {"type": "custom", "actions": [{"key": "yes", "status": 1}]}}
ASK = {"key": "ask", "type": "manual", "config": {"assignees": [1], "forms": FORM}}
SHAPES["manual"] = ([note("before"), ASK, note("after"), ASK | {"key": "again"}], ["after", "before"], 4)
CHILD = [WAIT, note("child")]
ONE = {"type": "subflow", "config": {"workflow": "single"}}
SHAPES["limit"] = ([{"type": "parallel", "config": {"mode": "all"}, "branches": {"1": [ONE], "2": [ONE]}}], ["child", "child"], 7)
# Of which workflows a shape's executions are, when not of its own only, and how many there are.
FAMILIES = {"subflow": (("shape", "child"), 2), "limit": (("shape", "single"), 3)}


@cache
def _prepared(shape: str) -> MemoryStore:
    session = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    session.workflow("child", CHILD, None, sync=False)
    session.workflow("single", CHILD, None, sync=False, options={"concurrency": {"limit": 1}})
    session.workflow("shape", SHAPES[shape][0], sync=False)
    return session.store  # type: ignore[return-value]


class World:
    """A shape and a plan."""

    def __init__(self, shape: str, plan: Plan) -> None:
        self.shape, self.trouble = shape, Trouble({})
        prepared, own = _prepared(shape), MemoryStore()
        own._items = {table: dict(items) for table, items in prepared._items.items()}
        self.machines = TroubledMachines(self.trouble)
        self.clock = FixedClock(NOW_MS + 60 * SECOND)
        self.plain = Session(own, self.clock, machines=self.machines)
        self.session = Session(TroubledStore(own, self.trouble), self.clock, machines=self.machines)
        self.trouble.plan = plan

    def run(self) -> None:
        """From the call to the end of everything that it set off."""
        self._call()
        for _ in range(MOST_ROUNDS):
            self._safely(lambda: self.machines.run(self.session.backend))
            self._submit()
            if self.is_over():
                return
            self.clock.sleep(11)
            self._safely(lambda: sweep(self.session.backend, self.clock.now_ms() + 30 * SECOND))

    def _call(self) -> None:
        for _ in range(5):
            try:
                self.session.trigger("samples", 1, "shape", key="once")
                return
            except (Unavailable, Conflict, Crash):
                self.clock.sleep(1)
        raise AssertionError("the call never came through")

    def _submit(self) -> None:
        """Whoever is asked answers, and tries again later when nobody heard it."""
        for task in self.plain.call("workflowManualTasks:listMine", filter={"status": 0}) if self.shape == "manual" else []:
            body = {"result": {"f": {}, "_": "yes"}}
            self._safely(lambda task=task, body=body: self.session.call("workflowManualTasks:submit", task["id"], body))  # type: ignore[misc]

    def _safely(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (Crash, AppError):
            return

    def executions(self) -> list[Json]:
        keys, _ = FAMILIES.get(self.shape, (("shape",), 1))
        return [execution for key in keys for execution in self.plain.executions(key)]

    def is_over(self) -> bool:
        found = self.executions()
        return bool(found) and all(one["status"] not in (None, 0) for one in found)

    def wrong(self) -> list[str]:
        """What did not happen as it should have."""
        found, notes = self.executions(), sorted(row["note"] for row in self.plain.call("inspectionRecords:list", pageSize="100"))
        _, expected = FAMILIES.get(self.shape, ((), 1))
        held = self.plain.store.query(EXECUTIONS, semaphore("single", "")).items
        jobs = [
            (job["jobKey"], job["status"]) for one in found for job in self.plain.call("executions:get", one["id"], appends="jobs")["jobs"]
        ]
        statuses = [one["status"] for one in found]
        return [
            *([f"{len(found)} executions"] if len(found) != expected else []),
            *([f"statuses {statuses}, {[one['reason'] for one in found]}"] if any(status != 1 for status in statuses) else []),
            *([f"still held: {held}"] if held else []),
            *([f"records {notes}"] if notes != SHAPES[self.shape][1] else []),
            *([f"jobs {jobs}"] if len(jobs) != SHAPES[self.shape][2] or any(status == 0 for _, status in jobs) else []),
        ]


def calls_of(shape: str) -> list[str]:
    """The kinds of the calls that an untroubled run makes, in order."""
    world = World(shape, {})
    world.run()
    assert world.wrong() == []
    return world.trouble.kinds
