"""Manual: waits for people. Each assignee gets a task with forms; what they submit decides how the line goes on.

One decides (mode 0), all must agree (1), or any one (-1). Tasks are written with the pending job; those who are not there are left out, and
nobody gets two tasks from one node. Without assignees nobody is waited for.
Source: https://docs.nocobase.com/workflow/nodes/manual
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.template import Template, compile_template, problems_of, text_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope
from chalicelib.nodes.manual_forms import FORMS, Form, prepare_forms, problems_of_forms, without_own_variables
from chalicelib.nodes.recipients import Recipients, known, named, prepare_recipients, problems_of_recipients, recipients_schema

SINGLE, ALL, ANY = 0, 1, -1
MOST_NAMED = 10
MOST_ASSIGNEES = 50  # their tasks are one transaction with what was written before

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "assignees": recipients_schema("Assignees", "Ids of users, templates that give an id or a list of ids, or filters on users."),
        "mode": {
            "enum": [SINGLE, ALL, ANY, None],
            "default": SINGLE,
            "title": "Mode",
            "description": "0: the first to settle decides. 1: all must agree. -1: one who agrees is enough.",
        },
        "title": {"type": ["string", "null"], "title": "Task title", "description": "What the list shows; may hold templates."},
        "forms": FORMS,
    },
}


@dataclass(frozen=True)
class Prepared:
    assignees: Recipients
    title: Template
    mode: int
    forms: Mapping[str, Form]


def prepare(config: dict[str, Json]) -> Prepared:
    assignees, title = prepare_recipients(config.get("assignees"), "assignees"), compile_template(config.get("title"))
    return Prepared(assignees, title, config.get("mode") or SINGLE, prepare_forms(config.get("forms")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """PENDING with a task for each assignee, the result null or, where several decide, ``[]``; RESOLVED where nobody is assigned.

    ERROR when none of those who are named is there, or they are too many. Raises Invalid for a filter that templates made invalid."""
    result: Json = [] if prepared.mode != SINGLE else None
    wanted = [one for one in named(prepared.assignees, scope, ports) if one]
    if not wanted:
        return Outcome(status.RESOLVED, result)
    users = known(wanted, ports)
    if not users:
        names = ", ".join(text_of(one) for one in wanted[:MOST_NAMED])
        return Outcome(status.ERROR, {"message": f"none of the assignees is a user: {names}", "code": "UNKNOWN_ASSIGNEE"})
    if len(users) > MOST_ASSIGNEES:
        return Outcome(
            status.ERROR, {"message": f"{len(users)} users are assigned, at most {MOST_ASSIGNEES} can be", "code": "TOO_MANY_ASSIGNEES"}
        )
    title = text_of(prepared.title.render(scope)) or None
    for user in users:
        ports.records.add_task("workflowManualTasks", _task(user, title, ports))
    return Outcome(status.PENDING, result)


def _task(user: int, title: str | None, ports: Ports) -> dict[str, Json]:
    return {
        "userId": user,
        "executionId": ports.execution_id,
        "jobKey": ports.job_key,
        "nodeId": ports.node_id,
        "workflowId": ports.workflow_id,
        "title": title,
        "status": status.PENDING,
    }


def verdict(mode: int, statuses: Sequence[int], latest: int) -> int:
    """The status of the job when the tasks have these statuses and ``latest`` was settled last; PENDING while others are waited for."""
    if mode == SINGLE:
        return latest
    refused = [one for one in statuses if one < 0]
    if mode == ANY:
        return status.RESOLVED if status.RESOLVED in statuses else status.REJECTED if len(refused) == len(statuses) else status.PENDING
    return refused[0] if refused else status.PENDING if status.PENDING in statuses else status.RESOLVED


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """Assignees that cannot be, what is wrong with the forms, and templates that lead nowhere."""
    plain = config | {"forms": without_own_variables(config.get("forms"))}
    return [
        *problems_of_recipients(config.get("assignees"), f"{path}.assignees", definitions, MOST_ASSIGNEES),
        *problems_of_forms(config.get("forms"), f"{path}.forms", definitions),
        *problems_of(plain, path, definitions.known_nodes, definitions.scopes),
    ]


NODE = NodeType("manual", SCHEMA, run, prepare, check=check, checks_templates=False, waits=True)
