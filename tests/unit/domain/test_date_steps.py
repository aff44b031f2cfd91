from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.date_steps import FUNCTIONS, DateStepError, calculated, problems_of_steps
from chalicelib.domain.moments import moment_of, zone_of

UTC = zone_of("UTC")
DAY = moment_of("2024-07-15T14:26:30.250Z", UTC)


def step(function: str, **arguments: Any) -> dict[str, Any]:
    return {"function": function, "arguments": arguments}


@pytest.mark.parametrize(
    ("before", "number", "after", "rounding", "result"),
    [
        ("year", 2, "week", False, 104.28571428571429),
        ("year", 2, "month", None, 24),
        ("month", 9, "day", False, 273.75),
        ("month", 9, "week", -1, 39),
        ("month", 9, "week", 1, 40),
        ("month", 9, "year", 0, 1),
        ("day", 45, "year", False, 0.1232876712328767),
        ("hour", 360, "month", False, 0.4931506849315068),
        ("minute", -21600, "day", False, -15),
        ("quarter", 1, "month", False, 3),
        ("millisecond", 0.1, "millisecond", False, 0.1),
        ("day", -0.5, "day", 0, 0),
        ("day", -1.5, "day", 0, -1),
    ],
)
def test_a_duration_is_converted(before: str, number: float, after: str, rounding: Any, result: float) -> None:
    converted = calculated(number, [step("transDuration", unitBefore=before, unitAfter=after, round=rounding)], UTC)
    assert converted == result
    assert isinstance(converted, int) is isinstance(result, int)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([step("add", number="x", unit="day")], "TypeError: [x] is not a number"),
        ([step("add", number="1e999999999", unit="day")], "TypeError: [1e999999999] is not a number"),
        ([step("add", number="1/0", unit="day")], "TypeError: [1/0] is not a number"),
        ([step("add", number=True, unit="day")], "TypeError: [true] is not a number"),
        ([step("add", unit="day")], "TypeError: a number is missing"),
        ([step("add", number=None, unit="day")], "TypeError: a number is missing"),
        ([step("add", number=1)], "TypeError: a unit is missing"),
        ([step("add", number=1, unit="days")], "TypeError: [days] is not a unit string"),
        ([step("get", unit=["day"])], 'TypeError: [["day"]] is not a unit string'),
        ([step("diff", date="not a date", unit="day")], "Error: Diff date [not a date] is not a valid date"),
        ([step("diff", date="2024-01-01", unit="day", round=2)], "TypeError: [2] is no rounding"),
        ([step("diff", date="2024-01-01", unit="day", round=True)], "TypeError: [true] is no rounding"),
        ([step("diff", date="2024-01-01", unit="day", isAbs="yes")], "TypeError: [yes] is not a boolean"),
        ([step("format", format=123)], "TypeError: [123] is not a string"),
        ([step("toTimestamp", unit="day")], "TypeError: [day] is not valid, only accept second or millisecond"),
        ([step("changeTimezone", timezone="Moon")], "RangeError: Invalid time zone specified: Moon"),
        ([step("get", unit="day"), step("add", number=1, unit="day")], 'TypeError: "add" takes a date'),
        ([step("isLeapYear"), step("tsToDate")], 'TypeError: "tsToDate" takes a number'),
        (
            [step("endOfTime", unit="year"), step("add", number=8000, unit="year")],
            "RangeError: the result lies outside the years 1 to 9999",
        ),
        ([step("toTimestamp"), step("tsToDate"), step("subtract", number=3000, unit="year")], "RangeError"),
    ],
)
def test_a_step_that_cannot_be_done_says_why(steps: list[Any], text: str) -> None:
    with pytest.raises(DateStepError) as error:
        calculated(DAY, steps, UTC)
    assert str(error.value).startswith(text)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_gives_what_it_says(function: str) -> None:
    arguments = {"number": "1.5", "unit": "second", "date": "2024-01-01", "format": "YYYY", "timezone": "+02:00"}
    arguments |= {"unitBefore": "day", "unitAfter": "hour"}
    value = calculated(DAY if FUNCTIONS[function].takes == "date" else 5, [step(function, **arguments)], UTC)
    kinds = {"datetime": "date", "int": "number", "float": "number", "bool": "boolean", "str": "text"}
    assert kinds[type(value).__name__] == FUNCTIONS[function].gives


def test_a_number_in_text_is_exact() -> None:
    moved = calculated(DAY, [step("add", number="0.001", unit="second"), step("toTimestamp", unit="millisecond")], UTC)
    assert moved == 1721053590251


def test_a_date_from_a_number_stands_in_the_callers_zone() -> None:
    assert calculated(0, [step("tsToDate"), step("get", unit="hour")], zone_of("+05:00")) == 5


def test_every_problem_has_its_path() -> None:
    steps = [
        step("add", number="soon"),
        step("tsToDate", unit="day"),
        step("diff", date="x", unit="fortnight", isAbs=1, round=5),
        {"function": "format"},
        step("changeTimezone", timezone="Moon/Base"),
        "none",
        step("transDuration", unitBefore="day", unitAfter="{{$context.data.unit}}"),
    ]
    found = {problem.path: problem.message for problem in problems_of_steps(steps, "date", "steps")}
    assert set(found) == {
        "steps.0.arguments.number",
        "steps.0.arguments.unit",
        "steps.1.function",
        "steps.1.arguments.unit",
        "steps.2.arguments.date",
        "steps.2.arguments.unit",
        "steps.2.arguments.isAbs",
        "steps.2.arguments.round",
        "steps.3.function",
        "steps.3.arguments.format",
        "steps.4.function",
        "steps.4.arguments.timezone",
    }
    assert found["steps.0.arguments.unit"].startswith('"unit" is required: one of year, quarter')
    assert found["steps.1.function"] == '"tsToDate" takes a number, but gets a date'
    assert found["steps.2.arguments.round"] == '"round" must be false (keep decimals), -1 (down), 0 (nearest) or 1 (up)'


def test_steps_that_fit_have_no_problem() -> None:
    steps = [step("tsToDate"), step("add", number="{{x}}", unit="{{y}}"), step("diff", date="2024", unit="day"), step("transDuration")]
    steps[-1]["arguments"] = {"unitBefore": "day", "unitAfter": "hour", "round": -1}
    assert problems_of_steps(steps, "number", "steps") == []
