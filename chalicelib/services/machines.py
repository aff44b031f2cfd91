"""State machines of asynchronous workflows, and of synchronous ones that may spill: named after what they do, made before anybody can start
them, never changed.

The name holds a hash of the definition, so a version that is edited, and a release that compiles it otherwise, has another machine, and
what runs goes on as it began. Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import hashlib
import json

from chalicelib.asl.lint import problems_of_machine
from chalicelib.domain.machines import MACHINE_NOT_FOUND, MachineRefused
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.compiler import Functions, compile_workflow
from chalicelib.errors import AppError, Json
from chalicelib.observability import logger
from chalicelib.services.backend import Backend
from chalicelib.services.cloud_refusals import not_made

HASH_DIGITS = 12
NOT_CREATED = "MACHINE_NOT_CREATED"


def machine_name(stage: str, workflow: Workflow, document: dict[str, Json]) -> str:
    """``<stage>-<version id>-<12 digits of the definition's hash>``."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{stage}-{workflow.id}-{hashlib.sha256(canonical.encode()).hexdigest()[:HASH_DIGITS]}"


def machine_of(backend: Backend, workflow: Workflow) -> tuple[str, dict[str, Json]]:
    """The machine's name and definition. Raises MachineRefused where there is no Step Functions."""
    functions = backend.machines.functions()
    made: dict[tuple[str, ...], tuple[str, dict[str, Json]]] = workflow.__dict__.setdefault("_machines", {})
    at = (backend.stage, *functions)
    if at not in made:
        document = compile_workflow(workflow, Functions(*functions))
        made[at] = machine_name(backend.stage, workflow, document), document
    return made[at]


def publish(backend: Backend, workflow: Workflow) -> None:
    """Make the workflow's machine unless it is there. Raises Unavailable when Step Functions does not, AppError for a bug of ours."""
    try:
        name, document = machine_of(backend, workflow)
        problems = problems_of_machine(document)
        if problems:
            logger.error("version %s of the workflow %s compiles to a wrong machine: %s", workflow.id, workflow.key, "; ".join(problems))
            raise AppError(f'the workflow "{workflow.title}" could not be turned into a state machine: {problems[0]}', code=NOT_CREATED)
        backend.machines.publish(name, document)
    except MachineRefused as refused:
        raise not_made("state machine", workflow, "AWS Step Functions", refused, NOT_CREATED) from refused


def start(backend: Backend, workflow: Workflow, execution_id: int, attempt: int) -> None:
    """Start an attempt, after making its machine when that is missing. Raises MachineRefused; one that was started is started."""
    name, document = machine_of(backend, workflow)
    payload: dict[str, Json] = {"executionId": execution_id, "attempt": attempt}
    try:
        backend.machines.start(name, f"{execution_id}-{attempt}", payload)
    except MachineRefused as refused:
        if refused.code != MACHINE_NOT_FOUND:
            raise
        backend.machines.publish(name, document)
        backend.machines.start(name, f"{execution_id}-{attempt}", payload)


def stop(backend: Backend, workflow: Workflow, execution_id: int, attempt: int) -> None:
    """Stop an attempt, best effort: one that goes on finds that it may write no more."""
    try:
        backend.machines.stop(machine_of(backend, workflow)[0], f"{execution_id}-{attempt}")
    except MachineRefused as refused:
        logger.warning("attempt %s of execution %s was not stopped: %s", attempt, execution_id, refused)


def is_running(backend: Backend, workflow: Workflow, execution_id: int, attempt: int) -> bool:
    """Whether Step Functions walks the attempt. Raises MachineRefused when nobody can say."""
    return backend.machines.is_running(machine_of(backend, workflow)[0], f"{execution_id}-{attempt}")
