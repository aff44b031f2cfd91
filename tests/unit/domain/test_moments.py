from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.instants import iso_text
from chalicelib.domain.moment_format import TOKENS, formatted
from chalicelib.domain.moments import UNITS, added, difference, end_of, from_ms, moment_of, ms_of, start_of, zone_of

UTC = zone_of("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: Any, zone: str = "UTC") -> datetime:
    return moment_of(text, zone_of(zone))


def text_of(value: datetime) -> str:
    return iso_text(ms_of(value))


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026", "UTC", "2026-01-01T00:00:00.000Z"),
        ("2026-11", "+02:00", "2026-10-31T22:00:00.000Z"),
        ("2024-7-5 6:05", "UTC", "2024-07-05T06:05:00.000Z"),
        ("2024/07/15 23:59:59:999", "UTC", "2024-07-15T23:59:59.999Z"),
        ("2026-11-21T02:04:48.2199Z", "Asia/Tokyo", "2026-11-21T02:04:48.219Z"),
        ("2026-11-21T02:04+0530", "UTC", "2026-11-20T20:34:00.000Z"),
        (" 2026-11-21 ", "-08:00", "2026-11-21T08:00:00.000Z"),
        (-1, "UTC", "1969-12-31T23:59:59.999Z"),
        (1.9, "UTC", "1970-01-01T00:00:00.001Z"),
    ],
)
def test_a_text_is_read_in_its_own_time_zone_or_the_given_one(text: Any, zone: str, instant: str) -> None:
    assert text_of(moment(text, zone)) == instant


@pytest.mark.parametrize(
    "value",
    [
        *("", "wrong date", "2026-13-01", "2026-02-30", "2026-11-21T25:00", "0000-01-01", "20261121", "2026-11-21T00:00+15:00"),
        *(None, True, [], {}, 1e300, 10**400, float("inf"), float("nan"), "0001-01-01T00:00+05:00"),
    ],
)
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment(value)


@pytest.mark.parametrize(
    ("start", "number", "unit", "end"),
    [
        ("2024-01-31", 1, "month", "2024-02-29"),
        ("2024-03-31", -1, "month", "2024-02-29"),
        ("2024-12-31", 2, "month", "2025-02-28"),
        ("2024-01-15", -1, "month", "2023-12-15"),
        ("2024-11-30", 1, "quarter", "2025-02-28"),
        ("2024-02-29", 4, "year", "2028-02-29"),
        ("2024-02-29", -1, "year", "2023-02-28"),
        ("2024-02-28", 2, "day", "2024-03-01"),
        ("2024-01-01", -1, "week", "2023-12-25"),
        ("2024-01-01", 1.4, "day", "2024-01-02"),
        ("2024-01-01", 1.5, "day", "2024-01-03"),
        ("2024-01-15", 1.9, "month", "2024-02-15"),
        ("2024-01-01", 1.5, "hour", "2024-01-01T01:30:00"),
        ("2024-01-01", -90, "minute", "2023-12-31T22:30:00"),
        ("2024-01-01", 0.5, "second", "2024-01-01T00:00:00.500"),
        ("2024-01-01", 1, "millisecond", "2024-01-01T00:00:00.001"),
    ],
)
def test_units_are_added_by_the_calendar(start: str, number: float, unit: str, end: str) -> None:
    assert added(moment(start), Fraction(str(number)), unit) == moment(end)


@pytest.mark.parametrize(("number", "unit"), [(8000, "year"), (-3000, "year"), (10**9, "day"), (10**30, "millisecond"), (10**30, "month")])
def test_what_leaves_the_calendar_overflows(number: int, unit: str) -> None:
    with pytest.raises(OverflowError):
        added(moment("2024-01-01"), Fraction(number), unit)


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        ("2026-03-28T02:30", "day", "2026-03-29T01:30:00.000Z"),  # 02:30 is not there that night: 03:30 in summer time
        ("2026-03-28T12:00", "day", "2026-03-29T10:00:00.000Z"),
        ("2026-03-29T01:30", "hour", "2026-03-29T01:30:00.000Z"),
        ("2026-10-24T12:00", "day", "2026-10-25T11:00:00.000Z"),
        ("2026-02-28T12:00", "month", "2026-03-28T11:00:00.000Z"),
        ("2026-03-15T12:00", "month", "2026-04-15T10:00:00.000Z"),
    ],
)
def test_days_keep_the_clock_and_hours_the_time_that_passes(start: str, unit: str, end: str) -> None:
    assert text_of(added(moment(start, "Europe/Berlin"), Fraction(1), unit)) == end


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("year", "2024-01-01T00:00:00.000Z", "2024-12-31T23:59:59.999Z"),
        ("quarter", "2024-07-01T00:00:00.000Z", "2024-09-30T23:59:59.999Z"),
        ("month", "2024-08-01T00:00:00.000Z", "2024-08-31T23:59:59.999Z"),
        ("week", "2024-07-29T00:00:00.000Z", "2024-08-04T23:59:59.999Z"),
        ("day", "2024-08-04T00:00:00.000Z", "2024-08-04T23:59:59.999Z"),
        ("hour", "2024-08-04T14:00:00.000Z", "2024-08-04T14:59:59.999Z"),
        ("minute", "2024-08-04T14:32:00.000Z", "2024-08-04T14:32:59.999Z"),
        ("second", "2024-08-04T14:32:25.000Z", "2024-08-04T14:32:25.999Z"),
        ("millisecond", "2024-08-04T14:32:25.897Z", "2024-08-04T14:32:25.897Z"),
    ],
)
def test_a_unit_begins_and_ends(unit: str, start: str, end: str) -> None:
    sunday = moment("2024-08-04T14:32:25.897")
    assert (text_of(start_of(sunday, unit)), text_of(end_of(sunday, unit))) == (start, end)


