"""Step Functions in a few lines: walks a definition state by state, calls the functions in process, lets time pass on a clock of its own.

Knows the states that the compiler makes, and fails on any other. Counts the states it enters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.instants import iso_text

MOST_STATES = 5_000
Run = Callable[[dict[str, Any]], dict[str, Any]]


class Failed(Exception):
    """The machine came to a Fail state."""


class Waiting(Exception):
    """Nothing but a signal can end the wait; ``token`` is the task's."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.token = token


class Machine:
    """One definition with its two functions. ``tokens`` are those that somebody has ended."""

    def __init__(self, document: dict[str, Any], clock: FixedClock, run: Run, wait: Callable[[dict[str, Any]], None]) -> None:
        self._states = document["States"]
        self._start = document["StartAt"]
        self._clock = clock
        self._run, self._wait = run, wait
        self.sent: set[str] = set()
        self.entered: list[str] = []
        self.label = "token"
        self.at: tuple[str, dict[str, Any]] = (self._start, {})

    def execute(self, payload: dict[str, Any]) -> None:
        """Walk to the end. Raises Failed, and Waiting when only a signal helps."""
        self.go_on(self._start, payload)

    def go_on(self, name: str, payload: dict[str, Any]) -> None:
        next_name: str | None = name
        while next_name is not None:
            self.entered.append(next_name)
            self.at = next_name, payload
            assert len(self.entered) < MOST_STATES, self.entered[-20:]
            state = self._states[next_name]
            next_name, payload = KINDS[state["Type"]](self, state, payload)

    def _task(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        if state["Resource"].endswith("waitForTaskToken"):
            return self._token_task(state, payload)
        try:
            return state.get("Next"), self._tried(state, lambda: self._run(_filled(state["Parameters"], payload)))
        except Exception as error:
            return self._caught(state, payload, name_of(error), str(error))

    def signalled(self) -> None:
        """Go on after the wait that raised Waiting."""
        name, payload = self.at
        self.go_on(self._states[name]["Next"], payload)

    def _tried(self, state: dict[str, Any], call: Callable[[], Any]) -> Any:
        """The call's answer, after as many retries as the state allows."""
        number = 0
        while True:
            try:
                return call()
            except Exception as error:
                rule = next((rule for rule in state["Retry"] if name_of(error) in rule["ErrorEquals"]), None)
                number += 1
                if rule is None or number > rule["MaxAttempts"]:
                    raise
                self._clock.sleep(rule["IntervalSeconds"])

    def _token_task(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        token = f"{self.label}-{len(self.entered)}"
        try:
            self._tried(state, lambda: self._wait(_filled(state["Parameters"]["Payload"], payload, token)))
        except Exception as error:
            return self._caught(state, payload, name_of(error), str(error))
        if token in self.sent:
            return state["Next"], payload
        seconds = payload[state["TimeoutSecondsPath"].removeprefix("$.")]
        if seconds > 300 * 86_400:
            raise Waiting(token)
        self._clock.sleep(seconds)
        return self._caught(state, payload, "States.Timeout", "")

    def _caught(self, state: dict[str, Any], payload: dict[str, Any], error: str, cause: str) -> tuple[str, dict[str, Any]]:
        for rule in state["Catch"]:
            if error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
                kept = {"error": {"Error": error, "Cause": cause}} if rule["ResultPath"] else {}
                return rule["Next"], {**payload, **kept}
        raise AssertionError(f"nothing catches {error}")

    def _pause(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        until = payload[state["TimestampPath"].removeprefix("$.")]
        now = iso_text(self._clock.now_ms())
        if until > now:
            self._clock.sleep((datetime.fromisoformat(until) - datetime.fromisoformat(now)).total_seconds())
        return state["Next"], payload

    def _choice(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        for rule in state["Choices"]:
            if payload[rule["Variable"].removeprefix("$.")] == rule["StringEquals"]:
                return rule["Next"], payload
        return state["Default"], payload

    def _succeed(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[None, dict[str, Any]]:
        return None, payload

    def _fail(self, state: dict[str, Any], payload: dict[str, Any]) -> tuple[None, dict[str, Any]]:
        raise Failed(state["Error"])


def name_of(error: Exception) -> str:
    """The error as a Lambda function tells it: its class, or what a function that died is said to have."""
    return str(getattr(error, "error_name", type(error).__name__))


def _filled(parameters: dict[str, Any], payload: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    """Parameters with what their paths lead to."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if not name.endswith(".$"):
            found[name] = value
        else:
            found[name.removesuffix(".$")] = token if value == "$$.Task.Token" else payload[value.removeprefix("$.")]
    return found


KINDS: Mapping[str, Callable[[Machine, dict[str, Any], dict[str, Any]], tuple[str | None, dict[str, Any]]]] = {
    "Task": Machine._task,
    "Wait": Machine._pause,
    "Choice": Machine._choice,
    "Succeed": Machine._succeed,
    "Fail": Machine._fail,
}
