"""What the body of a workflow or a node may name. A name that is none is told: it is a mistake that would look as if it had worked.

What the API itself answers may come back, as clients send it that read a row, change it and send the whole: it is ignored where it cannot
be written. Source: https://docs.nocobase.com/workflow/development/api
"""

from __future__ import annotations

from collections.abc import Collection as Names

from chalicelib.domain.record import Row
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.errors import Invalid, Problem
from chalicelib.services.workflow_rows import APPENDS, OF_NODE

# OF_CLIENT…: what the published client's own copies of the rows hold beside that.
OF_CLIENT = ("revisions", "executions", "useTransaction")
OF_CLIENT_NODE = ("upstream", "downstream", "branches", "workflow", "jobs", "cid")
OF_WORKFLOW = frozenset((*WORKFLOWS.fields, *APPENDS, "executed", "allExecuted", *OF_CLIENT))
OF_FLOW_NODE = frozenset((*OF_NODE, "createdById", "updatedById", "createdBy", "updatedBy", *OF_CLIENT_NODE))


def check_known(values: Row, known: Names[str], what: str, written: Names[str]) -> None:
    """Raises Invalid naming every key of the body that is none of ``known``, and those that are ``written``."""
    unknown = [name for name in values if name not in known]
    if unknown:
        taken = ", ".join(written)
        found = [Problem(f'{what} has no "{name}"; {taken} can be written', name, "UNKNOWN_FIELD") for name in unknown]
        raise Invalid.of(found)
