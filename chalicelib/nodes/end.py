"""End: stop the whole workflow here, from any branch, as succeeded or as failed.

An end is a decision, not a failure: what was written before it stays. Source: https://docs.nocobase.com/workflow/nodes/end
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "endStatus": {
            "type": ["integer", "null"],
            "maximum": 1,
            "default": 1,
            "examples": [1, -1],
            "title": "End status",
            "description": "1: succeeded (default). -1: failed; other negative numbers are failures of their own kind (-5: rejected).",
        },
    },
}


def prepare(config: dict[str, Json]) -> int:
    """The status to end with: 1 unless a negative one is given."""
    value = config.get("endStatus")
    return value if isinstance(value, int) and value < 0 else status.RESOLVED


def run(prepared: int, scope: Scope, ports: Ports) -> Outcome:
    return Outcome(prepared, ends=True)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    is_zero = config.get("endStatus") == 0 and config.get("endStatus") is not False
    return [Problem('"endStatus" must be 1 (succeeded) or negative (failed)', f"{path}.endStatus")] if is_zero else []


NODE = NodeType("end", SCHEMA, run, prepare, check=check)
