"""Create record: add a record to a collection; the result is the created record.

Like every write of a workflow it is staged and reaches the database with all the others of the run, or not at all.
Source: https://docs.nocobase.com/workflow/nodes/create
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.template import Template
from chalicelib.nodes.base import NodeType, Outcome, Ports, Scope, rendered
from chalicelib.nodes.record_config import APPENDS, VALUES, check_records, config_schema, object_or_refuse, params_of

SCHEMA = config_schema({"values": VALUES, "appends": APPENDS})


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """The created row, with its ``appends``. Raises what the record layer raises (Invalid, NotFound, TooLarge)."""
    config = rendered(prepared, scope)
    params = params_of(config)
    row = ports.records.create(config["collection"], object_or_refuse(params, "values"), appends=params.get("appends") or ())
    return Outcome(status.RESOLVED, row)


NODE = NodeType("create", SCHEMA, run, check=check_records)