def test_the_day_of_a_time_change_is_an_hour_shorter_or_longer() -> None:
    for day, hours in (("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-06-01T12:00", 24)):
        noon = moment(day, "Europe/Berlin")
        assert ms_of(end_of(noon, "day")) - ms_of(start_of(noon, "day")) == hours * 3_600_000 - 1


def test_each_of_two_hours_of_one_name_has_its_own_beginning() -> None:
    first = from_ms(Fraction(ms_of(moment("2026-10-25T00:10:00Z"))), BERLIN)
    second = added(first, Fraction(1), "hour")
    assert (first.hour, second.hour) == (2, 2)
    assert text_of(start_of(first, "hour")) == "2026-10-25T00:00:00.000Z"
    assert text_of(start_of(second, "hour")) == "2026-10-25T01:00:00.000Z"


@pytest.mark.parametrize(
    ("a", "b", "unit", "units"),
    [
        ("2024-07-16", "2024-07-14 23:59:59:999", "millisecond", 86_400_001),
        ("2024-07-16", "2024-07-14 23:59:15", "minute", 1440.75),
        ("2024-07-16", "2024-07-14 23:59:15", "hour", 24.0125),
        ("2024-07-16", "2024-07-14 6:00:00", "day", 1.75),
        ("2024-07-16", "2024-07-14 6:00:00", "week", 0.25),
        ("2024-07-16", "2024-07-14 6:00:00", "month", 0.058333333333333334),
        ("2024-07-16", "2024-08-16 6:00:00", "month", -1.0080645161290323),
        ("2024-07-16", "2024-07-14 6:00:00", "quarter", 0.019444444444444445),
        ("2024-07-16", "2024-10-15 12:00:00", "quarter", -0.9944444444444445),
        ("2024-07-16", "2024-07-14 6:00:00", "year", 0.004861111111111111),
        ("2024-02-29", "2023-02-28", "month", 12),
        ("2024-05-31", "2024-05-31", "year", 0),
    ],
)
def test_differences_are_day_js_ones(a: str, b: str, unit: str, units: float) -> None:
    assert float(difference(moment(a), moment(b), unit)) == pytest.approx(units, rel=1e-15)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "quarter"])
def test_a_difference_undoes_an_addition(unit: str) -> None:
    start = moment("2026-05-04T02:30", "Europe/Berlin")
    for number in (-7, -1, 0, 1, 24):
        assert difference(added(start, Fraction(number), unit), start, unit) == number


def test_a_day_is_a_day_over_a_change_of_time_and_in_the_first_ones_zone() -> None:
    assert difference(moment("2026-03-30", "Europe/Berlin"), moment("2026-03-28T23:00:00Z"), "day") == 1
    assert difference(moment("2026-03-30", "Europe/Berlin"), moment("2026-03-28T23:00:00Z"), "hour") == 23


@pytest.mark.parametrize("name", ["Moon/Base", "+15:00", "+02:60", "Europe", "../etc/passwd", "", None, 2, "+2", "/etc/localtime", "a\0b"])
def test_a_time_zone_that_is_none_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="Invalid time zone specified"):
        zone_of(name)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("YYYY YY Q M MM MMM MMMM D DD Do", "2026 26 1 2 02 Feb February 3 03 3rd"),
        ("d dd ddd dddd", "2 Tu Tue Tuesday"),
        ("H HH h hh k kk a A m mm s ss SSS", "0 00 12 12 24 24 am AM 5 05 9 09 007"),
        ("Z ZZ z", "+01:00 +0100 CET"),
        ("w ww wo W WW GGGG gggg", "6 06 6th 6 06 2026 2026"),
        ("X x", "1770073509 1770073509007"),
        ("[Q is] Q [at] HH[h]", "Q is 1 at 00h"),
        ("", "2026-02-03T00:05:09+01:00"),
        ("YYYY年", "2026年"),
        ("[", "["),
    ],
)
def test_tokens_are_day_js_ones(pattern: str, text: str) -> None:
    assert formatted(moment("2026-02-03T00:05:09.007", "Europe/Berlin"), pattern) == text


@pytest.mark.parametrize(("day", "text"), [(1, "1st"), (2, "2nd"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (30, "30th")])
def test_ordinals(day: int, text: str) -> None:
    assert formatted(moment(f"2026-01-{day}"), "Do") == text


def test_every_token_is_found_whole() -> None:
    when = moment("2026-11-21T14:04:48.219", "-03:30")
    assert [formatted(when, token) for token in TOKENS] == [make(when) for make in TOKENS.values()]
    assert formatted(when, "Z") == "-03:30"
