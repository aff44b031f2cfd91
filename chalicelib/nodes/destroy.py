"""Delete record: remove every record that a filter finds; the result is their number.

The filter must be there and hold a condition, when it is saved and after its templates are filled in: no filter would mean all.
Source: https://docs.nocobase.com/workflow/nodes/destroy
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered
from chalicelib.nodes.record_config import FILTER, check_filtered_write, config_schema, filter_or_refuse, params_of

SCHEMA = config_schema({"filter": FILTER})


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """How many records were removed. Raises Invalid for an empty filter, and what the record layer raises."""
    config = rendered(prepared, scope)
    return Outcome(status.RESOLVED, ports.records.destroy(config["collection"], filter_or_refuse(params_of(config))))


NODE = NodeType("destroy", SCHEMA, run, check=check_filtered_write)
