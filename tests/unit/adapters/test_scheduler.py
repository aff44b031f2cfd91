"""The adapter of EventBridge Scheduler: what it asks, what counts as done, what it says when the service refuses, and moto's opinion."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.scheduler import Scheduler
from chalicelib.config import ConfigurationError, Schedules, read_settings
from chalicelib.domain.machines import ScheduleRefused
from chalicelib.domain.schedule_expression import Timing
from tests.schedules import FakeSchedules, problems_of_timing

ROOT = Path(__file__).resolve().parents[3]
ROLE, TARGET = "arn:aws:iam::123456789012:role/schedules", "arn:aws:lambda:eu-west-1:123456789012:function:fire"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:dead"
HERE = Schedules("stepbase-dev", ROLE, TARGET, QUEUE)
NAME, PAYLOAD = "dev-8192-0123456789ab", {"workflow": "clock", "version": 8192}
START = 1_900_000_000_000
DAILY = Timing("cron(0 9 * * ? *)", "Europe/Berlin", START, START + 60_000)


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler("eu-west-1", HERE)


@pytest.fixture
def service(scheduler: Scheduler) -> Iterator[Stubber]:
    """The service: every call is checked against its own description, and all that were expected must come."""
    with Stubber(scheduler._client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def creating() -> dict[str, Any]:
    text = '{"workflow": "clock", "version": 8192, "time": "<aws.scheduler.scheduled-time>"}'
    return {
        "Name": NAME,
        "GroupName": "stepbase-dev",
        "ScheduleExpression": "cron(0 9 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "StartDate": datetime.fromtimestamp(START / 1000, UTC),
        "EndDate": datetime.fromtimestamp(START / 1000 + 60, UTC),
        "State": "ENABLED",
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": TARGET,
            "RoleArn": ROLE,
            "Input": text,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 60},
            "DeadLetterConfig": {"Arn": QUEUE},
        },
    }


def test_a_schedule_is_made_with_its_span_its_target_and_what_becomes_of_failures(scheduler: Scheduler, service: Stubber) -> None:
    service.add_response(
        "create_schedule", {"ScheduleArn": f"arn:aws:scheduler:eu-west-1:123456789012:schedule/stepbase-dev/{NAME}"}, creating()
    )
    scheduler.put(NAME, DAILY, PAYLOAD)


def test_one_that_is_there_is_fine(scheduler: Scheduler, service: Stubber) -> None:
    service.add_client_error("create_schedule", "ConflictException")
    scheduler.put(NAME, DAILY, PAYLOAD)


def test_without_a_queue_none_is_named_and_without_dates_there_are_none() -> None:
    document = Scheduler("eu-west-1", Schedules("g", ROLE, TARGET, None)).document(NAME, Timing("rate(5 minutes)"), PAYLOAD)
    assert "DeadLetterConfig" not in document["Target"]
    assert {"StartDate", "EndDate"}.isdisjoint(document)


@pytest.mark.parametrize(
    "code", ["ValidationException", "AccessDeniedException", "ServiceQuotaExceededException", "ResourceNotFoundException"]
)
def test_why_a_schedule_is_not_made_is_told(scheduler: Scheduler, service: Stubber, code: str) -> None:
    service.add_client_error("create_schedule", code, "because")
    with pytest.raises(ScheduleRefused, match="because") as caught:
        scheduler.put(NAME, DAILY, PAYLOAD)
    assert caught.value.code == code


def test_a_name_that_is_too_long_is_refused_before_anything_is_asked(scheduler: Scheduler) -> None:
    with pytest.raises(ScheduleRefused, match="at most 64"):
        scheduler.put("x" * 65, DAILY, PAYLOAD)


def test_names_are_read_page_by_page(scheduler: Scheduler, service: Stubber) -> None:
    asked = {"GroupName": "stepbase-dev", "NamePrefix": "dev-", "MaxResults": 100}
    one, two = ({"Name": name, "CreationDate": datetime.fromtimestamp(7, UTC)} for name in ("dev-1", "dev-2"))
    service.add_response("list_schedules", {"Schedules": [one], "NextToken": "more"}, asked)
    service.add_response("list_schedules", {"Schedules": [two]}, asked | {"NextToken": "more"})
    assert scheduler.names("dev-") == {"dev-1": 7_000, "dev-2": 7_000}


def test_an_answer_that_was_cut_short_is_none(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler._client, "list_schedules", lambda **_: {})
    with pytest.raises(ScheduleRefused, match="cut short"):
        scheduler.names("dev-")


def test_one_that_is_gone_is_removed(scheduler: Scheduler, service: Stubber) -> None:
    service.add_response("delete_schedule", {}, {"GroupName": "stepbase-dev", "Name": NAME})
    service.add_client_error("delete_schedule", "ResourceNotFoundException")
    scheduler.remove(NAME)
    scheduler.remove(NAME)


def test_a_service_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SCHEDULER", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(ScheduleRefused, match="no answer") as caught:
        Scheduler("eu-west-1", HERE).remove(NAME)
    assert caught.value.code == "NO_ANSWER"


@mock_aws
def test_moto_keeps_finds_and_forgets_schedules() -> None:
    scheduler = Scheduler("eu-west-1", Schedules("default", ROLE, TARGET, QUEUE))
    for number in range(120):
        scheduler.put(f"dev-{number}", Timing("rate(5 minutes)", starts_ms=START), PAYLOAD)
    scheduler.put("prod-1", DAILY, PAYLOAD)
    scheduler.put("prod-1", DAILY, PAYLOAD)
    assert len(scheduler.names("dev-")) == 120
    assert all(made_ms > 1_700_000_000_000 for made_ms in scheduler.names("prod-").values())
    found = scheduler._client.get_schedule(GroupName="default", Name="prod-1")
    assert json.loads(found["Target"]["Input"]) == PAYLOAD | {"time": "<aws.scheduler.scheduled-time>"}
    scheduler.remove("prod-1")
    scheduler.remove("prod-1")
    assert scheduler.names("prod-") == {}


@pytest.mark.parametrize(
    "timing",
    [
        Timing("cron(0 9 * * * *)"),
        Timing("cron(0 9 ? * ? *)"),
        Timing("cron(0 24 * * ? *)"),
        Timing("cron(0 9 ? * 0 *)"),
        Timing("cron(0 9 * * ?)"),
        Timing("rate(1 minutes)"),
        Timing("rate(0 minutes)"),
        Timing("at(2026-11-21)"),
        Timing("every day"),
        Timing("rate(5 minutes)", "Europe/Berln"),
        Timing("rate(5 minutes)", starts_ms=START - 300_001),
        Timing("rate(5 minutes)", ends_ms=START),
        Timing("rate(5 minutes)", starts_ms=START + 1_000, ends_ms=START + 1_000),
    ],
)
def test_our_own_validator_refuses_what_the_scheduler_would(timing: Timing) -> None:
    assert problems_of_timing(timing, START) != []
    with pytest.raises(AssertionError):
        FakeSchedules(FixedClock(START)).put(NAME, timing, PAYLOAD)


def test_the_library_is_loaded_with_the_first_call() -> None:
    code = "import sys, chalicelib.adapters.scheduler; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


NEEDED = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET": "x" * 32}
SET = {"SCHEDULE_GROUP": "stepbase-dev", "SCHEDULE_ROLE_ARN": ROLE, "SCHEDULE_TARGET_ARN": TARGET, "SCHEDULE_DLQ_ARN": QUEUE}


def test_the_settings_name_group_role_function_and_queue() -> None:
    assert read_settings(NEEDED | SET).schedules == HERE
    assert read_settings(NEEDED | SET | {"SCHEDULE_DLQ_ARN": ""}).schedules == Schedules("stepbase-dev", ROLE, TARGET, None)
    assert read_settings(NEEDED).schedules is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCHEDULE_GROUP", "a/b"),
        ("SCHEDULE_ROLE_ARN", ""),
        ("SCHEDULE_ROLE_ARN", "schedules"),
        ("SCHEDULE_TARGET_ARN", "fire"),
        ("SCHEDULE_TARGET_ARN", ROLE),
        ("SCHEDULE_DLQ_ARN", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_settings(NEEDED | SET | {name: value})
