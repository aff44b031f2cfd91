"""EventBridge Scheduler as the product sees it, for tests: what it would refuse is refused, since no emulator does.

Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from chalicelib.domain.machines import ScheduleRefused
from chalicelib.domain.ports import Clock
from chalicelib.domain.schedule_expression import Timing

Json = dict[str, Any]
Failure = Callable[[Callable[[], Any]], Any]
NAME = re.compile(r"[0-9a-zA-Z_.-]{1,64}")
NUMBER = r"[0-9]{1,2}"
LISTED = rf"{NUMBER}(-{NUMBER})?(,{NUMBER}(-{NUMBER})?)*"
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7))
FIVE_MINUTES_MS = 300_000


def problems_of_timing(timing: Timing, now_ms: int) -> list[str]:
    """What EventBridge Scheduler would refuse."""
    found = [] if timing.timezone in available_timezones() else [f"no time zone {timing.timezone}"]
    if len(timing.expression) > 256:
        found.append("the expression is too long")
    if timing.starts_ms is not None and timing.starts_ms < now_ms - FIVE_MINUTES_MS:
        found.append("the StartDate lies more than five minutes back")
    if timing.ends_ms is not None and timing.ends_ms <= max(now_ms, timing.starts_ms or 0):
        found.append("the EndDate must come after now and the StartDate")
    return found + problems_of_expression(timing.expression)


def problems_of_expression(expression: str) -> list[str]:
    shape = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if shape is None:
        return ["neither cron(), rate() nor at()"]
    if shape[1] == "at":
        try:
            datetime.strptime(shape[2], "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            return ["no time"]
        return []
    if shape[1] == "rate":
        fine = shape[2] == "1 minute" or re.fullmatch("([2-9]|[1-9][0-9]+) minutes", shape[2])
        return [] if fine else ["no rate"]
    return _problems_of_cron(shape[2].split(" "))


def _problems_of_cron(fields: list[str]) -> list[str]:
    if len(fields) != 6:
        return [f"{len(fields)} fields"]
    found = [] if (fields[2] == "?") != (fields[4] == "?") else ["one of the day fields must be ?, and only one"]
    signs = ("", "", "|L|LW|[0-9]{1,2}W|[?]", "", "|[1-7]L|[1-7]#[1-5]|[?]")
    for text, (low, high), more in zip(fields, BOUNDS, signs, strict=False):
        if not re.fullmatch(rf"[*]|{LISTED}{more}", text):
            found.append(f"{text} is no field")
        elif not all(low <= int(number) <= high for number in re.findall("[0-9]+", text.partition("#")[0])):
            found.append(f"{text} is out of bounds")
    return found if fields[5] == "*" else [*found, "the year"]


class Schedule(NamedTuple):
    timing: Timing
    payload: Json


def refused_as(code: str) -> Failure:
    """Nothing was done, and the service says why."""

    def fail(call: Callable[[], Any]) -> Any:
        raise ScheduleRefused(f"refused: {code}", code)

    return fail


class FakeSchedules:
    """``failures`` stand in for the next calls, in order; ``made_ms`` is when schedules were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.there: dict[str, Schedule] = {}
        self.made_ms: dict[str, int] = {}
        self.failures: deque[Failure] = deque()
        self.asked: list[tuple[str, str]] = []

    def _do(self, what: str, name: str, call: Callable[[], Any]) -> Any:
        self.asked.append((what, name))
        return self.failures.popleft()(call) if self.failures else call()

    def put(self, name: str, timing: Timing, payload: Json) -> None:
        assert NAME.fullmatch(name), name
        now_ms = self._clock.now_ms()
        assert problems_of_timing(timing, now_ms) == []

        def make() -> None:
            if name not in self.there:
                self.there[name], self.made_ms[name] = Schedule(timing, payload), now_ms

        self._do("put", name, make)

    def names(self, prefix: str) -> dict[str, int]:
        return dict(self._do("list", prefix, lambda: {name: ms for name, ms in self.made_ms.items() if name.startswith(prefix)}))

    def remove(self, name: str) -> None:
        self._do("remove", name, lambda: (self.there.pop(name, None), self.made_ms.pop(name, None)))
