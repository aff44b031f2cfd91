"""What has to be done so that a running Stepbase is as the definition files say: a list of steps, each with its diff.

Only what a file says is compared: an option it does not name stays as it is, and what is in no file is removed only when asked. Reading
and writing go through the HTTP API, so nothing can be brought over that its caller may not do by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from local import plan_actions, plan_collections, plan_workflows
from local.definitions import Body, Definitions
from local.steps import Caller, Step, diff, differing, made, quoted

STOCK = ("root", "admin", "member")


def changes(client: Caller, wanted: Definitions, prune: bool) -> tuple[list[Step], list[str]]:
    """The steps in running order, and what is there but in no file. Raises Refused, OSError."""
    collections = plan_collections.Plan(client, wanted.collections)
    workflows = plan_workflows.Plan(client, wanted.workflows)
    actions = plan_actions.Plan(client, wanted.actions)
    roles = {row["name"]: row for row in client.call("roles:list", paginate="false")["data"]}
    steps = [*collections.steps(), *_role_steps(client, wanted.roles, roles), *workflows.steps(), *actions.steps()]
    spare_roles = [name for name, role in roles.items() if name not in wanted.roles and name not in STOCK and not role.get("default")]
    extra = [*actions.extra(), *workflows.extra(), *(_removed_role(client, name) for name in spare_roles), *collections.extra()]
    return (steps + extra, []) if prune else (steps, [step.title for step in extra if step.title])


def _role_steps(client: Caller, wanted: dict[str, Body], there: dict[str, Body]) -> Iterator[Step]:
    for name, role in wanted.items():
        if name not in there:
            yield Step("+", f"role {name}", made(client, "roles:create", role), diff({}, role))
            continue
        different = differing(role, there[name])
        if different:
            old = {option: there[name].get(option) for option in different}
            yield Step("~", f"role {name}", made(client, f"roles:update/{quoted(name)}", different), diff(old, different))


def _removed_role(client: Caller, name: str) -> Step:
    return Step("-", f"role {name}", made(client, f"roles:destroy/{quoted(name)}", {}), ["taken from every user that has it"])
