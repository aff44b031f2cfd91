"""Settings come from the environment when asked for, and a missing one is named."""

from __future__ import annotations

import pytest

from chalicelib.config import ConfigurationError, read_settings, reset_settings, settings

SECRET = "s" * 32
COMPLETE = {"RECORDS_TABLE": "records", "EXECUTIONS_TABLE": "executions", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET": SECRET}


def test_defaults_fill_what_is_optional() -> None:
    found = read_settings(COMPLETE)
    assert (found.stage, found.log_level, found.token_hours, found.session_days, found.secret_arn) == ("dev", "INFO", 24, 7, None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"RECORDS_TABLE": ""}, "RECORDS_TABLE"),
        ({"EXECUTIONS_TABLE": ""}, "EXECUTIONS_TABLE"),
        ({"AWS_REGION": ""}, "AWS_REGION"),
        ({"STEPBASE_SECRET": ""}, "STEPBASE_SECRET_ARN"),
        ({"STEPBASE_SECRET": "s" * 31}, "STEPBASE_SECRET"),
        ({"TOKEN_HOURS": "0"}, "TOKEN_HOURS"),
        ({"SESSION_DAYS": "many"}, "SESSION_DAYS"),
    ],
)
def test_what_is_missing_or_wrong_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_settings({**COMPLETE, **change})


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(read_settings(COMPLETE))


def test_the_environment_is_read_once_until_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    reset_settings()
    first = settings()
    monkeypatch.setenv("RECORDS_TABLE", "other")
    assert settings() is first
    reset_settings()
    assert settings().records_table == "other"
    reset_settings()
