"""Step Functions as the product sees it, for tests: machines that really run, in process, and calls that fail where a test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.asl.lint import problems_of_machine
from chalicelib.domain.machines import MACHINE_NOT_FOUND, MachineRefused
from chalicelib.services.async_runs import AsyncRuns
from chalicelib.services.backend import Backend
from tests.machine import Failed, Machine, Waiting

Json = dict[str, Any]
Failure = Callable[[Callable[[], Any]], Any]
LAMBDA_MS = 60_000


def refused_as(code: str) -> Failure:
    """Nothing was done, and the service says why."""

    def fail(call: Callable[[], Any]) -> Any:
        raise MachineRefused(f"refused: {code}", code)

    return fail


def done(call: Callable[[], Any]) -> Any:
    """As usual."""
    return call()


throttled = refused_as("ThrottlingException")
unreachable = refused_as("NO_ANSWER")


def unheard(call: Callable[[], Any]) -> Any:
    """Done, but nobody hears of it."""
    call()
    raise MachineRefused("no answer", "NO_ANSWER")


class LambdaDied(Exception):
    """What Step Functions hears of a function that ended in the middle of its work."""

    error_name = "Lambda.Unknown"


class Running:
    """One execution of a machine."""

    def __init__(self, name: str, payload: Json) -> None:
        self.machine_name = name
        self.payload = payload
        self.status = "RUNNING"
        self.machine: Machine | None = None
        self.token: str | None = None
        self.is_told = False


class FakeMachines:
    """``failures`` stand in for the next calls, in order; ``asked`` is what was called; ``made_ms`` when machines were made, without
    which it was long ago."""

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self.executions: dict[str, Running] = {}
        self.failures: deque[Failure] = deque()
        self.asked: list[tuple[str, str]] = []
        self.made_ms: dict[str, int] = {}

    def _do(self, what: str, name: str, call: Callable[[], Any]) -> Any:
        self.asked.append((what, name))
        return self.failures.popleft()(call) if self.failures else call()

    def functions(self) -> tuple[str, str]:
        return "arn:aws:lambda:us-east-1:123456789012:function:run", "arn:aws:lambda:us-east-1:123456789012:function:wait"

    def publish(self, name: str, definition: Json) -> None:
        assert problems_of_machine(definition) == []
        self._do("publish", name, lambda: self.documents.setdefault(name, definition))

    def start(self, name: str, execution: str, payload: Json) -> None:
        def begin() -> None:
            if name not in self.documents:
                raise MachineRefused(f"there is no machine {name}", MACHINE_NOT_FOUND)
            self.executions.setdefault(execution, Running(name, payload))

        self._do("start", execution, begin)

    def send(self, token: str) -> bool:
        def end() -> bool:
            waiting = next((one for one in self.executions.values() if one.token == token and one.status == "RUNNING"), None)
            if waiting is not None:
                waiting.is_told = True
            return waiting is not None

        try:
            return bool(self._do("send", token, end))
        except MachineRefused:
            return False

    def stop(self, name: str, execution: str) -> None:
        def end() -> None:
            if execution in self.executions:
                self.executions[execution].status = "ABORTED"

        try:
            self._do("stop", execution, end)
        except MachineRefused:
            return

    def is_running(self, name: str, execution: str) -> bool:
        def look() -> bool:
            return execution in self.executions and self.executions[execution].status == "RUNNING"

        return bool(self._do("describe", execution, look))

    def names(self) -> Json:
        return dict(self._do("list", "", lambda: {name: self.made_ms.get(name, 0) for name in self.documents}))

    def remove(self, name: str) -> None:
        self._do("remove", name, lambda: self.documents.pop(name, None))

    def forget(self) -> None:
        """As an emulator that was started anew."""
        self.documents, self.executions = {}, {}

    def run(self, backend: Backend) -> int:
        """Let every machine run until it ends or waits for a signal; how many did something."""
        moved = 0
        while ready := [one for one in self.executions.values() if one.status == "RUNNING" and (one.machine is None or one.is_told)]:
            for one in ready:
                self._go_on(one, backend)
                moved += 1
        return moved

    def _go_on(self, one: Running, backend: Backend) -> None:
        clock = backend.clock
        assert isinstance(clock, FixedClock)
        try:
            if one.machine is None:
                runs = AsyncRuns(backend)
                document = self.documents[one.machine_name]
                one.machine = Machine(document, clock, self._segment(backend), self._wait(one, runs))
                one.machine.label = f"token-{len(self.executions)}-{one.payload['executionId']}-{one.payload['attempt']}"
                one.machine.execute(one.payload)
            else:
                one.is_told, one.token = False, None
                one.machine.signalled()
        except Waiting as waiting:
            one.token = waiting.token
        except Failed:
            one.status = "FAILED"
        else:
            one.status = "SUCCEEDED"

    def segment(self, call: Callable[[], Any]) -> Any:
        """A call of a function by a machine."""
        return call()

    def _segment(self, backend: Backend) -> Callable[[Json], Json]:
        def run(event: Json) -> Json:
            answer: Json = self.segment(lambda: AsyncRuns(backend).run_segment(event, backend.clock.now_ms() + LAMBDA_MS))
            return answer

        return run

    def _wait(self, one: Running, runs: AsyncRuns) -> Callable[[Json], None]:
        """What takes the token: a wait may be ended while its function still runs."""

        def wait(event: Json) -> None:
            one.token = event["token"]
            self.segment(lambda: runs.await_signal(event))
            if one.is_told and one.machine is not None:
                one.is_told = False
                one.machine.sent.add(event["token"])

        return wait
