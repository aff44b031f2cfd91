"""Date operands as spans of time, in the caller's time zone."""

from __future__ import annotations

from datetime import datetime

import pytest

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import parse_filter
from chalicelib.domain.filter_dates import Clock, days, instants, parse_span
from chalicelib.errors import Invalid, Json

# A Thursday afternoon in Shanghai.
NOW_MS = int(datetime.fromisoformat("2025-05-22T15:00:00+08:00").timestamp() * 1000)
SHANGHAI = Clock(NOW_MS, "+08:00")


@pytest.mark.parametrize(
    ("operand", "start", "end"),
    [
        ("2023", "2023-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"),
        ("2023Q2", "2023-04-01T00:00:00.000Z", "2023-07-01T00:00:00.000Z"),
        ("2024W16", "2024-04-15T00:00:00.000Z", "2024-04-22T00:00:00.000Z"),
        ("2023-12", "2023-12-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z", "2024-03-01T00:00:00.000Z"),
        ("2023-01-12T12", "2023-01-12T12:00:00.000Z", "2023-01-12T13:00:00.000Z"),
        ("2023-01-12 12:23", "2023-01-12T12:23:00.000Z", "2023-01-12T12:24:00.000Z"),
        ("2023-01-12T12:23:59", "2023-01-12T12:23:59.000Z", "2023-01-12T12:24:00.000Z"),
        ("2023-01-12T12:23:59.3", "2023-01-12T12:23:59.300Z", "2023-01-12T12:23:59.301Z"),
        ("2023-01-12T12:23:59.326Z", "2023-01-12T12:23:59.326Z", "2023-01-12T12:23:59.327Z"),
        ("2023-01-12T12:23:59Z", "2023-01-12T12:23:59.000Z", "2023-01-12T12:23:59.001Z"),
        ("2023-01-12+08:00", "2023-01-11T16:00:00.000Z", "2023-01-12T16:00:00.000Z"),
        (["2023", "2024"], "2023-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z"),
        (["2023", "2024", "[)"], "2023-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"),
        (["2023", "2026", "()"], "2024-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        (["2023", "2024", "[]", "+08:00"], "2022-12-31T16:00:00.000Z", "2024-12-31T16:00:00.000Z"),
        ("[2023-01-12,2023-09-12)", "2023-01-12T00:00:00.000Z", "2023-09-12T00:00:00.000Z"),
        ("(2023-01-12,2023-09-12]+08:00", "2023-01-12T16:00:00.000Z", "2023-09-12T16:00:00.000Z"),
    ],
)
def test_a_date_is_the_span_of_its_precision(operand: Json, start: str, end: str) -> None:
    assert instants(parse_span(operand, Clock())) == (start, end)


@pytest.mark.parametrize(
    ("operand", "start", "end"),
    [
        ({"type": "today"}, "2025-05-22", "2025-05-23"),
        ({"type": "yesterday"}, "2025-05-21", "2025-05-22"),
        ({"type": "tomorrow"}, "2025-05-23", "2025-05-24"),
        ({"type": "thisWeek"}, "2025-05-19", "2025-05-26"),
        ({"type": "lastWeek"}, "2025-05-12", "2025-05-19"),
        ({"type": "nextWeek"}, "2025-05-26", "2025-06-02"),
        ({"type": "thisMonth"}, "2025-05-01", "2025-06-01"),
        ({"type": "lastMonth"}, "2025-04-01", "2025-05-01"),
        ({"type": "nextMonth"}, "2025-06-01", "2025-07-01"),
        ({"type": "thisQuarter"}, "2025-04-01", "2025-07-01"),
        ({"type": "lastQuarter"}, "2025-01-01", "2025-04-01"),
        ({"type": "nextQuarter"}, "2025-07-01", "2025-10-01"),
        ({"type": "thisYear"}, "2025-01-01", "2026-01-01"),
        ({"type": "lastYear"}, "2024-01-01", "2025-01-01"),
        ({"type": "nextYear"}, "2026-01-01", "2027-01-01"),
        ({"type": "past", "number": 7, "unit": "day"}, "2025-05-15", "2025-05-22"),
        ({"type": "past", "number": 1, "unit": "week"}, "2025-05-12", "2025-05-19"),
        ({"type": "past", "number": 2, "unit": "isoWeek", "includeCurrent": True}, "2025-05-12", "2025-05-26"),
        ({"type": "past", "number": 1, "unit": "month"}, "2025-04-01", "2025-05-01"),
        ({"type": "past", "number": 6, "unit": "month"}, "2024-11-01", "2025-05-01"),
        ({"type": "next", "number": 2, "unit": "month"}, "2025-06-01", "2025-08-01"),
        ({"type": "next", "number": 1, "unit": "quarter"}, "2025-07-01", "2025-10-01"),
        ({"type": "next", "number": 2, "unit": "year", "includeCurrent": True}, "2025-01-01", "2027-01-01"),
    ],
)
def test_a_relative_date_is_made_of_whole_units_of_the_time_zone(operand: Json, start: str, end: str) -> None:
    span = parse_span(operand, SHANGHAI)
    assert days(span) == (start, end)
    assert span.start == datetime.fromisoformat(f"{start}T00:00:00+08:00")


def test_part_of_a_day_counts_as_that_day_for_a_field_of_days() -> None:
    assert days(parse_span("2026-11-21T02:04:48.219Z", Clock())) == ("2026-11-21", "2026-11-22")
    assert days(parse_span("2026-11-21", Clock())) == ("2026-11-21", "2026-11-22")


@pytest.mark.parametrize(
    "operand",
    [
        None,
        "",
        "x",
        5,
        True,
        "2023-13",
        "2023-02-30",
        "2023-01-12T25",
        "2023W54",
        "0000",
        "9999",
        "0001-01-01+08:00",
        "2023-01-12+99:00",
        "２０２３",
        [],
        ["2023"],
        ["2023", 5],
        ["2023", "2024", "{}"],
        ["2023", "2024", "[]", "x"],
        ["2023", "2024", "[]", "+08:00", 1],
        "[2023,x]",
        {},
        {"type": []},
        {"type": "someday"},
        {"type": "past"},
        {"type": "past", "number": 0, "unit": "day"},
        {"type": "past", "number": True, "unit": "day"},
        {"type": "past", "number": 1, "unit": "fortnight"},
        {"type": "past", "number": 1, "unit": []},
        {"type": "past", "number": 100_000, "unit": "year"},
        {"type": "next", "number": 100_000, "unit": "year"},
    ],
)
def test_what_is_no_date_is_a_value_error(operand: Json) -> None:
    with pytest.raises(ValueError, match=r"must|lies|needs|no date|one of"):
        parse_span(operand, SHANGHAI)


def test_a_filter_reads_dates_with_the_time_and_zone_it_is_given() -> None:
    samples = Collection("samples", "c", fields={"at": Field("at", "datetime")})

    def parse(zone: str) -> bool:
        filter = parse_filter({"at": {"$dateOn": {"type": "today"}}}, samples, lambda name: samples, now_ms=NOW_MS, timezone=zone)
        return filter.matches({"at": "2025-05-21T17:00:00.000Z"})

    assert parse("+08:00")
    assert not parse("+00:00")
    with pytest.raises(Invalid, match="offset"):
        parse("Mars/Olympus")


@pytest.mark.parametrize("zone", ["+08:00", "+00:00", "-05:00"])
@pytest.mark.parametrize(
    ("operator", "operand"),
    [
        ("$dateOn", "2025-05-22"),
        ("$dateBetween", ["2025-05-22", "2025-05-22"]),
        ("$dateOn", "2025-05-22T02"),
        ("$eq", "2025-05-22T02:30:00.000"),
    ],
)
def test_a_time_without_a_zone_is_compared_as_it_stands_whatever_the_caller_s_zone(zone: str, operator: str, operand: Json) -> None:
    samples = Collection("samples", "c", fields={"at": Field("at", "datetimeNoTz")})
    filter = parse_filter({"at": {operator: operand}}, samples, lambda name: samples, now_ms=NOW_MS, timezone=zone)
    matched = [filter.matches({"at": f"2025-05-{at}:30:00.000Z"}) for at in ("21T23", "22T02", "23T01")]
    assert matched == [False, True, False]


@pytest.mark.parametrize(("zone", "expected"), [("+08:00", [False, True]), ("-12:00", [True, False])])
def test_today_of_a_time_without_a_zone_is_the_caller_s_day(zone: str, expected: list[bool]) -> None:
    samples = Collection("samples", "c", fields={"at": Field("at", "datetimeNoTz")})
    filter = parse_filter({"at": {"$dateOn": {"type": "today"}}}, samples, lambda name: samples, now_ms=NOW_MS, timezone=zone)
    assert [filter.matches({"at": f"2025-05-{day}T23:30:00.000Z"}) for day in (21, 22)] == expected


DATED = Collection("dated", "c_d", fields={"at": Field("at", "datetime"), "day": Field("day", "dateOnly"), "n": Field("n", "integer")})
TODAY = {"type": "today"}
SPAN = ["2025-05-21T16:00:00.000Z", "2025-05-22T16:00:00.000Z", "[)", "+08:00"]
INSIDE = {"at": "2025-05-21T16:00:00.000Z", "day": "2025-05-22"}
BEFORE = {"at": "2025-05-21T15:59:59.999Z", "day": "2025-05-21"}
AFTER = {"at": "2025-05-22T16:00:00.000Z", "day": "2025-05-23"}
EMPTY = {"at": None, "day": None}


def held(raw: Json) -> list[bool]:
    found = parse_filter(raw, DATED, lambda name: DATED, now_ms=NOW_MS, timezone="+08:00")
    return [found.matches(row) for row in (BEFORE, INSIDE, AFTER, EMPTY)]


# Instants without an offset are days of UTC, so the short form is for instants only.
@pytest.mark.parametrize(("field", "span"), [("at", TODAY), ("at", SPAN), ("at", SPAN[:3]), ("day", TODAY), ("day", SPAN)])
@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (None, [False, True, False, False]),
        ("$eq", [False, True, False, False]),
        ("$is", [False, True, False, False]),
        ("$dateOn", [False, True, False, False]),
        ("$dateBetween", [False, True, False, False]),
        ("$between", [False, True, False, False]),
        ("$notBetween", [True, False, True, False]),
        ("$ne", [True, False, True, True]),
        ("$not", [True, False, True, True]),
        ("$dateBefore", [True, False, False, False]),
        ("$dateAfter", [False, False, True, False]),
    ],
)
def test_a_span_is_a_span_under_every_operator(field: str, span: Json, operator: str | None, expected: list[bool]) -> None:
    assert held({field: span if operator is None else {operator: span}}) == expected


def test_a_list_without_brackets_is_any_of_its_members() -> None:
    assert held({"at": [INSIDE["at"], AFTER["at"]]}) == [False, True, True, False]


def test_a_span_means_nothing_to_other_types() -> None:
    with pytest.raises(Invalid) as refused:
        held({"n": TODAY})
    assert [problem.path for problem in refused.value.problems()] == ["filter.n.type"]


def test_a_span_serves_an_index() -> None:
    (bound,) = parse_filter({"at": TODAY}, DATED, lambda name: DATED, now_ms=NOW_MS, timezone="+08:00").bounds()
    assert (bound.field, bound.low, bound.high) == ("at", SPAN[0], SPAN[1])
