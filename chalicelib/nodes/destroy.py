"""Delete record: remove every record that a filter finds; the result is their number.

The filter must be there and hold a condition, when it is saved and after its templates are filled in: no filter would mean all.
Source: https://docs.nocobase.com/workflow/nodes/destroy
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope
from chalicelib.nodes.record_config import (
    FILTER,
    RecordConfig,
    check_filtered_write,
    config_schema,
    filter_or_refuse,
    params_of,
    prepare_records,
    rendered_records,
)

SCHEMA = config_schema({"filter": FILTER})


def run(prepared: RecordConfig, scope: Scope, ports: Ports) -> Outcome:
    """How many records were removed. Raises Invalid for an empty filter, and what the record layer raises."""
    config = rendered_records(prepared, scope)
    return Outcome(status.RESOLVED, ports.records.destroy(config["collection"], filter_or_refuse(params_of(config))))


NODE = NodeType("destroy", SCHEMA, run, prepare_records, check=check_filtered_write)
