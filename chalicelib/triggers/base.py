"""What a trigger type is: a name, a JSON Schema for the workflow's ``config``, and a check of what a schema cannot say.

How a trigger is set off (a call, a record that changes, a clock) belongs to the layers above; here is what it means.
Source: https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.references import FindCollection
from chalicelib.errors import Json, Problem

Check = Callable[[dict[str, Json], str, FindCollection], list[Problem]]


@dataclass(frozen=True)
class TriggerType:
    """One trigger type. ``check(config, path, find_collection)`` finds problems that the schema cannot (a collection that is not there).

    ``always_sync``: its workflows run while the caller waits, whatever their ``sync`` says."""

    name: str
    schema: dict[str, Json]
    check: Check
    always_sync: bool = False
