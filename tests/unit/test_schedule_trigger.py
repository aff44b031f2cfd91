"""The schedule trigger's config: what may be saved, what may be enabled now, and when a record's own schedule runs."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.instants import iso_text
from chalicelib.domain.recurrence import instant_of, zone_named
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.engine.validation import problems_of_workflow
from chalicelib.errors import Problem
from chalicelib.triggers.schedule import TRIGGER, problem_at, recurrence_of_row, static_recurrence
from tests.unit.nodes.fakes import COLLECTIONS

Json = Any
FIELD = {"field": "createdAt"}
DATES = {"mode": 1, "collection": "samples", "startsOn": FIELD}


def problems(config: Json) -> list[Problem]:
    return problems_of_schema(config, TRIGGER.schema, "config") + TRIGGER.check(config, "config", COLLECTIONS.get)


def at(text: str) -> int:
    return instant_of(text, zone_named(None))


@pytest.mark.parametrize(
    "config",
    [
        {"mode": 0, "startsOn": "2026-11-21T09:00:00Z"},
        {"mode": 0, "startsOn": "2026-11-21T09:00", "timezone": "Europe/Berlin", "repeat": None, "endsOn": None, "limit": None},
        {"mode": 0, "startsOn": "2026-11-21", "repeat": 60_000, "endsOn": "2026-11-22"},
        {"mode": 0, "startsOn": None, "repeat": "0 9 * * MON-FRI"},
        {"mode": 0, "repeat": "0 0 9 * * ?", "limit": 5, "appends": [], "collection": None},
        {"mode": 0, "startsOn": "2026-11-21T09:00:00Z", "endsOn": "2026-11-21T09:00:00Z"},
        DATES,
        DATES | {"startsOn": {"field": "createdAt", "offset": -3, "unit": 86_400_000}, "endsOn": "2030-01-01"},
        DATES | {"endsOn": {"field": "createdAt", "offset": 1}, "repeat": 86_400_000, "limit": 1, "appends": ["category"]},
    ],
)
def test_what_may_be_saved(config: Json) -> None:
    assert problems(config) == []


@pytest.mark.parametrize(
    ("config", "path", "says"),
    [
        ({}, "config.mode", "required"),
        ({"mode": 2}, "config.mode", "one of 0, 1"),
        ({"mode": 0, "repeat": "0 9 * * *", "endOn": "2030-01-01"}, "config.endOn", 'did you mean "endsOn"'),
        ({"mode": 0, "repeat": "0 9 * * *", "timeZone": "Europe/Berlin"}, "config.timeZone", 'did you mean "timezone"?'),
        ({"mode": 0, "repeat": "0 9 * * *", "limits": 3}, "config.limits", 'did you mean "limit"?'),
        ({"mode": 0, "repeat": "0 9 * * *", "zzz": 3}, "config.zzz", "known are mode, collection, startsOn"),
        (DATES | {"startsOn": FIELD | {"ofset": 1}}, "config.startsOn.ofset", 'did you mean "offset"?'),
        (DATES | {"endsOn": FIELD | {"units": 1_000}}, "config.endsOn.units", 'did you mean "unit"?'),
        ({"mode": 0}, "config.startsOn", "is required"),
        ({"mode": 0, "repeat": 60_000}, "config.startsOn", "is required"),
        ({"mode": 0, "startsOn": "soon"}, "config.startsOn", "was expected"),
        ({"mode": 0, "startsOn": 5}, "config.startsOn", "must be text or an object"),
        ({"mode": 0, "startsOn": "2026-11-21T09:00:30Z"}, "config.startsOn", "without seconds"),
        ({"mode": 0, "startsOn": FIELD}, "config.startsOn", "not at a field"),
        ({"mode": 0, "startsOn": {}}, "config.startsOn.field", "required"),
        ({"mode": 0, "startsOn": "2026-11-21", "endsOn": FIELD}, "config.endsOn", "not at a field"),
        ({"mode": 0, "startsOn": "2026-11-21", "endsOn": "2026-11-20"}, "config.endsOn", "before the start"),
        (
            {"mode": 0, "startsOn": "2026-11-21", "repeat": "0 9 * * *", "endsOn": "2026-11-21T08:00Z"},
            "config.endsOn",
            "before its first time",
        ),
        ({"mode": 0, "startsOn": "2026-11-21", "endsOn": "later"}, "config.endsOn", "was expected"),
        ({"mode": 0, "repeat": "0 0 30 2 *"}, "config.repeat", "never fires"),
        ({"mode": 0, "repeat": "30 0 9 * * *"}, "config.repeat", "seconds"),
        ({"mode": 0, "repeat": "daily"}, "config.repeat", "five"),
        ({"mode": 0, "startsOn": "2026-11-21", "repeat": 1_000}, "config.repeat", "whole minutes"),
        ({"mode": 0, "startsOn": "2026-11-21", "repeat": 90_000}, "config.repeat", "whole minutes"),
        ({"mode": 0, "startsOn": "2026-11-21", "repeat": True}, "config.repeat", "must be text or a number"),
        ({"mode": 0, "startsOn": "2026-11-21", "timezone": "Europe/Berln"}, "config.timezone", '"Europe/Berlin"'),
        ({"mode": 0, "startsOn": "2026-11-21", "timezone": "+02:00"}, "config.timezone", "Europe/Berlin"),
        ({"mode": 0, "startsOn": "2026-11-21", "timezone": 2}, "config.timezone", "must be text"),
        ({"mode": 0, "startsOn": "2026-11-21", "limit": 0}, "config.limit", "at least 1"),
        ({"mode": 0, "startsOn": "2026-11-21", "limit": 1.5}, "config.limit", "whole number"),
        ({"mode": 0, "startsOn": "2026-11-21", "collection": "samples"}, "config.collection", "mode 1"),
        ({"mode": 0, "startsOn": "2026-11-21", "appends": ["category"]}, "config.appends", "mode 1"),
        ({"mode": 1, "startsOn": FIELD}, "config.collection", "needs the collection"),
        (DATES | {"collection": "nosuch"}, "config.collection", "does not exist"),
        (DATES | {"startsOn": None}, "config.startsOn", "date of the record"),
        (DATES | {"startsOn": "2026-11-21"}, "config.startsOn", "date of the record"),
        (DATES | {"startsOn": {"field": "nosuch"}}, "config.startsOn.field", "does not exist"),
        (DATES | {"startsOn": {"field": "status"}}, "config.startsOn.field", "a date field is needed"),
        (DATES | {"startsOn": {"field": "createdAt", "unit": 5}}, "config.startsOn.unit", "one of 1000"),
        (DATES | {"startsOn": {"field": "createdAt", "offset": "3"}}, "config.startsOn.offset", "whole number"),
        (DATES | {"startsOn": {"field": "createdAt", "offset": 10**9}}, "config.startsOn", "at most 3650 days"),
        (DATES | {"endsOn": {"field": "nosuch"}}, "config.endsOn.field", "does not exist"),
        (DATES | {"endsOn": "later"}, "config.endsOn", "was expected"),
        (DATES | {"appends": ["status"]}, "config.appends.0", "is not an association"),
    ],
)
def test_what_may_not_be_saved_is_told_with_its_place(config: Json, path: str, says: str) -> None:
    [problem] = problems(config)
    assert (problem.path, says in problem.message) == (path, True), problem


def test_everything_that_is_wrong_is_told_at_once() -> None:
    config = {"mode": 0, "startsOn": "soon", "endsOn": "late", "repeat": "x", "timezone": "Nowhere/At_All", "limit": -1}
    assert {problem.path.removeprefix("config.") for problem in problems(config)} == {"startsOn", "endsOn", "repeat", "timezone", "limit"}


def test_a_schedule_is_asynchronous() -> None:
    workflow = {"title": "t", "type": "schedule", "config": {"mode": 0, "repeat": "0 9 * * *"}, "nodes": []}
    assert problems_of_workflow(workflow | {"sync": False}, COLLECTIONS.get) == []
    [problem] = problems_of_workflow(workflow | {"sync": True}, COLLECTIONS.get)
    assert (problem.path, "asynchronous" in problem.message) == ("sync", True)


@pytest.mark.parametrize(
    ("config", "now", "path"),
    [
        ({"mode": 0, "startsOn": "2026-11-21T09:00Z"}, "2026-11-21T09:00:00Z", None),
        ({"mode": 0, "startsOn": "2026-11-21T09:00Z"}, "2026-11-21T09:00:01Z", "config.startsOn"),
        ({"mode": 0, "startsOn": "2026-11-21T09:00Z", "repeat": 60_000}, "2027-01-01T00:00Z", None),
        ({"mode": 0, "startsOn": "2026-11-21T09:00Z", "repeat": 60_000, "endsOn": "2026-12-31"}, "2027-01-01T00:00Z", "config.endsOn"),
        ({"mode": 0, "repeat": "0 9 * * *", "endsOn": "2027-01-01T08:00Z"}, "2026-12-31T10:00Z", "config.endsOn"),
        (DATES, "2030-01-01", None),
        (DATES | {"endsOn": {"field": "createdAt"}}, "2030-01-01", None),
        (DATES | {"endsOn": "2029-12-31"}, "2030-01-01", "config.endsOn"),
    ],
)
def test_what_would_never_start_any_more_is_not_enabled(config: Json, now: str, path: str | None) -> None:
    problem = problem_at(config, "config", at(now))
    assert (problem.path if problem else None) == path


def test_times_without_an_offset_are_those_of_the_zone() -> None:
    recurrence = static_recurrence({"mode": 0, "startsOn": "2026-07-01T09:00", "timezone": "Europe/Berlin"})
    assert iso_text(recurrence.first() or 0) == "2026-07-01T07:00:00.000Z"


@pytest.mark.parametrize(
    ("config", "row", "first"),
    [
        ({"startsOn": {"field": "d"}}, {"d": "2026-11-21T09:00:00.000Z"}, "2026-11-21T09:00:00.000Z"),
        ({"startsOn": {"field": "d"}}, {"d": "2026-11-21T09:00:00.001Z"}, "2026-11-21T09:01:00.000Z"),
        ({"startsOn": {"field": "d", "offset": -3}}, {"d": "2026-11-21T09:00:00.000Z"}, "2026-11-18T09:00:00.000Z"),
        ({"startsOn": {"field": "d", "offset": 2, "unit": 3_600_000}}, {"d": "2026-11-21T09:00:00.000Z"}, "2026-11-21T11:00:00.000Z"),
        ({"startsOn": {"field": "d"}, "timezone": "Europe/Berlin"}, {"d": "2026-11-21"}, "2026-11-20T23:00:00.000Z"),
        ({"startsOn": {"field": "d"}, "endsOn": {"field": "e"}}, {"d": "2026-11-21", "e": "2026-11-20"}, None),
        ({"startsOn": {"field": "d"}, "endsOn": {"field": "e"}}, {"d": "2026-11-21", "e": None}, "2026-11-21T00:00:00.000Z"),
        ({"startsOn": {"field": "d"}, "endsOn": "2026-11-20"}, {"d": "2026-11-21"}, None),
    ],
)
def test_a_records_own_schedule_starts_at_its_date_and_the_offset(config: Json, row: Json, first: str | None) -> None:
    recurrence = recurrence_of_row({"mode": 1} | config, row)
    assert recurrence is not None
    found = recurrence.first()
    assert (iso_text(found) if found is not None else None) == first


@pytest.mark.parametrize("row", [{}, {"d": None}, {"d": ""}, {"d": "9999-12-31"}])
def test_a_record_without_a_date_has_no_schedule(row: Json) -> None:
    assert recurrence_of_row({"mode": 1, "startsOn": {"field": "d"}}, row) is None


def test_a_date_long_past_may_still_repeat() -> None:
    born = recurrence_of_row({"mode": 1, "startsOn": {"field": "d"}, "repeat": "0 9 7 3 *"}, {"d": "1950-03-07"})
    assert born is not None
    assert iso_text(born.next_after(at("2026-11-21")) or 0) == "2027-03-07T09:00:00.000Z"
    daily = recurrence_of_row({"mode": 1, "startsOn": {"field": "d"}, "repeat": 86_400_000}, {"d": "1950-03-07T08:30:00.000Z"})
    assert daily is not None
    assert iso_text(daily.next_after(at("2026-11-21")) or 0) == "2026-11-21T08:30:00.000Z"
