"""What the product asks of Step Functions and of EventBridge Scheduler, in its own words.

``adapters/stepfunctions`` and ``adapters/scheduler`` answer with the services.
Sources: https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html and
https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.schedule_expression import Timing
from chalicelib.errors import Json

MACHINE_NOT_FOUND, NO_ANSWER = "MACHINE_NOT_FOUND", "NO_ANSWER"


class MachineRefused(Exception):
    """Step Functions did not take a definition or a start; the message says why.

    ``code``: ``MACHINE_NOT_FOUND`` when there is no machine of that name (publish it, then start again), ``NO_ANSWER`` when nobody
    answered, else the service's own (``AccessDeniedException``); empty where none is set up."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Machines(Protocol):
    """State machines: one per enabled version of an asynchronous workflow."""

    def publish(self, name: str, definition: dict[str, Json]) -> None:
        """Make the machine unless it is there. Raises MachineRefused."""

    def start(self, name: str, execution: str, payload: dict[str, Json]) -> None:
        """Start an execution of the machine unless one of that name was started. Raises MachineRefused."""

    def send(self, token: str) -> bool:
        """End the wait that the token stands for; False when nobody waits with it any more."""

    def stop(self, name: str, execution: str) -> None:
        """Stop the execution, if it runs."""

    def is_running(self, name: str, execution: str) -> bool:
        """Whether the execution has been started and has not ended. Raises MachineRefused when nobody can say."""

    def names(self) -> dict[str, int]:
        """Machines by their names, others' too, with the time when each was made (epoch milliseconds). Raises MachineRefused."""

    def remove(self, name: str) -> None:
        """Remove the machine, if it is there. Raises MachineRefused."""

    def functions(self) -> tuple[str, str]:
        """The ARNs of the functions that machines call: the one that walks, the one that takes tokens."""


class ScheduleRefused(Exception):
    """The Scheduler did not take a schedule, or gave no answer; the message says why. ``code`` is the service's own, or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Schedules(Protocol):
    """What calls the function ``fire`` at the times of workflows: one schedule per enabled workflow with times of its own."""

    def put(self, name: str, timing: Timing, payload: dict[str, Json]) -> None:
        """Make the schedule unless one of that name is there. ``fire`` gets the payload and the ``time``. Raises ScheduleRefused."""

    def names(self, prefix: str) -> dict[str, int]:
        """Schedules whose names begin with ``prefix``, with the time when each was made (epoch milliseconds). Raises ScheduleRefused."""

    def remove(self, name: str) -> None:
        """Remove the schedule, if it is there. Raises ScheduleRefused."""
