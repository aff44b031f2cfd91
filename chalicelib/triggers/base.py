"""What a trigger type is: a name, a JSON Schema for the workflow's ``config``, and a check of what a schema cannot say.

How a trigger is set off (a call, a record that changes, a clock) belongs to the layers above; here is what it means.
Source: https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.collection import Collection
from chalicelib.domain.references import FindCollection, watched_collection
from chalicelib.domain.suggestions import did_you_mean
from chalicelib.errors import Json, Problem

Check = Callable[[dict[str, Json], str, FindCollection], list[Problem]]

APPENDS: dict[str, Json] = {
    "type": ["array", "null"],
    "items": {"type": "string"},
    "title": "Associations to load",
    "description": "Association paths of at most three levels, such as `category`, loaded into `$context.data`.",
}


def watched(config: dict[str, Json], path: str, find: FindCollection) -> tuple[Collection | None, list[Problem]]:
    """The collection whose records the trigger waits for; ``None`` with what is wrong with its name, or where the schema says it."""
    name = config.get("collection")
    found = watched_collection(name, f"{path}.collection", find) if isinstance(name, str) and name else None
    return (None, [found]) if isinstance(found, Problem) else (found, [])


def unknown_properties(value: dict[str, Json], schema: dict[str, Json], path: str) -> list[Problem]:
    """The properties that the schema does not name, at any level that it describes: a misspelt setting must not be left out silently."""
    found: list[Problem] = []
    known: dict[str, dict[str, Json]] = schema["properties"]
    for name, inner in value.items():
        if name not in known:
            meant = did_you_mean(name, known) or f"known are {', '.join(known)}"
            found.append(Problem(f'"{name[:60]}" is not known here; {meant}', f"{path}.{name[:60]}", "UNKNOWN_PROPERTY"))
        elif isinstance(inner, dict) and "properties" in known[name]:
            found += unknown_properties(inner, known[name], f"{path}.{name}")
    return found


@dataclass(frozen=True)
class TriggerType:
    """One trigger type. ``check(config, path, find_collection)`` finds problems that the schema cannot (a collection that is not there).

    ``always_sync``: its workflows run while the caller waits, whatever their ``sync`` says; ``always_async``: nobody waits for them."""

    name: str
    schema: dict[str, Json]
    check: Check
    always_sync: bool = False
    always_async: bool = False
