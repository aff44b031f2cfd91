from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.cron import Cron, parse_cron
from chalicelib.domain.instants import iso_text
from chalicelib.domain.recurrence import MINUTE_MS, Recurrence, instant_of, repeat_of, zone_named

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


def at(text: str) -> int:
    return instant_of(text, UTC)


def times(recurrence: Recurrence, after: str, count: int) -> list[str]:
    found, ms = [], at(after)
    for _ in range(count):
        following = recurrence.next_after(ms)
        if following is None:
            break
        found.append(iso_text(following)[:16])
        ms = following
    return found


def cron(text: str, zone: str = "UTC", start: str | None = None, end: str | None = None) -> Recurrence:
    return Recurrence(at(start) if start else None, parse_cron(text), at(end) if end else None, zone_named(zone))


def test_without_repeat_it_fires_once_at_its_start() -> None:
    once = Recurrence(at("2026-11-21T09:00Z"))
    assert once.first() == at("2026-11-21T09:00Z")
    assert times(once, "2026-01-01T00:00Z", 3) == ["2026-11-21T09:00"]
    assert once.next_after(at("2026-11-21T09:00Z")) is None


def test_an_interval_runs_from_its_start_to_its_end_both_included() -> None:
    every = Recurrence(at("2026-11-21T09:00Z"), 90 * MINUTE_MS, at("2026-11-21T12:00Z"))
    assert times(every, "2026-01-01T00:00Z", 9) == ["2026-11-21T09:00", "2026-11-21T10:30", "2026-11-21T12:00"]
    assert times(every, "2026-11-21T10:29Z", 9) == ["2026-11-21T10:30", "2026-11-21T12:00"]


def test_a_start_between_two_minutes_counts_as_the_later_one() -> None:
    assert iso_text(Recurrence(at("2026-11-21T09:00:00.001Z"), MINUTE_MS).first() or 0) == "2026-11-21T09:01:00.000Z"
    assert Recurrence(at("2026-11-21T09:00:30Z"), None, at("2026-11-21T09:00:59Z")).first() is None


