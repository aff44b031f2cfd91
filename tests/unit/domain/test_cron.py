from __future__ import annotations

import pytest

from chalicelib.domain.cron import CronError, parse_cron


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("0 9 * * *", (0,), (9,)),
        ("*/15 8-10 * * *", (0, 15, 30, 45), (8, 9, 10)),
        ("5/20 0 * * *", (5, 25, 45), (0,)),
        ("10-50/20,3 23,1 * * *", (3, 10, 30, 50), (1, 23)),
        ("0 0 9 * * *", (0,), (9,)),
        ("00 30 07 * * MON", (30,), (7,)),
        ("@hourly", (0,), tuple(range(24))),
        ("@Daily", (0,), (0,)),
    ],
)
def test_minutes_and_hours_are_lists_ranges_and_steps(text: str, minutes: tuple[int, ...], hours: tuple[int, ...]) -> None:
    cron = parse_cron(text)
    assert (cron.minutes, cron.hours) == (minutes, hours)


# November 2026 begins on a Sunday and has 30 days; February 2026 on a Sunday too; August 2026 on a Saturday, 31 days.
@pytest.mark.parametrize(
    ("days", "month", "expected"),
    [
        ("1,15 * *", 11, [1, 15]),
        ("* * MON", 11, [2, 9, 16, 23, 30]),
        ("? * MON", 11, [2, 9, 16, 23, 30]),
        ("* * 7", 11, [1, 8, 15, 22, 29]),
        ("* * 0", 11, [1, 8, 15, 22, 29]),
        ("* * 5-7", 11, [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29]),
        ("* * FRI-SAT", 11, [6, 7, 13, 14, 20, 21, 27, 28]),
        ("* * 1/4", 11, [2, 6, 9, 13, 16, 20, 23, 27, 30]),
        ("* * 7/1", 11, [1, 8, 15, 22, 29]),
        ("13 * FRI", 11, [6, 13, 20, 27]),
        ("2 * FRI", 11, [2, 6, 13, 20, 27]),
        ("2 * 0-6", 11, [2]),
        ("*/10 * *", 11, [1, 11, 21]),
        ("31 * *", 11, []),
        ("31 * *", 8, [31]),
        ("L * *", 11, [30]),
        ("L * *", 2, [28]),
        ("LW * *", 2, [27]),
        ("LW * ?", 11, [30]),
        ("1W * *", 11, [2]),
        ("1W * *", 8, [3]),
        ("15W * *", 11, [16]),
        ("7W * *", 11, [6]),
        ("31W * *", 8, [31]),
        ("28W * *", 2, [27]),
        ("1W,15W,L * *", 11, [2, 16, 30]),
        ("31W * *", 11, []),
        ("* * L", 11, [7, 14, 21, 28]),
        ("* * 5L", 11, [27]),
        ("* * FRIL", 11, [27]),
        ("* * 1L,3L", 11, [25, 30]),
        ("* * 7L", 11, [29]),
        ("* * 5#2", 11, [13]),
        ("* * MON#1,MON#3", 11, [2, 16]),
        ("* * MON#5", 11, [30]),
        ("* * TUE#5", 11, []),
        ("* * 0#5", 11, [29]),
        ("1 * 5#2", 11, [1, 13]),
        ("* FEB *", 11, []),
        ("1 NOV,JAN-MAR *", 11, [1]),
        ("1 */3 *", 11, []),
        ("1 2/3 *", 11, [1]),
    ],
)
def test_the_days_of_a_month(days: str, month: int, expected: list[int]) -> None:
    assert parse_cron(f"0 0 {days}").days_of(2026, month) == expected


def test_the_30th_as_a_working_day_is_not_there_in_february_and_the_last_sunday_goes_back_to_friday() -> None:
    assert parse_cron("0 0 30W * *").days_of(2026, 2) == []
    assert parse_cron("0 0 31W * *").days_of(2027, 1) == [29]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has 0 fields"),
        ("9 * * *", "has 4 fields"),
        ("0 0 9 * * * 2026", "has 7 fields"),
        ("30 0 9 * * *", "the seconds are"),
        ("* 0 9 * * *", "the seconds are"),
        ("60 9 * * *", '"60" in the minutes'),
        ("0 24 * * *", '"24" in the hours'),
        ("0 9 0 * *", '"0" in the day of month'),
        ("0 9 32 * *", '"32" in the day of month'),
        ("0 9 * 13 *", '"13" in the month'),
        ("0 9 * 0 *", '"0" in the month'),
        ("0 9 * * 8", '"8" in the day of week'),
        ("0 9 * * MOON", "SUN, MON"),
        ("0 9 * JANUARY *", "JAN, FEB"),
        ("0 9 * * MON#6", "1 to 5"),
        ("0 9 * * MON#", "1 to 5"),
        ("0 9 * * #2", "day of week"),
        ("0 9 20-10 * *", "runs backwards"),
        ("*/0 9 * * *", "a step from 1 to 59"),
        ("*/60 9 * * *", "a step from 1 to 59"),
        ("0 */-1 * * *", "a step from 1 to 23"),
        ("1, 9 * * *", '"" in the minutes'),
        ("? 9 * * *", '"?" in the minutes'),
        ("0 9 15X,15W * *", '"15X"'),
        ("0 9 W * *", '"W"'),
        ("0 9 0W * *", '"0" in the day of month'),
        ("0 9 * * 8L", '"8" in the day of week'),
        ("٣ 9 * * *", "minutes"),
        ("1.5 9 * * *", '"1.5"'),
        ("H 9 * * *", '"H"'),
        ("@reboot", "has 1 fields"),
        (",".join(["0"] * 200) + " 9 * * *", "at most 256 characters"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_field_and_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(CronError) as caught:
        parse_cron(text)
    assert says in str(caught.value)
