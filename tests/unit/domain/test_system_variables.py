"""``$system``: what it holds, and that it computes only what is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from chalicelib.domain.system_variables import SYSTEM_NAMES, LazyMapping, system_variables
from chalicelib.errors import Json

# A Saturday: 2026-11-21T02:04:48.219Z
NOW_MS = int(datetime(2026, 11, 21, 2, 4, 48, tzinfo=UTC).timestamp()) * 1000 + 219

RANGES = {
    "yesterday": ("2026-11-20", "2026-11-21"),
    "today": ("2026-11-21", "2026-11-22"),
    "tomorrow": ("2026-11-22", "2026-11-23"),
    "lastWeek": ("2026-11-09", "2026-11-16"),
    "thisWeek": ("2026-11-16", "2026-11-23"),
    "nextWeek": ("2026-11-23", "2026-11-30"),
    "lastMonth": ("2026-10-01", "2026-11-01"),
    "thisMonth": ("2026-11-01", "2026-12-01"),
    "nextMonth": ("2026-12-01", "2027-01-01"),
    "lastQuarter": ("2026-07-01", "2026-10-01"),
    "thisQuarter": ("2026-10-01", "2027-01-01"),
    "nextQuarter": ("2027-01-01", "2027-04-01"),
    "lastYear": ("2025-01-01", "2026-01-01"),
    "thisYear": ("2026-01-01", "2027-01-01"),
    "nextYear": ("2027-01-01", "2028-01-01"),
    "last7Days": ("2026-11-14", "2026-11-21"),
    "next7Days": ("2026-11-22", "2026-11-29"),
    "last30Days": ("2026-10-22", "2026-11-21"),
    "next30Days": ("2026-11-22", "2026-12-22"),
    "last90Days": ("2026-08-23", "2026-11-21"),
    "next90Days": ("2026-11-22", "2027-02-20"),
}


def variables(timezone: str = "+00:00") -> Json:
    return system_variables(NOW_MS, count(1).__next__, timezone)


@pytest.mark.parametrize(("name", "days"), RANGES.items())
def test_a_date_range_begins_inclusive_and_ends_exclusive(name: str, days: tuple[str, str]) -> None:
    assert variables()["dateRange"][name] == [*(f"{day}T00:00:00.000Z" for day in days), "[)", "+00:00"]


def test_the_ranges_are_those_of_the_model() -> None:
    assert set(variables()["dateRange"]) == set(RANGES)


@pytest.mark.parametrize(
    ("timezone", "today"),
    [
        ("+08:00", ["2026-11-20T16:00:00.000Z", "2026-11-21T16:00:00.000Z"]),
        ("-05:30", ["2026-11-20T05:30:00.000Z", "2026-11-21T05:30:00.000Z"]),
    ],
)
def test_days_begin_at_midnight_of_the_time_zone(timezone: str, today: list[str]) -> None:
    assert variables(timezone)["dateRange"]["today"] == [*today, "[)", timezone]


def test_what_is_no_offset_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="time zone"):
        variables("Mars/Olympus")


def test_now_has_milliseconds_and_is_in_utc() -> None:
    assert variables("+08:00")["now"] == "2026-11-21T02:04:48.219Z"


def test_epoch_and_instance_are_numbers() -> None:
    assert (variables()["epoch"], variables()["instanceId"]) == (1_605_024_000, 0)


def test_each_call_for_a_snowflake_id_makes_another_one() -> None:
    make = variables()["genSnowflakeId"]
    assert [make(), make()] == [1, 2]


def test_the_exported_names_are_those_that_can_be_looked_up() -> None:
    found = variables()
    assert set(found) | {f"dateRange.{name}" for name in found["dateRange"]} == SYSTEM_NAMES
    assert len(found) == 5


def test_nothing_is_computed_before_it_is_looked_up() -> None:
    calls: list[str] = []
    lazy = LazyMapping({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")})
    assert (list(lazy), "a" in dict.fromkeys(lazy), calls) == (["a", "b"], True, [])
    assert lazy["b"] is None
    assert calls == ["b"]


def test_an_unknown_variable_is_a_missing_key() -> None:
    assert variables().get("__class__") is None
