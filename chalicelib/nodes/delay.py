"""Delay: wait for a while, then go on or end the line badly.

Only an asynchronous workflow can wait. The result is the length of the wait in milliseconds.
Source: https://docs.nocobase.com/workflow/nodes/delay
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.template import Template, compile_template
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope, rendered

UNITS_MS = (1_000, 60_000, 3_600_000, 86_400_000, 604_800_000)
LONGEST_MS = 365 * 86_400_000
CLOCKS_APART_MS = 1_000

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["endStatus"],
    "properties": {
        "duration": {
            "type": ["number", "string"],
            "default": 1,
            "title": "Duration",
            "description": "How many units to wait, at least 1; may be a template. At most a year in all.",
        },
        "unit": {
            "enum": list(UNITS_MS),
            "default": 1_000,
            "title": "Unit",
            "description": "Milliseconds of a unit: 1000 second, 60000 minute, 3600000 hour, 86400000 day, 604800000 week.",
        },
        "endStatus": {
            "enum": [status.RESOLVED, status.FAILED],
            "title": "Afterwards",
            "description": "1: the workflow goes on. -1: the line ends as failed.",
        },
    },
}


def length_ms(config: dict[str, Json]) -> int:
    """The wait in milliseconds. Raises ValueError for what is no number, less than one unit or more than a year."""
    raw = config.get("duration")
    raw = 1 if raw is None else raw
    try:
        units = float(raw) if not isinstance(raw, bool) else float("nan")
    except (TypeError, ValueError):
        units = float("nan")
    wait_ms = units * (config.get("unit") or UNITS_MS[0])
    if not units >= 1 or not wait_ms <= LONGEST_MS:
        raise ValueError(f"the duration must be a number from 1 to {LONGEST_MS // 86_400_000} days, not {raw!r}")
    return round(wait_ms)


@dataclass(frozen=True)
class Prepared:
    config: Template
    end_status: int


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(compile_template(config), config.get("endStatus") or status.RESOLVED)


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """PENDING with the length of the wait; ERROR for a duration that is none."""
    try:
        wait_ms = length_ms(rendered(prepared.config, scope))
    except ValueError as error:
        return Outcome(status.ERROR, {"message": str(error)})
    return Outcome(status.PENDING, wait_ms, due_at_ms=ports.now_ms + wait_ms)


def resume(prepared: Prepared, result: Json, due_at_ms: int, ports: Ports) -> Outcome:
    """The end status once the time has come; clocks a second apart count as one."""
    is_due = ports.now_ms >= due_at_ms - CLOCKS_APART_MS
    return Outcome(prepared.end_status, result) if is_due else Outcome(status.PENDING, result, due_at_ms=due_at_ms)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """A duration that is no number, or out of bounds; of a template only the run can tell, of a wrong unit the schema does."""
    templated = isinstance(config.get("duration"), str) and "{{" in config["duration"]
    if templated or config.get("unit") not in (None, *UNITS_MS):
        return []
    try:
        length_ms(config)
    except (ValueError, TypeError) as error:
        return [Problem(str(error), f"{path}.duration")]
    return []


NODE = NodeType("delay", SCHEMA, run, prepare, check=check, waits=True, resume=resume)
