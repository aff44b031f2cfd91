"""Date calculation: a date, or a number, through a line of steps: added to, rounded, compared, formatted.

Dates are reckoned in the caller's time zone until a step changes it; a date that comes out is an instant. Without an input the time of the
run is taken. Source: https://docs.nocobase.com/workflow/nodes/date-calculation
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from chalicelib.domain import status
from chalicelib.domain.date_steps import FUNCTIONS, DateStepError, calculated, problems_of_steps
from chalicelib.domain.instants import iso_text
from chalicelib.domain.moments import UNITS, moment_of, ms_of, zone_of
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

_UNITS = ", ".join(UNITS)
_ARGUMENTS = {
    "number": ("Amount", "Of `add` and `subtract`: how many units."),
    "unit": ("Unit", f"One of {_UNITS}; of `toTimestamp` and `tsToDate` second (default) or millisecond."),
    "date": ("Other date", "Of `diff`: the date to compare with."),
    "isAbs": ("Absolute value", "Of `diff`: true leaves out the sign, before it is rounded."),
    "round": ("Rounding", "Of `diff` and `transDuration`: false (default) keeps decimals, -1 rounds down, 0 to the nearest, 1 up."),
    "format": ("Format", "Of `format`: tokens such as `YYYY-MM-DD HH:mm:ss`; text in [brackets] stays."),
    "unitBefore": ("From unit", f"Of `transDuration`: one of {_UNITS}."),
    "unitAfter": ("To unit", f"Of `transDuration`: one of {_UNITS}."),
    "timezone": ("Time zone", "Of `changeTimezone`: a name such as `Europe/Berlin`, or an offset such as `+08:00`."),
}

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "input": {
            "title": "Input",
            "description": "A date as text or in epoch milliseconds, or a number; may be a template. Not given: the time of the run.",
        },
        "inputType": {
            "enum": ["date", "number"],
            "default": "date",
            "title": "Type of the input",
            "description": "`date` or `number`: which functions can come first.",
        },
        "steps": {
            "type": ["array", "null"],
            "maxItems": 100,
            "title": "Steps",
            "description": "What is done, one after the other; each step takes what the one before gives.",
            "items": {
                "type": "object",
                "required": ["function"],
                "properties": {
                    "function": {"enum": list(FUNCTIONS), "title": "Function", "description": f"One of {', '.join(FUNCTIONS)}."},
                    "arguments": {
                        "type": ["object", "null"],
                        "title": "Arguments",
                        "description": "What the function needs; each may be a template.",
                        "properties": {name: {"title": title, "description": text} for name, (title, text) in _ARGUMENTS.items()},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    template: Template
    takes_date: bool
    has_input: bool


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(compile_template(config), config.get("inputType", "date") != "number", "input" in config)


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """The result of the last step, a date as ISO text in UTC. ERROR ``Invalid input`` or with the text of the step that failed."""
    config, zone = prepared.template.render(scope), zone_of(ports.timezone)
    value = config["input"] if prepared.has_input else ports.now_ms
    try:
        value = _input(value, prepared.takes_date, zone)
    except ValueError:
        return Outcome(status.ERROR, "Invalid input")
    try:
        result = calculated(value, config.get("steps") or [], zone)
    except DateStepError as error:
        return Outcome(status.ERROR, str(error))
    return Outcome(status.RESOLVED, iso_text(ms_of(result)) if isinstance(result, datetime) else result)


def _input(value: Json, takes_date: bool, zone: tzinfo) -> Json:
    if takes_date:
        return moment_of(value, zone)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    return value


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    steps, kind = config.get("steps"), config.get("inputType", "date")
    found = _problems_of_input(config, f"{path}.input")
    if isinstance(steps, list) and kind in ("date", "number"):
        found += problems_of_steps(steps, kind, f"{path}.steps")
    return found


def _problems_of_input(config: dict[str, Json], path: str) -> list[Problem]:
    """An input without a template that is none; one that is missing where a number is needed."""
    value, takes_date = config.get("input"), config.get("inputType", "date") == "date"
    if isinstance(value, str) and "{{" in value:
        return []
    if takes_date and "input" not in config:
        return []
    try:
        _input(value, takes_date, zone_of("UTC"))
    except ValueError:
        wanted = 'a date such as "2026-11-21T02:04:48.219Z" or epoch milliseconds' if takes_date else "a number"
        return [Problem(f'"input" must be {wanted}, or a template', path)]
    return []


NODE = NodeType("dateCalculation", SCHEMA, run, prepare, check=check, testable=True)
