"""Custom action: a button, or a call, that starts a workflow on one record, on several or on none.

``config.type`` says which: 0 none ("global"), 1 a single record, 2 multiple records. The parameter ``triggerWorkflows`` names the
workflows to start, ``key`` or ``key!path``: with a path the workflow gets the associated record.
Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.references import FindCollection, named_collection, problems_of_appends
from chalicelib.domain.workflow import Workflow, plain_name
from chalicelib.errors import Invalid, Json, Problem
from chalicelib.triggers.base import APPENDS, TriggerType

CUSTOM_ACTION = "custom-action"
GLOBAL, SINGLE, MULTIPLE = 0, 1, 2
MOST_KEYS = 10
PARAMETER = "triggerWorkflows"

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {
            "enum": [GLOBAL, SINGLE, MULTIPLE],
            "title": "Context",
            "description": "0: no record. 1: a single record. 2: multiple records.",
        },
        "collection": {
            "type": ["string", "null"],
            "title": "Collection",
            "description": "The collection of the records; required for types 1 and 2.",
        },
        "appends": APPENDS,
        "roles": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "title": "Roles",
            "description": "Type 0: the roles that may start it; none given means every signed-in user.",
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """A collection that is missing or not there, associations that it does not have."""
    name = config.get("collection")
    if not name:
        needed = config.get("type") in (SINGLE, MULTIPLE)
        return [Problem("Collection is required for record-based context", f"{path}.collection")] if needed else []
    if not isinstance(name, str):
        return []
    collection = named_collection(name, f"{path}.collection", find)
    if isinstance(collection, Problem):
        return [collection]
    return problems_of_appends(config.get("appends"), collection, f"{path}.appends", find)


TRIGGER = TriggerType(CUSTOM_ACTION, SCHEMA, check)


@dataclass(frozen=True)
class Segment:
    """One entry of ``triggerWorkflows``: ``key!category.parent`` is ``Segment("key", ("category", "parent"))``."""

    key: str
    path: tuple[str, ...] = ()


def parse_trigger_workflows(raw: str | Sequence[str]) -> list[Segment]:
    """The workflows that a call names, each key once and in the order given; of a repeated key the last path counts.

    ``raw`` is comma separated text, or a list of such texts. Raises Invalid for more than 10 keys and for a path that is none."""
    texts = [raw] if isinstance(raw, str) else list(raw)
    if isinstance(raw, dict) or not all(isinstance(text, str) for text in texts):
        raise Invalid(f'parameter "{PARAMETER}" must be text: key or key!path, separated by commas', path=PARAMETER)
    segments = [_segment(part.strip()) for text in texts for part in text.split(",") if part.strip()]
    by_key = {segment.key: segment for segment in segments}
    if len(by_key) > MOST_KEYS:
        raise Invalid(
            f'parameter "{PARAMETER}" names {len(by_key)} workflows; at most {MOST_KEYS} can be started by one call', path=PARAMETER
        )
    return list(by_key.values())


def _segment(text: str) -> Segment:
    key, _, path = (part.strip() for part in text.partition("!"))
    names = tuple(name.strip() for name in path.split(".")) if path else ()
    if not key or not all(names) or "!" in path:
        raise Invalid(f'"{text}" is not key or key!association in parameter "{PARAMETER}"', path=PARAMETER)
    return Segment(key, names)


def why_not(
    workflow: Workflow | None,
    *,
    resource_collection: str | None,
    target_collection: str | None,
    ids: Literal["none", "one", "many"],
    key: str = "",
    disabled: bool = False,
) -> Problem | None:
    """Why this call cannot start the workflow; None when it can.

    ``workflow``: the enabled version of ``key``, or None; ``disabled`` tells that the key has versions but none is enabled.
    ``resource_collection``: the collection of the URL, None for ``workflows:trigger``; ``target_collection``: where the segment's
    path leads (the same without a path). ``ids``: how many records the call names; "none" means that the body is the context."""
    name = f'"{key or (workflow.key if workflow else "")}"'
    if workflow is None or not workflow.enabled:
        there = disabled or workflow is not None
        message = f"workflow {name} is disabled: no version of it is enabled" if there else f"there is no workflow with the key {name}"
        return Problem(message, PARAMETER, "WORKFLOW_NOT_FOUND")
    if workflow.type != TRIGGER.name:
        message = f'workflow {name} has a trigger of type "{workflow.type}"; only "{TRIGGER.name}" can be started this way'
        return Problem(message, PARAMETER, "WRONG_TRIGGER_TYPE")
    if resource_collection is None or not workflow.config.get("type"):
        return _why_not_global(workflow, name, resource_collection)
    return _why_not_bound(workflow, name, (resource_collection, target_collection)) or _why_not_context(workflow, name, ids)


def _why_not_global(workflow: Workflow, name: str, resource_collection: str | None) -> Problem | None:
    """Type 0 (or none, in old definitions) goes through ``workflows:trigger``, and nothing else does."""
    is_global = not workflow.config.get("type")
    if is_global == (resource_collection is None):
        return None
    bound_to = plain_name(str(workflow.config.get("collection") or ""))
    address = "workflows:trigger" if is_global else f"{bound_to}:trigger"
    kind = "works without a record" if is_global else f'works on records of "{bound_to}"'
    return Problem(f"workflow {name} {kind}: start it with POST /api/{address}", PARAMETER, "WRONG_CONTEXT_TYPE")


def _why_not_bound(workflow: Workflow, name: str, collections: tuple[str, str | None]) -> Problem | None:
    """It must be bound to the collection the path leads to, or to that of the URL (its context is then read from the body's path)."""
    bound_to = plain_name(str(workflow.config.get("collection") or ""))
    if bound_to in collections:
        return None
    message = f'workflow {name} is bound to the collection "{bound_to}", this call is on "{collections[1] or collections[0]}"'
    return Problem(message, PARAMETER, "WRONG_COLLECTION")


def _why_not_context(workflow: Workflow, name: str, ids: str) -> Problem | None:
    """A body without ids may be the context of either type; ids must be as many as the type says."""
    kind = workflow.config.get("type")
    if kind == SINGLE and ids == "many":
        message = f"workflow {name} works on a single record: name one, as in samples:trigger/91"
    elif kind == MULTIPLE and ids == "one":
        message = f"workflow {name} works on multiple records: name them as filterByTk[]=91&filterByTk[]=92 (one is enough)"
    else:
        return None
    return Problem(message, PARAMETER, "WRONG_CONTEXT_TYPE")
