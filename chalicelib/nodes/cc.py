"""Carbon copy: tells users of something, by an unread task in the to-do list of each.

Tasks are written with the run: when it fails there are none. Users who are not there are left out, and nobody gets two tasks from one node.
Source: https://docs.nocobase.com/workflow/nodes/cc
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.template import Template, compile_template, text_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope
from chalicelib.nodes.recipients import Recipients, known, named, prepare_recipients, problems_of_recipients, recipients_schema

UNREAD = 0
MOST_RECIPIENTS = 90

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "users": recipients_schema("Recipients", "Ids of users, templates that give an id or a list of ids, or filters on users."),
        "title": {"type": ["string", "null"], "title": "Task title", "description": "What the list shows; may hold templates."},
    },
}


@dataclass(frozen=True)
class Prepared:
    """Recipients in the order of the config."""

    users: Recipients
    title: Template


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(prepare_recipients(config.get("users"), "users"), compile_template(config.get("title")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """Null, also when nobody is told; ERROR when that would be too many. Raises Invalid for a filter that templates made invalid."""
    title, users = text_of(prepared.title.render(scope)) or None, known(named(prepared.users, scope, ports), ports)
    if len(users) > MOST_RECIPIENTS:
        message = f"{len(users)} users would be told, at most {MOST_RECIPIENTS} can be: their tasks are one transaction"
        return Outcome(status.ERROR, {"message": message, "code": "TOO_MANY_RECIPIENTS"})
    for user in users:
        ports.records.add_task("workflowCcTasks", _task(user, title, ports))
    return Outcome(status.RESOLVED)


def _task(user: int, title: str | None, ports: Ports) -> dict[str, Json]:
    return {
        "userId": user,
        "executionId": ports.execution_id,
        "jobKey": ports.job_key,
        "nodeId": ports.node_id,
        "workflowId": ports.workflow_id,
        "title": title,
        "status": UNREAD,
    }


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """Ids that are none or too many, and filters that cannot be or mean everybody."""
    return problems_of_recipients(config.get("users"), f"{path}.users", definitions, MOST_RECIPIENTS)


NODE = NodeType("cc", SCHEMA, run, prepare, check=check)
