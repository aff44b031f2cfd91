"""One workflow in a world in trouble: every call of the database, of Step Functions and of what lies outside may fail as a plan says.

A caller who gets no answer sends again with the same Idempotency-Key; Step Functions retries as the definition says; the sweep comes by.
Then the run has happened once: one execution for each that there should be, the records that it should leave, each job once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.keys import semaphore
from chalicelib.domain.ports import EXECUTIONS
from chalicelib.errors import AppError, Conflict, Unavailable
from chalicelib.services.sweeping import sweep
from tests.faults.shapes import FAMILIES, SECOND, SHAPES, TELLING
from tests.faults.trouble import Crash, Plan, Trouble
from tests.machines import FakeMachines, LambdaDied
from tests.sessions import NOW_MS, Session

Json = Any
MOST_ROUNDS = 40
BEGIN_MS = NOW_MS + 60 * SECOND


class MortalMachines(FakeMachines):
    """Machines whose functions may die."""

    def segment(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Crash:
            raise LambdaDied from None


@dataclass
class Place:
    """Where a workflow runs: ``session`` meets what ``trouble`` has for it, ``plain`` never does; ``machines`` are what both start.

    ``sent``: the keys of the notifications that arrived, each with the number of the call that brought it."""

    trouble: Trouble
    machines: FakeMachines
    session: Session
    plain: Session
    sent: list[tuple[str, int]] = field(default_factory=list)
    kept: Callable[[], AbstractContextManager[None]] = nullcontext  # what is written within is undone afterwards


class World:
    """A shape in a place."""

    def __init__(self, shape: str, place: Place) -> None:
        self.shape, self.place = shape, place
        self.clock = place.session.clock
        assert isinstance(self.clock, FixedClock)

    def wrong_after(self, plan: Plan) -> list[str]:
        """What did not happen as it should have, after a run of this plan."""
        self.place.trouble.plan = plan
        with self.place.kept():
            try:
                self._run()
                return self._wrong()
            except Exception as error:
                error.add_note(f"{self.shape}, {plan}")
                raise

    def _run(self) -> None:
        """From the call to the end of everything that it set off."""
        self._call()
        for _ in range(MOST_ROUNDS):
            self._safely(lambda: self.place.machines.run(self.place.session.backend))
            self._submit()
            if self._is_over():
                return
            self.clock.sleep(11)
            self._safely(lambda: sweep(self.place.session.backend, self.clock.now_ms() + 30 * SECOND))

    def _call(self) -> None:
        for _ in range(5):
            try:
                self.place.session.trigger("samples", 1, self.shape, key="once")
                return
            except (Unavailable, Conflict, Crash):
                self.clock.sleep(1)
        raise AssertionError("the call never came through")

    def _submit(self) -> None:
        """Whoever is asked answers, and tries again later when nobody heard it."""
        for task in self.place.plain.call("workflowManualTasks:listMine", filter={"status": 0}) if self.shape == "manual" else []:
            body = {"result": {"f": {}, "_": "yes"}}
            self._safely(lambda task=task, body=body: self.place.session.call("workflowManualTasks:submit", task["id"], body))  # type: ignore[misc]

    def _safely(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (Crash, AppError):
            return

    def _executions(self) -> list[Json]:
        keys, _ = FAMILIES.get(self.shape, ((self.shape,), 1))
        return [execution for key in keys for execution in self.place.plain.executions(key)]

    def _is_over(self) -> bool:
        found = self._executions()
        return bool(found) and all(one["status"] not in (None, 0) for one in found)

    def _wrong(self) -> list[str]:
        plain, found = self.place.plain, self._executions()
        notes = sorted(row["note"] for row in plain.call("inspectionRecords:list", pageSize="100"))
        _, expected = FAMILIES.get(self.shape, ((), 1))
        held = plain.store.query(EXECUTIONS, semaphore("single", "")).items
        jobs = [(job["jobKey"], job["status"]) for one in found for job in plain.call("executions:get", one["id"], appends="jobs")["jobs"]]
        statuses = [one["status"] for one in found]
        return [
            *([f"{len(found)} executions"] if len(found) != expected else []),
            *([f"statuses {statuses}, {[one['reason'] for one in found]}"] if any(status != 1 for status in statuses) else []),
            *([f"still held: {held}"] if held else []),
            *([f"records {notes}"] if notes != SHAPES[self.shape][1] else []),
            *([f"jobs {jobs}"] if len(jobs) != SHAPES[self.shape][2] or any(status == 0 for _, status in jobs) else []),
            *self._wrongly_told(),
        ]

    def _wrongly_told(self) -> list[str]:
        """A notification arrives under one key, and again only when something was lost since; it is not sent only when its call failed."""
        sent, trouble = self.place.sent, self.place.trouble
        again = [(first, later) for (_, first), (_, later) in pairwise(sent) if first != later]
        unfounded = [pair for pair in again if not any(pair[0] <= number < pair[1] for number in trouble.befell)]
        is_missing = not sent and self.shape in TELLING and not trouble.befell_a("notify")
        return [
            *([f"sent under {sent}"] if len({key for key, _ in sent}) > 1 else []),
            *([f"sent again for no reason: {unfounded} of {sent}"] if unfounded else []),
            *(["never sent"] if is_missing else []),
        ]
