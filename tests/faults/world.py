"""One workflow in a world in trouble: every call of the database, of Step Functions and of what lies outside may fail as a plan says.

A caller who gets no answer sends again with the same Idempotency-Key; Step Functions retries as the definition says; the sweep comes by.
Then the run has happened once: one execution for each that there should be, the records that it should leave, each job once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.keys import semaphore
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Item, Key
from chalicelib.domain.status import PENDING
from chalicelib.domain.system_collections import WORKFLOW_MANUAL_TASKS
from chalicelib.engine.stored_jobs import is_part
from chalicelib.errors import AppError, Conflict, Unavailable
from chalicelib.services.product import Product
from chalicelib.services.sweeping import sweep
from tests.faults.shapes import FAILING, FAMILIES, SECOND, SHAPES, TELLING
from tests.faults.trouble import Crash, Plan, Trouble
from tests.machines import FakeMachines, LambdaDied
from tests.sessions import NOW_MS, Session

Json = Any
MOST_ROUNDS = 40
(TASKS,) = WORKFLOW_MANUAL_TASKS.partitions
BEGIN_MS = NOW_MS + 60 * SECOND


class MortalMachines(FakeMachines):
    """Machines whose functions may die."""

    def segment(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Crash:
            raise LambdaDied from None


@dataclass(frozen=True)
class Message:
    """What arrived outside: its ``key``, the ``number`` of the call that brought it, and the execution that it tells of as failed."""

    key: str
    number: int
    failed: int | None = None


@dataclass
class Place:
    """Where a workflow runs: ``session`` meets what ``trouble`` has for it, ``machines`` are what it starts.

    ``look``: what a run has written, as it is now; nothing befalls who looks. ``sent``: what arrived outside, in order."""

    trouble: Trouble
    machines: FakeMachines
    session: Session
    look: Callable[[], Mapping[Key, Item]]
    sent: list[Message] = field(default_factory=list)
    kept: Callable[[], AbstractContextManager[None]] = nullcontext  # what is written within is undone afterwards

    def __post_init__(self) -> None:
        """Failed runs are told of, as where the product is deployed."""
        self.session.backend = replace(self.session.backend, announces=True)
        self.session.product = Product(self.session.backend)


class World:
    """A shape in a place."""

    def __init__(self, shape: str, place: Place) -> None:
        self.shape, self.place = shape, place
        self.clock = place.session.clock
        self._seen: Mapping[Key, Item] = {}
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
            self._go_on()
            if self.shape == "manual" and self._submit():
                self._go_on()
            self._seen = self.place.look()
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

    def _go_on(self) -> None:
        self._safely(lambda: self.place.machines.run(self.place.session.backend))

    def _submit(self) -> int:
        """Whoever is asked answers, and tries again later when nobody heard it; how many tasks there were."""
        body = {"result": {"f": {}, "_": "yes"}}
        asked = [item for key, item in self.place.look().items() if key.pk == TASKS and item["data"]["status"] == PENDING]
        for task in asked:
            self._safely(lambda task=task: self.place.session.call("workflowManualTasks:submit", int(task["sk"]), body))  # type: ignore[misc]
        return len(asked)

    def _safely(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (Crash, AppError):
            return

    def _executions(self) -> list[Item]:
        keys, _ = FAMILIES.get(self.shape, ((self.shape,), 1))
        return [item for key, item in self._seen.items() if key.table == EXECUTIONS and key.sk == "execution" and item["key"] in keys]

    def _is_over(self) -> bool:
        """All have ended, and whoever is to be told of a failure has been."""
        found = self._executions()
        return bool(found) and all(one.get("status") not in (None, 0) and not one.get("announce") for one in found)

    def _notes(self) -> list[str]:
        rows = [item["data"] for key, item in self._seen.items() if key.table == RECORDS and "data" in item]
        return sorted(row["note"] for row in rows if "note" in row)

    def _jobs(self, executions: Sequence[Item]) -> list[tuple[str, int]]:
        partitions = {execution["pk"] for execution in executions}
        stored = [(key, item) for key, item in self._seen.items() if key.pk in partitions and key.sk.startswith("job#")]
        return [(key.sk, item["status"]) for key, item in stored if not is_part(item)]

    def _wrong(self) -> list[str]:
        found = self._executions()
        notes, jobs = self._notes(), self._jobs(found)
        _, expected = FAMILIES.get(self.shape, ((), 1))
        held = [key for key in self._seen if key.pk == semaphore("single", "")]
        ends = [(one.get("status"), one.get("reason")) for one in found]
        return [
            *([f"{len(found)} executions"] if len(found) != expected else []),
            *([f"ended as {ends}"] if any(end != FAILING.get(self.shape, (1, None)) for end in ends) else []),
            *([f"still held: {held}"] if held else []),
            *([f"records {notes}"] if notes != SHAPES[self.shape][1] else []),
            *([f"jobs {jobs}"] if len(jobs) != SHAPES[self.shape][2] or any(status == 0 for _, status in jobs) else []),
            *self._wrongly_sent(found),
        ]

    def plans_of_two(self, kind: str, begin: Callable[[], World]) -> Iterator[Plan]:
        """Plans in which the first call of that kind fails, and then the one that is made in its place; this world runs untroubled."""
        assert self.wrong_after({}) == []
        number, ways = self.place.trouble.kinds.index(kind), self.place.trouble.ways[kind]
        for first in ways:
            once = begin()
            assert once.wrong_after({number: first}) == [], first
            then = once.place.trouble.kinds.index(kind, number + 1)
            yield from ({number: first, then: second} for second in ways)

    def _wrongly_sent(self, found: Sequence[Item]) -> list[str]:
        """What is sent arrives under one key, and again only when something was lost since. A notification is not sent only when its call
        failed; a failure is told of whatever happens, and by whatever is told one knows the execution."""
        sent, trouble = self.place.sent, self.place.trouble
        again = [(first.number, later.number) for first, later in pairwise(sent) if first.number != later.number]
        unfounded = [pair for pair in again if not any(pair[0] <= number < pair[1] for number in trouble.befell)]
        is_missing = not sent and (self.shape in FAILING or (self.shape in TELLING and not trouble.befell_a("notify")))
        told_of = {message.failed for message in sent}
        wanted = {one["id"] for one in found} if self.shape in FAILING else {None}
        return [
            *([f"sent under {sent}"] if len({message.key for message in sent}) > 1 else []),
            *([f"sent again for no reason: {unfounded} of {sent}"] if unfounded else []),
            *(["never sent"] if is_missing else []),
            *([f"told of {told_of}, not of {wanted}"] if sent and told_of != wanted else []),
        ]
