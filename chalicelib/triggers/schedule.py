"""Schedule: a clock starts a workflow, once or again and again: at times of its own (mode 0), or at a date that each record has (mode 1).

``repeat`` is a cron expression, an interval in milliseconds, or nothing; times are whole minutes, as EventBridge Scheduler has them. Always
asynchronous: nobody waits for it. Times that were missed while it was off are not made up for.
Source: https://docs.nocobase.com/workflow/triggers/schedule
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from chalicelib.domain.collection import Collection
from chalicelib.domain.moments import moment_of, ms_of
from chalicelib.domain.record import Row
from chalicelib.domain.recurrence import LATEST_MS, MINUTE_MS, Recurrence, instant_of, repeat_of, zone_named
from chalicelib.domain.references import FindCollection, problems_of_appends, unknown_field
from chalicelib.errors import Json, Problem
from chalicelib.triggers.base import APPENDS, TriggerType, unknown_properties, watched

SCHEDULE = "schedule"
STATIC, DATE_FIELD = 0, 1
DATE_TYPES = ("date", "datetime", "datetimeTz", "datetimeNoTz", "dateOnly", "createdAt", "updatedAt")
UNITS_MS = (1_000, 60_000, 3_600_000, 86_400_000)
MOST_OFFSET_MS = 3_650 * 86_400_000

OF_RECORD: dict[str, Json] = {
    "field": {"type": "string", "minLength": 1, "title": "Field", "description": "Mode 1: the date field of the record."},
    "offset": {"type": ["integer", "null"], "title": "Offset", "description": "So many units later; negative: earlier. 0 by default."},
    "unit": {"enum": [None, *UNITS_MS], "title": "Unit", "description": "Milliseconds of the offset's unit; 86400000, a day, by default."},
}

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["mode"],
    "properties": {
        "mode": {
            "enum": [STATIC, DATE_FIELD],
            "title": "Mode",
            "description": "0: at times of its own. 1: at a date that each record of a collection has.",
        },
        "collection": {"type": ["string", "null"], "title": "Collection", "description": "Mode 1: the collection of the records."},
        "startsOn": {
            "type": ["string", "object", "null"],
            "required": ["field"],
            "properties": OF_RECORD,
            "title": "Starts on",
            "description": "Mode 0: a date and time; a cron expression can do without. Mode 1: a field of the record.",
        },
        "repeat": {
            "type": ["string", "number", "null"],
            "title": "Repeat",
            "description": "A cron expression such as `0 9 * * MON-FRI`, an interval in milliseconds (whole minutes), or nothing: once.",
        },
        "endsOn": {
            "type": ["string", "object", "null"],
            "required": ["field"],
            "properties": OF_RECORD,
            "title": "Ends on",
            "description": "The last moment at which it may start: a date and time, in mode 1 also a field of the record.",
        },
        "limit": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 1_000_000_000,
            "title": "Limit",
            "description": "So many executions at most, over all versions of the workflow. In mode 1 over all records.",
        },
        "appends": APPENDS | {"description": f"Mode 1: {APPENDS['description']}"},
        "timezone": {
            "type": ["string", "null"],
            "title": "Time zone",
            "description": "Where a cron expression and dates without an offset are read, such as `Europe/Berlin`; UTC by default.",
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """Properties that are not known, times that make no sense or never come, a zone, collection or field that is not there, settings
    of the other mode."""
    found = unknown_properties(config, SCHEMA, path)
    if config.get("mode") not in (STATIC, DATE_FIELD):
        return found
    found += [problem for read in READERS for problem in _problem_of(config, path, read)]
    if config.get("mode") == DATE_FIELD:
        return found + _problems_of_date_field(config, path, find)
    found += [
        Problem(f'"{name}" is for mode 1, a date field: leave it out', f"{path}.{name}")
        for name in ("collection", "appends")
        if config.get(name)
    ]
    return found or _problems_of_times(config, path)


@dataclass(frozen=True)
class Reader:
    """What reads one of the times of a config. Raises ValueError."""

    name: str
    read: Callable[[dict[str, Json]], object]


def _zone(config: dict[str, Json]) -> object:
    return zone_named(config.get("timezone"))


def _repeat(config: dict[str, Json]) -> object:
    return repeat_of(config.get("repeat"))


def _start(config: dict[str, Json]) -> object:
    """What is no start is told; whose date each record has is looked at apart."""
    raw = config.get("startsOn")
    if config.get("mode") == DATE_FIELD:
        return _field_of(raw)
    if isinstance(raw, dict):
        raise ValueError("mode 0 starts at a date and time, not at a field")
    if not raw:
        if not _is_cron(config):
            raise ValueError("a date and time such as 2026-11-21T09:00:00Z is required")
        return None
    starts_ms = instant_of(raw, _zone_quietly(config))
    if starts_ms % MINUTE_MS:
        raise ValueError("schedules run on whole minutes: give a start without seconds")
    return starts_ms


def _end(config: dict[str, Json]) -> object:
    raw = config.get("endsOn")
    if not isinstance(raw, dict):
        return instant_of(raw, _zone_quietly(config)) if raw else None
    if config.get("mode") != DATE_FIELD:
        raise ValueError("mode 0 ends at a date and time, not at a field")
    return _field_of(raw)


def _field_of(raw: Json) -> object:
    if not isinstance(raw, dict):
        raise ValueError('mode 1 starts at a date of the record: {"field": …, "offset"?, "unit"?}')
    if abs(_offset_ms(raw)) > MOST_OFFSET_MS:
        raise ValueError(f"an offset is at most {MOST_OFFSET_MS // 86_400_000} days")
    return raw["field"]


def _is_cron(config: dict[str, Json]) -> bool:
    repeat = config.get("repeat")
    return isinstance(repeat, str) and bool(repeat)


def _zone_quietly(config: dict[str, Json]) -> tzinfo:
    """The zone; UTC where there is something wrong with it, which is told elsewhere."""
    try:
        return zone_named(config.get("timezone"))
    except ValueError:
        return zone_named(None)


READERS = (Reader("timezone", _zone), Reader("repeat", _repeat), Reader("startsOn", _start), Reader("endsOn", _end))
TYPES: dict[str, tuple[type, ...]] = {"timezone": (str,), "repeat": (str, int, float), "startsOn": (str, dict), "endsOn": (str, dict)}


def _problem_of(config: dict[str, Json], path: str, reader: Reader) -> list[Problem]:
    """What is wrong with one of the times; of a value of another type the schema tells."""
    value = config.get(reader.name)
    if not _has_type(reader.name, value) or (isinstance(value, dict) and not _has_form(value)):
        return []
    try:
        reader.read(config)
    except ValueError as error:
        return [Problem(str(error), f"{path}.{reader.name}")]
    return []


def _has_type(name: str, value: Json) -> bool:
    return value is None or (isinstance(value, TYPES[name]) and not isinstance(value, bool))


def _has_form(raw: dict[str, Json]) -> bool:
    numbers = (raw.get("offset"), raw.get("unit"))
    return isinstance(raw.get("field"), str) and all(one is None or (isinstance(one, int) and not isinstance(one, bool)) for one in numbers)


def _problems_of_times(config: dict[str, Json], path: str) -> list[Problem]:
    """An end before the start, or before the first time."""
    if any(isinstance(config.get(name), dict) or not _has_type(name, config.get(name)) for name in TYPES):
        return []
    recurrence = static_recurrence(config)
    if recurrence.ends_ms is None or recurrence.first() is not None:
        return []
    starts_ms = recurrence.starts_ms
    is_before = starts_ms is not None and recurrence.ends_ms < starts_ms
    return [Problem("the end lies before the start" if is_before else "it ends before its first time", f"{path}.endsOn")]


def _problems_of_date_field(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    if not config.get("collection"):
        return [Problem("mode 1 needs the collection of the records", f"{path}.collection")]
    collection, found = watched(config, path, find)
    if collection is None:
        return found
    for name in ("startsOn", "endsOn"):
        if isinstance(config.get(name), dict):
            found += _problems_of_field(config[name].get("field"), collection, f"{path}.{name}.field")
    return found + problems_of_appends(config.get("appends"), collection, f"{path}.appends", find)


def _problems_of_field(name: Json, collection: Collection, path: str) -> list[Problem]:
    field = collection.field(name) if isinstance(name, str) else None
    if field is None:
        return [unknown_field(name, collection, path)] if isinstance(name, str) else []
    if field.type not in DATE_TYPES:
        return [Problem(f'"{name}" is a field of type {field.type}; a date field is needed', path)]
    return []


def static_recurrence(config: dict[str, Json]) -> Recurrence:
    """When a workflow of mode 0 starts; its config has been checked. Raises ValueError for one that has not."""
    zone = zone_named(config.get("timezone"))
    starts, ends = config.get("startsOn"), config.get("endsOn")
    return Recurrence(
        instant_of(starts, zone) if starts else None, repeat_of(config.get("repeat")), instant_of(ends, zone) if ends else None, zone
    )


def recurrence_of_row(config: dict[str, Json], row: Row) -> Recurrence | None:
    """When a workflow of mode 1 starts for the record of the row; ``None`` without a date to start on. Raises ValueError."""
    zone = zone_named(config.get("timezone"))
    starts_ms = _moment_of_row(config.get("startsOn"), row, zone)
    if starts_ms is None:
        return None
    ends = config.get("endsOn")
    ends_ms = _moment_of_row(ends, row, zone) if isinstance(ends, dict) else instant_of(ends, zone) if ends else None
    return Recurrence(starts_ms, repeat_of(config.get("repeat")), ends_ms, zone)


def _moment_of_row(of: Json, row: Row, zone: tzinfo) -> int | None:
    """The date in the field and the offset after it, in epoch milliseconds; ``None`` for none. One long past may well repeat."""
    raw = row.get(of["field"])
    ms = ms_of(moment_of(raw, zone)) + _offset_ms(of) if isinstance(raw, str) and raw else None
    return ms if ms is not None and ms < LATEST_MS else None


def _offset_ms(of: dict[str, Json]) -> int:
    return int(of.get("offset") or 0) * int(of.get("unit") or UNITS_MS[-1])


def problem_at(config: dict[str, Json], path: str, now_ms: int) -> Problem | None:
    """What stands against enabling it now, though it was right once: its times are all past."""
    if config.get("mode") == DATE_FIELD:
        ends = config.get("endsOn")
        over = isinstance(ends, str) and ends and instant_of(ends, zone_named(config.get("timezone"))) <= now_ms
        return Problem("the end lies in the past: it would never start", f"{path}.endsOn", "SCHEDULE_OVER") if over else None
    recurrence = static_recurrence(config)
    if recurrence.next_after(now_ms - 1) is not None:
        return None
    if recurrence.repeat is None:
        return Problem("the start lies in the past, and nothing repeats: it would never start", f"{path}.startsOn", "SCHEDULE_OVER")
    return Problem("the end lies in the past: it would never start", f"{path}.endsOn", "SCHEDULE_OVER")


TRIGGER = TriggerType(SCHEDULE, SCHEMA, check, always_async=True)
