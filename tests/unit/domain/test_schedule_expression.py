from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.cron import parse_cron
from chalicelib.domain.recurrence import MINUTE_MS, Recurrence, instant_of
from chalicelib.domain.schedule_expression import Timing, cron_expression, timing_of
from tests.schedules import problems_of_expression, problems_of_timing
from tests.unit.domain.test_recurrence import PARTS

NOW = instant_of("2026-11-21T10:00Z", UTC)


ODD = {most: ",".join(map(str, range(1, most, 2))) for most in (60, 24, 32, 13)}


def at(text: str) -> int:
    return instant_of(text, UTC)


@pytest.mark.parametrize(
    ("cron", "expression"),
    [
        ("0 9 * * *", "cron(0 9 * * ? *)"),
        ("* * * * *", "cron(* * * * ? *)"),
        ("*/15 8-17 * * *", "cron(0,15,30,45 8-17 * * ? *)"),
        ("0 9 1,15 * *", "cron(0 9 1,15 * ? *)"),
        ("0 9 * * MON-FRI", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * 0", "cron(0 9 ? * 1 *)"),
        ("0 9 * * 7", "cron(0 9 ? * 1 *)"),
        ("0 9 ? JAN,FEB,MAR SAT,SUN", "cron(0 9 ? 1-3 1,7 *)"),
        ("0 0 L * *", "cron(0 0 L * ? *)"),
        ("0 0 LW * *", "cron(0 0 LW * ? *)"),
        ("0 0 15W * *", "cron(0 0 15W * ? *)"),
        ("0 0 * * 5L", "cron(0 0 ? * 6L *)"),
        ("0 0 * * MON#1", "cron(0 0 ? * 2#1 *)"),
        # What one expression cannot say.
        ("0 0 13 * FRI", "cron(0 0 * * ? *)"),
        ("0 0 1,L * *", "cron(0 0 * * ? *)"),
        ("0 0 * * 1,5L", "cron(0 0 * * ? *)"),
        ("0 0 * * 5#1,5#3", "cron(0 0 * * ? *)"),
        (
            "1/2 1/2 1/2 1/2 *",
            f"cron({ODD[60]} {ODD[24]} {ODD[32]} {ODD[13]} ? *)",
        ),
    ],
)
def test_a_cron_expression_in_the_schedulers_words(cron: str, expression: str) -> None:
    assert cron_expression(parse_cron(cron)) == expression
    assert problems_of_expression(expression) == []
    assert len(expression) <= 256


@pytest.mark.parametrize(
    ("recurrence", "timing"),
    [
        (Recurrence(at("2026-12-24T18:00Z")), Timing("at(2026-12-24T18:00:00)")),
        (Recurrence(at("2026-11-21T09:00Z")), None),
        (Recurrence(at("2026-11-21T09:50Z"), MINUTE_MS), Timing("rate(1 minute)", starts_ms=NOW)),
        (Recurrence(at("2026-11-21T09:50Z"), 15 * MINUTE_MS), Timing("rate(15 minutes)", starts_ms=at("2026-11-21T10:05Z"))),
        (
            Recurrence(at("2026-12-01"), 1440 * MINUTE_MS, at("2026-12-31")),
            Timing("rate(1440 minutes)", starts_ms=at("2026-12-01"), ends_ms=at("2026-12-31T00:01Z")),
        ),
        (Recurrence(at("2026-11-01"), MINUTE_MS, at("2026-11-20")), None),
        (Recurrence(None, parse_cron("0 9 * * *"), None, ZoneInfo("Europe/Berlin")), Timing("cron(0 9 * * ? *)", "Europe/Berlin")),
        (
            Recurrence(at("2026-12-01"), parse_cron("0 9 * * *"), at("2027-01-01"), ZoneInfo("Europe/Berlin")),
            Timing("cron(0 9 * * ? *)", "Europe/Berlin", at("2026-12-01"), at("2027-01-01T00:01Z")),
        ),
        (
            Recurrence(at("2026-11-01"), parse_cron("0 9 * * *"), None, ZoneInfo("Europe/Berlin")),
            Timing("cron(0 9 * * ? *)", "Europe/Berlin"),
        ),
    ],
)
def test_what_the_scheduler_is_told_now(recurrence: Recurrence, timing: Timing | None) -> None:
    zone = "Europe/Berlin" if recurrence.zone is not UTC else "UTC"
    assert timing_of(recurrence, zone, NOW) == timing
    assert timing is None or problems_of_timing(timing, NOW) == []


def fires(expression: str, wall: datetime) -> bool:
    """Whether EventBridge fires in this minute, read from its own documentation."""
    minute, hour, day, month, weekday, _ = expression[5:-1].split(" ")
    if not (_in(minute, wall.minute) and _in(hour, wall.hour) and _in(month, wall.month)):
        return False
    following = wall + timedelta(days=7)
    number = wall.isoweekday() % 7 + 1
    if weekday.endswith("L"):
        return number == int(weekday[:-1]) and following.month != wall.month
    if "#" in weekday:
        return [number, (wall.day + 6) // 7] == [int(part) for part in weekday.split("#")]
    if weekday != "?":
        return _in(weekday, number)
    last = (wall.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if day == "L":
        return wall.day == last.day
    if day.endswith("W"):
        wanted = last if day == "LW" else wall.replace(day=int(day[:-1])) if int(day[:-1]) <= last.day else None
        near = [wanted + timedelta(days=n) for n in (0, -1, 1, 2, -2)] if wanted else []
        working = [one.day for one in near if one.weekday() < 5 and one.month == wall.month]
        return bool(working) and wall.day == working[0]
    return _in(day, wall.day)


def _in(text: str, value: int) -> bool:
    spans = [part.partition("-") for part in text.split(",")]
    return text == "*" or any(int(low) <= value <= int(high or low) for low, _, high in spans)


@settings(max_examples=150, deadline=None)
@given(PARTS, st.integers(at("2024-01-01") // MINUTE_MS, at("2032-01-01") // MINUTE_MS))
def test_whatever_the_expression_names_the_scheduler_fires_then_too(text: str, start: int) -> None:
    cron = parse_cron(text)
    expression = cron_expression(cron)
    assert problems_of_expression(expression) == []
    recurrence, ms = Recurrence(None, cron), start * MINUTE_MS
    for _ in range(40):
        following = recurrence.next_after(ms)
        assert following is not None
        assert fires(expression, datetime.fromtimestamp(following / 1000, UTC).replace(tzinfo=None)), (expression, following)
        ms = following
