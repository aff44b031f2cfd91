"""The `Schedules` port on Amazon EventBridge Scheduler.

Every schedule stands in one group and calls one function with what it was put with and the time it stands for; what cannot be delivered
within the hour goes to the dead letter queue. One that was put is never changed: another time has another name. The client and its library
are loaded with the first call.
Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from chalicelib.domain.machines import ScheduleRefused
from chalicelib.domain.schedule_expression import Timing
from chalicelib.errors import Json

LONGEST_NAME = 64
MOST_LISTED = 100
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
TAKEN, MISSING = ("ConflictException",), ("ResourceNotFoundException",)
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 3
OLDEST_EVENT_SECONDS, MOST_RETRIES = 3_600, 60


class ScheduleSettings(Protocol):
    """The part of the settings about schedules: the name of their group, the role that they run as, the function that they call, the
    queue of what could not be delivered."""

    @property
    def group(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def dead_letters(self) -> str | None: ...


class Scheduler:
    """Schedules of the group that the settings name."""

    def __init__(self, region: str, settings: ScheduleSettings) -> None:
        self._region, self._settings = region, settings

    @cached_property
    def _client(self) -> Any:
        import botocore.session
        from botocore.config import Config

        # Every call may be repeated: schedules have names.
        retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
        limits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)
        return botocore.session.get_session().create_client("scheduler", region_name=self._region, config=limits)

    def put(self, name: str, timing: Timing, payload: dict[str, Json]) -> None:
        """Make the schedule unless one of that name is there. Raises ScheduleRefused."""
        if len(name) > LONGEST_NAME:
            raise ScheduleRefused(f'a schedule named "{name}" would have {len(name)} characters; at most {LONGEST_NAME} are allowed')
        _asked(self._client.create_schedule, TAKEN, **self.document(name, timing, payload))

    def document(self, name: str, timing: Timing, payload: dict[str, Json]) -> dict[str, Json]:
        """What CreateSchedule takes."""
        settings = self._settings
        target: dict[str, Json] = {
            "Arn": settings.target,
            "RoleArn": settings.role,
            "Input": json.dumps(payload | {"time": SCHEDULED_TIME}, ensure_ascii=False),
            "RetryPolicy": {"MaximumEventAgeInSeconds": OLDEST_EVENT_SECONDS, "MaximumRetryAttempts": MOST_RETRIES},
        }
        if settings.dead_letters is not None:
            target["DeadLetterConfig"] = {"Arn": settings.dead_letters}
        dates = {"StartDate": timing.starts_ms, "EndDate": timing.ends_ms}
        return {
            "Name": name,
            "GroupName": settings.group,
            "ScheduleExpression": timing.expression,
            "ScheduleExpressionTimezone": timing.timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            "State": "ENABLED",
            "ActionAfterCompletion": "DELETE",
            **{part: _date(ms) for part, ms in dates.items() if ms is not None},
        }

    def names(self, prefix: str) -> dict[str, int]:
        """The group's schedules whose names begin with ``prefix``, with the time when each was made (epoch ms). Raises ScheduleRefused."""
        found: dict[str, int] = {}
        more: dict[str, Json] = {}
        while True:
            page = (
                _asked(
                    self._client.list_schedules,
                    (),
                    "Schedules",
                    GroupName=self._settings.group,
                    NamePrefix=prefix,
                    MaxResults=MOST_LISTED,
                    **more,
                )
                or {}
            )
            found |= {one["Name"]: round(one["CreationDate"].timestamp() * 1000) for one in page["Schedules"]}
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}

    def remove(self, name: str) -> None:
        """Remove the schedule, if it is there. Raises ScheduleRefused."""
        _asked(self._client.delete_schedule, MISSING, GroupName=self._settings.group, Name=name)


def _date(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def _asked(
    call: Callable[..., dict[str, Json]], fine: Collection[str] = (), needed: str | None = None, **parameters: Json
) -> dict[str, Json] | None:
    """What the service answers; ``None`` for an error whose code is ``fine``. Raises ScheduleRefused, also for an answer cut short."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = call(**parameters)
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code") or "")
        if code in fine:
            return None
        raise ScheduleRefused(str(told.get("Message") or f"EventBridge Scheduler answered {code}"), code) from None
    except BotoCoreError as error:
        raise ScheduleRefused(f"EventBridge Scheduler gave no answer: {error}", "NO_ANSWER") from None
    if needed is not None and needed not in answer:
        raise ScheduleRefused("the answer of EventBridge Scheduler was cut short", "NO_ANSWER")
    return answer
