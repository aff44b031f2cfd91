"""Update record: change every record that a filter finds; the result is their number.

The filter must be there and hold a condition, when it is saved and after its templates are filled in: no filter would mean all.
Source: https://docs.nocobase.com/workflow/nodes/update
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.errors import Json
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope
from chalicelib.nodes.record_config import (
    FILTER,
    VALUES,
    RecordConfig,
    check_filtered_write,
    config_schema,
    filter_or_refuse,
    object_or_refuse,
    params_of,
    prepare_records,
    rendered_records,
)

HOOKS: dict[str, Json] = {
    "type": ["boolean", "null"],
    "default": True,
    "title": "Set off record events",
    "description": "false: the workflows that wait for changes of these records are not started.",
}
SCHEMA = config_schema({"filter": FILTER, "values": VALUES, "individualHooks": HOOKS})


def run(prepared: RecordConfig, scope: Scope, ports: Ports) -> Outcome:
    """How many records were changed. Raises Invalid for an empty filter, and what the record layer raises."""
    config = rendered_records(prepared, scope)
    params = params_of(config)
    filter, values = filter_or_refuse(params), object_or_refuse(params, "values")
    changed = ports.records.update(config["collection"], filter, values, events=params.get("individualHooks") is not False)
    return Outcome(status.RESOLVED, changed)


NODE = NodeType("update", SCHEMA, run, prepare_records, check=check_filtered_write)
