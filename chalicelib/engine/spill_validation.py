"""Which workflows may be spilled (``options.spillToAsync``): those whose run is a transaction of its own that nothing else waits for.

Source of the triggers' meaning: https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.errors import Json, Problem
from chalicelib.triggers.action import POST_ACTION
from chalicelib.triggers.custom_action import CUSTOM_ACTION

PATH = "options.spillToAsync"
BY_ITSELF = (CUSTOM_ACTION, POST_ACTION)


def problems_of_spilling(doc: Mapping[str, Json]) -> Iterator[Problem]:
    """Why a workflow with the option cannot be spilled; nothing without it."""
    options, config = _object(doc.get("options")), _object(doc.get("config"))
    if options.get("spillToAsync") is not True:
        return
    if isinstance(doc.get("type"), str) and doc["type"] not in BY_ITSELF:
        types = " and ".join(f'"{name}"' for name in BY_ITSELF)
        yield Problem(f'workflows of the types {types} may be spilled, not one of type "{doc["type"]}": take the option away', PATH)
    elif doc.get("sync") is not True:
        yield Problem('only a synchronous workflow is spilled: set "sync" to true, or take the option away', PATH)
    for name in ("atomic", "rollbackOnFailure"):
        if config.get(name) is True:
            yield Problem(f"with config.{name} the workflow is one transaction with what set it off: take one of the two away", PATH)
    if options.get("isolation") == "serializable":
        yield Problem("a run that is spilled is committed in parts, so it cannot be serializable: take one of the two options away", PATH)
    if options.get("deleteExecutionOnStatus"):
        message = "whoever made the call asks for the execution by its id, so its history is kept: take one of the two options away"
        yield Problem(f"of a run that is spilled the history is needed: {message}", PATH)


def _object(raw: Json) -> dict[str, Json]:
    return raw if isinstance(raw, dict) else {}
