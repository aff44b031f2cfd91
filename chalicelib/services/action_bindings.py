"""What an action is bound to: whether the workflows and the procedure it names are there and fit its context and collection.

Asked when the action is saved, so that no button is made that cannot work, and again when it is shown and pressed, since a workflow may
have been disabled since. Source: https://docs.nocobase.com/workflow/triggers/custom-action
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.action import MULTIPLE, NONE, PROCEDURE, SINGLE, WORKFLOW, Action, Bound
from chalicelib.domain.collection import Collection
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.definitions import Definitions
from chalicelib.errors import Problem
from chalicelib.procedures import Procedure, Procedures, found_procedure
from chalicelib.triggers.custom_action import CUSTOM_ACTION, why_not

IDS = {NONE: "none", SINGLE: "one", MULTIPLE: "many"}


def procedure_of(action: Action, procedures: Procedures) -> Procedure | None:
    """The procedure of the action's collection, else one of no collection."""
    name = str(action.row.get("procedure") or "")
    found = found_procedure(action.collection, name, procedures) if action.collection else None
    return found or found_procedure("procedures", name, procedures)


def workflows_of(action: Action, definitions: Definitions) -> list[Workflow | None]:
    """The enabled versions that the action starts, in its order; ``None`` where there is none."""
    return [definitions.workflow_now(bound.key) for bound in action.bound]


def is_global(workflows: Sequence[Workflow | None]) -> bool:
    """Whether they are started without a collection (https://docs.nocobase.com/workflow/triggers/custom-action#context-type)."""
    return all(workflow is not None and not workflow.config.get("type") for workflow in workflows)


def problems_of_binding(action: Action, definitions: Definitions, procedures: Procedures) -> list[Problem]:
    """Why the action cannot work."""
    if action.collection and definitions.collection_now(action.collection) is None:
        return [Problem(f'there is no collection "{action.collection}"', "collection", "COLLECTION_NOT_FOUND")]
    if action.kind == WORKFLOW:
        return _problems_of_workflows(action, definitions)
    return _problems_of_procedure(action, procedures) if action.kind == PROCEDURE else []


def _problems_of_workflows(action: Action, definitions: Definitions) -> list[Problem]:
    found = []
    workflows = workflows_of(action, definitions)
    for number, (bound, workflow) in enumerate(zip(action.bound, workflows, strict=True)):
        problem = _why_not(action, bound, workflow, definitions)
        if problem:
            found.append(replace(problem, path=f"workflows.{number}"))
    kinds = {bool(workflow.config.get("type")) for workflow in workflows if workflow and workflow.type == CUSTOM_ACTION}
    if not found and len(kinds) > 1:
        found.append(Problem("workflows with and workflows without a record cannot be started together", "workflows", "WRONG_CONTEXT_TYPE"))
    if len({bound.key for bound in action.bound}) < len(action.bound):
        found.append(Problem("a workflow is named twice", "workflows"))
    return found


def _why_not(action: Action, bound: Bound, workflow: Workflow | None, definitions: Definitions) -> Problem | None:
    if workflow is None:
        return Problem(f'there is no enabled workflow with the key "{bound.key}"', "", "WORKFLOW_NOT_FOUND")
    collection = definitions.collection_now(action.collection) if action.collection else None
    if bound.association and action.context == NONE:
        return Problem(f'"{bound.segment}": an association is one of a record, and the context is none')
    target = target_of(collection, bound.association, definitions)
    if bound.association and target is None:
        return Problem(f'"{bound.association}" is no to-one association of collection "{action.collection}"')
    resource = collection.name if collection and (action.context != NONE or workflow.config.get("type")) else None
    ids = IDS[action.context]
    return why_not(
        workflow,
        resource_collection=resource,
        target_collection=target.name if target else resource,
        ids="none" if ids == "none" else "one" if ids == "one" else "many",
        key=bound.key,
    )


def target_of(collection: Collection | None, path: str, definitions: Definitions) -> Collection | None:
    """The collection at the end of a path of to-one associations."""
    for name in path.split(".") if path else ():
        field = collection.field(name) if collection else None
        collection = definitions.collection_now(field.target or "") if field and field.is_to_one and not field.hidden else None
    return collection


def _problems_of_procedure(action: Action, procedures: Procedures) -> list[Problem]:
    procedure = procedure_of(action, procedures)
    if procedure is None:
        where = f'the collection "{action.collection}", nor of none' if action.collection else "no collection"
        return [Problem(f'there is no procedure "{action.row.get("procedure")}" of {where}', "procedure", "PROCEDURE_NOT_FOUND")]
    if action.context == MULTIPLE:
        return [Problem("a procedure works on one record or on none: choose the context single or none", "context", "WRONG_CONTEXT_TYPE")]
    if action.context == SINGLE and procedure.collection is None:
        return [Problem(f"{procedure.address} works on no record: choose the context none", "context", "WRONG_CONTEXT_TYPE")]
    return []