@pytest.mark.parametrize(
    ("recurrence", "after", "expected"),
    [
        (cron("0 9 * * *"), "2026-11-21T08:59Z", ["2026-11-21T09:00", "2026-11-22T09:00"]),
        (cron("0 9 * * *"), "2026-11-21T09:00Z", ["2026-11-22T09:00", "2026-11-23T09:00"]),
        (cron("*/20 * * * *"), "2026-12-31T23:30Z", ["2026-12-31T23:40", "2027-01-01T00:00"]),
        (cron("0 9 * * *", start="2026-12-24T09:00Z"), "2026-11-21T08:59Z", ["2026-12-24T09:00", "2026-12-25T09:00"]),
        (cron("0 9 * * *", start="2026-12-24T09:01Z"), "2026-11-21T08:59Z", ["2026-12-25T09:00", "2026-12-26T09:00"]),
        (cron("0 9 * * *", end="2026-11-21T09:00Z"), "2026-11-20T09:00Z", ["2026-11-21T09:00"]),
        (cron("0 9 * * *", end="2026-11-21T08:59Z"), "2026-11-20T09:00Z", []),
        (cron("0 0 29 2 *"), "2026-11-21T00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        (cron("0 0 29 2 *"), "2096-03-01T00:00Z", ["2104-02-29T00:00"]),
        (cron("0 0 * 2 MON#5"), "2026-11-21T00:00Z", ["2044-02-29T00:00", "2072-02-29T00:00"]),
        (cron("0 9 * * MON-FRI", "Europe/Berlin"), "2026-11-20T09:00Z", ["2026-11-23T08:00", "2026-11-24T08:00"]),
        (cron("30 0 1 * *", "Asia/Kolkata"), "2026-11-21T00:00Z", ["2026-11-30T19:00", "2026-12-31T19:00"]),
        (cron("0 0 L * *", "Pacific/Auckland"), "2026-11-21T00:00Z", ["2026-11-29T11:00", "2026-12-30T11:00"]),
    ],
)
def test_times_of_a_cron_expression(recurrence: Recurrence, after: str, expected: list[str]) -> None:
    assert times(recurrence, after, 2)[: len(expected) or 1] == expected


@pytest.mark.parametrize(
    ("recurrence", "after", "expected"),
    [
        # Berlin, 29 March 2026: from 2 to 3 at 01:00 UTC.
        (cron("30 2 * * *", "Europe/Berlin"), "2026-03-27T12:00Z", ["2026-03-28T01:30", "2026-03-30T00:30"]),
        (cron("0 3 * * *", "Europe/Berlin"), "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T01:00"]),
        (cron("*/30 1-3 * * *", "Europe/Berlin"), "2026-03-29T00:00Z", ["2026-03-29T00:30", "2026-03-29T01:00"]),
        # Berlin, 25 October 2026: from 3 to 2 at 01:00 UTC.
        (cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        (cron("0 3 * * *", "Europe/Berlin"), "2026-10-24T12:00Z", ["2026-10-25T02:00", "2026-10-26T02:00"]),
        (cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25T00:15Z", ["2026-10-25T00:30", "2026-10-25T02:00"]),
        (cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25T01:15Z", ["2026-10-25T02:00", "2026-10-25T02:30"]),
        # New York, 8 March 2026: from 2 to 3 at 07:00 UTC; 1 November 2026: from 2 to 1 at 06:00 UTC.
        (cron("15 2 * * *", "America/New_York"), "2026-03-07T12:00Z", ["2026-03-09T06:15", "2026-03-10T06:15"]),
        (cron("15 1 * * *", "America/New_York"), "2026-10-31T12:00Z", ["2026-11-01T05:15", "2026-11-02T06:15"]),
        (cron("0 12 * * *", "America/New_York"), "2026-03-07T00:00Z", ["2026-03-07T17:00", "2026-03-08T16:00"]),
        # Lord Howe moves by half an hour: 4 October 2026 from 2:00 to 2:30 at 15:30 UTC the day before.
        (cron("15 2 * * *", "Australia/Lord_Howe"), "2026-10-02T20:00Z", ["2026-10-04T15:15", "2026-10-05T15:15"]),
        (cron("45 2 * * *", "Australia/Lord_Howe"), "2026-10-02T20:00Z", ["2026-10-03T15:45", "2026-10-04T15:45"]),
        # Samoa had no 30 December 2011.
        (cron("0 12 30 * *", "Pacific/Apia"), "2011-12-01T00:00Z", ["2012-01-29T22:00", "2012-03-29T22:00"]),
    ],
)
def test_a_time_that_the_clock_skips_is_skipped_and_one_that_comes_twice_is_taken_once(
    recurrence: Recurrence, after: str, expected: list[str]
) -> None:
    assert times(recurrence, after, 2) == expected


def test_an_interval_does_not_care_for_summer_time() -> None:
    day = Recurrence(at("2026-03-28T09:00Z"), 24 * 60 * MINUTE_MS, zone=BERLIN)
    assert times(day, "2026-03-28T00:00Z", 3) == ["2026-03-28T09:00", "2026-03-29T09:00", "2026-03-30T09:00"]


def test_a_time_is_due_only_when_it_is_one_of_its_times() -> None:
    nine = cron("0 9 * * *", "Europe/Berlin")
    assert nine.is_due(at("2026-11-21T08:00Z"))
    assert not nine.is_due(at("2026-11-21T09:00Z"))
    assert not nine.is_due(at("2026-11-21T08:00:01Z"))


def test_nothing_comes_after_the_last_year() -> None:
    assert cron("0 0 1 1 *").next_after(253_370_678_400_000) is None  # 31 December 9998
    assert cron("0 0 1 1 *").next_after(10**17) is None
    assert Recurrence(0, MINUTE_MS, at("2026-01-01")).next_after(10**30) is None


@pytest.mark.parametrize(
    "raw",
    ["0 9 * * *", "0 0 29 2 *", "0 0 29 2 MON", "0 0 30 2 MON", "0 0 31W 1 *", "0 0 * 2 SUN#5", None, "", 60_000, 3.6e6, 86_400_000],
)
def test_what_may_repeat(raw: object) -> None:
    assert isinstance(repeat_of(raw), int | Cron | None)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("0 0 30W 2 *", "never fires"),
        ("0 0 31 2 ?", "never fires"),
        ("every day", "fields"),
        (59_999, "whole minutes"),
        (0, "whole minutes"),
        (-60_000, "whole minutes"),
        (90_000, "whole minutes"),
        (60_000.5, "whole minutes"),
        (60_000 * 10**9, "at most 3650 days"),
        (float("nan"), "cron expression such as"),
        (float("inf"), "cron expression such as"),
        (True, "cron expression such as"),
        ({"every": 1}, "cron expression such as"),
        (["0 9 * * *"], "cron expression such as"),
    ],
)
def test_what_may_not_repeat_is_refused_with_what_would_be_right(raw: object, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        repeat_of(raw)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", [None, "", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])
def test_a_time_zone_has_a_name(name: object) -> None:
    assert zone_named(name) is not None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Europe/Berln", '"Europe/Berlin"'),
        ("Mars/Olympus", "give a name such as Europe/Berlin"),
        ("+02:00", "give a name such as Europe/Berlin"),
        ("right/Europe/Berlin", "there is no time zone"),
        ("../../etc/passwd", "there is no time zone"),
        ("Europe", "there is no time zone"),
        ("localtime", "there is no time zone"),
        (2, "there is no time zone 2"),
        ("x" * 10_000, "there is no time zone"),
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_with_the_one_that_was_meant(name: object, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        zone_named(name)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "raw", ["", "tomorrow", "2026-13-01", "2026-02-30T00:00Z", 5, None, True, "1969-12-31T23:59Z", "9000-01-01", "9999-12-31", "9" * 50]
)
def test_an_instant_that_is_none_is_refused(raw: object) -> None:
    with pytest.raises(ValueError) as caught:
        instant_of(raw, UTC)
    assert "was expected" in str(caught.value)


def test_a_time_without_an_offset_is_the_zones_own() -> None:
    assert iso_text(instant_of("2026-07-01T09:00", BERLIN)) == "2026-07-01T07:00:00.000Z"


PARTS = st.tuples(
    st.sampled_from(["*", "0", "*/7", "0,30", "15-45/15", "59"]),
    st.sampled_from(["*", "0", "2", "1-3", "*/5", "23"]),
    st.sampled_from(["*", "1", "25-31", "L", "15W", "1,29,LW", "?"]),
    st.sampled_from(["*", "3", "10,11", "2", "MAR-NOV"]),
    st.sampled_from(["*", "0", "MON-FRI", "7", "SUNL", "SUN#1", "5#5,2", "?"]),
).map(" ".join)


def is_named(cron_text: str, wall: datetime) -> bool:
    """Whether the five fields name this minute: read apart from the code under test, by expanding each entry."""
    minute, hour, day, month, weekday = cron_text.split()
    if not (_in(minute, wall.minute, 0, 59) and _in(hour, wall.hour, 0, 23) and _in(month, wall.month, 1, 12)):
        return False
    length = calendar.monthrange(wall.year, wall.month)[1]
    by_day = any(_is_day(entry, wall, length) for entry in day.split(","))
    by_weekday = any(_is_weekday(entry, wall, length) for entry in weekday.split(","))
    if day in "*?" or weekday in "*?":
        return by_day and by_weekday
    return by_day or by_weekday


NAMES = {"MAR": "3", "NOV": "11", "SUN": "0", "MON": "1", "FRI": "5"}


def _in(part: str, value: int, low: int, high: int) -> bool:
    for name, number in NAMES.items():
        part = part.replace(name, number)
    for entry in part.split(","):
        span, _, step = entry.partition("/")
        first, _, last = (f"{low}-{high}" if span in "*?" else span).partition("-")
        if int(first) <= value <= int(last or first) and (value - int(first)) % int(step or 1) == 0:
            return True
    return False


def _is_day(entry: str, wall: datetime, length: int) -> bool:
    if entry == "L":
        return wall.day == length
    if entry.endswith("W"):
        target = length if entry == "LW" else int(entry[:-1])
        days = [day for day in range(1, length + 1) if datetime(wall.year, wall.month, day).weekday() < 5]
        return target <= length and wall.day == min(days, key=lambda day: (abs(day - target), day))
    return _in(entry, wall.day, 1, 31)


def _is_weekday(entry: str, wall: datetime, length: int) -> bool:
    weekday = wall.isoweekday() % 7
    if entry.endswith("L"):
        return weekday == int(NAMES.get(entry[:-1], entry[:-1])) and wall.day > length - 7
    if "#" in entry:
        name, which = entry.split("#")
        return weekday == int(NAMES.get(name, name)) and (wall.day - 1) // 7 + 1 == int(which)
    return _in(entry, weekday, 0, 6) or _in(entry, 7 if weekday == 0 else weekday, 0, 7)


def minutes_by_scan(text: str, zone: ZoneInfo, start_ms: int, minutes: int) -> list[int]:
    """Every minute of the span that the expression names on the wall, each wall time once, asked one by one."""
    found, seen = [], set()
    # What the clock showed in the two hours before counts as seen: a span may begin within a repeated hour.
    for ms in range(start_ms - 120 * MINUTE_MS, start_ms + minutes * MINUTE_MS, MINUTE_MS):
        wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(zone).replace(tzinfo=None, fold=0)
        if wall not in seen and ms > start_ms and is_named(text, wall):
            found.append(ms)
        seen.add(wall)
    return found


STARTS = st.one_of(
    st.integers(at("2024-01-01") // MINUTE_MS, at("2032-01-01") // MINUTE_MS),
    # Around the nights in which the clocks change.
    st.sampled_from(["2026-03-28T22:00Z", "2026-10-24T22:00Z", "2026-03-08T04:00Z", "2026-11-01T03:00Z", "2026-10-03T12:00Z"]).map(
        lambda text: at(text) // MINUTE_MS
    ),
    st.sampled_from(["2026-10-25T00:40Z", "2026-10-25T01:20Z", "2026-11-01T05:30Z", "2026-11-01T06:30Z", "2026-04-04T15:05Z"]).map(
        lambda text: at(text) // MINUTE_MS
    ),
)


@settings(max_examples=120, deadline=None)
@given(PARTS, st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]), STARTS)
def test_the_times_are_those_that_a_scan_of_every_minute_finds(text: str, zone: ZoneInfo, start: int) -> None:
    start_ms, span = start * MINUTE_MS, 2 * 1440
    recurrence, found, ms = Recurrence(None, parse_cron(text), None, zone), [], start_ms
    while (following := recurrence.next_after(ms)) is not None and following < start_ms + span * MINUTE_MS:
        assert following > ms
        found.append(following)
        ms = following
    assert found == minutes_by_scan(text, zone, start_ms, span)


@given(
    st.integers(0, 10**13),
    st.one_of(st.none(), st.integers(1, 100_000)),
    st.one_of(st.none(), st.integers(0, 10**13)),
    st.integers(0, 10**13),
)
def test_the_next_time_is_after_the_one_asked_about_within_the_span_and_a_whole_minute(
    start: int, minutes: int | None, end: int | None, ms: int
) -> None:
    recurrence = Recurrence(start, minutes and minutes * MINUTE_MS, end)
    following = recurrence.next_after(ms)
    if following is None:
        assert (end is not None and (minutes is None or max(ms, start) + minutes * MINUTE_MS + MINUTE_MS > end)) or minutes is None
        return
    assert following > ms
    assert start <= following <= (end if end is not None else following)
    assert following % MINUTE_MS == 0
    assert recurrence.is_due(following)
