"""The `Machines` port on AWS Step Functions.

Machines are never updated: another definition has another name. Where making one is not this function's right (it takes
``iam:PassRole``), the function that may is called instead. Clients and their library are loaded with the first call.
Source: https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from chalicelib.domain.machines import MACHINE_NOT_FOUND, NO_ANSWER, MachineRefused
from chalicelib.errors import Json
from chalicelib.observability import logger

LONGEST_NAME = 80
LOOKS, PAUSE_SECONDS = 10, 0.2
MOST_LISTED = 1_000
TAKEN = ("StateMachineAlreadyExists", "ExecutionAlreadyExists")
MISSING = ("StateMachineDoesNotExist", "StateMachineDeleting")
UNKNOWN = ("ExecutionDoesNotExist", *MISSING)
OVER = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


class Patience(NamedTuple):
    """How long a call waits for a connection and then for an answer, and how often it is sent in all."""

    connect_seconds: float
    read_seconds: float
    attempts: int


LONG = Patience(2, 5, 3)  # for making a machine, without which nothing can be enabled
SHORT = Patience(1, 2, 2)  # after a commit: somebody waits for the answer, and the sweep does what was not done


class MachineSettings(Protocol):
    """The part of the settings about machines.

    ``arn_prefix`` is what stands before a machine's name, ``arn:aws:states:<region>:<account>:stateMachine:``; ``run_function`` and
    ``wait_function`` are the ARNs of what machines call; ``role`` is what they run as, ``None`` where ``publish_function`` makes them."""

    @property
    def arn_prefix(self) -> str: ...
    @property
    def run_function(self) -> str: ...
    @property
    def wait_function(self) -> str: ...
    @property
    def role(self) -> str | None: ...
    @property
    def publish_function(self) -> str | None: ...


class StepFunctions:
    """Machines of one account and region, which the settings name."""

    def __init__(self, region: str, settings: MachineSettings) -> None:
        self._region, self._settings = region, settings

    @cached_property
    def _states(self) -> Any:
        return _client("stepfunctions", self._region, SHORT)

    @cached_property
    def _making(self) -> Any:
        return _client("stepfunctions", self._region, LONG)

    @cached_property
    def _lambda(self) -> Any:
        return _client("lambda", self._region, LONG)

    def publish(self, name: str, definition: dict[str, Json]) -> None:
        """Make the machine unless it is there; here, or in the function that may. Raises MachineRefused."""
        if len(name) > LONGEST_NAME:
            raise MachineRefused(f'a state machine named "{name}" would have {len(name)} characters; at most {LONGEST_NAME} are allowed')
        if self._settings.publish_function is not None:
            self._publish_elsewhere(name, definition)
        else:
            self._publish_here(name, definition)

    def _publish_here(self, name: str, definition: dict[str, Json]) -> None:
        if self._settings.role is None:
            raise MachineRefused("set STATE_MACHINE_ROLE_ARN, what state machines run as, or PUBLISH_FUNCTION, which makes them")
        text = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
        role = self._settings.role
        _asked(self._making.create_state_machine, TAKEN, name=name, definition=text, roleArn=role, type="STANDARD")
        self._wait_until_active(name)

    def _wait_until_active(self, name: str) -> None:
        """A new machine is not seen everywhere at once. Raises MachineRefused."""
        for _ in range(LOOKS):
            found = _asked(self._making.describe_state_machine, MISSING, "status", stateMachineArn=self._machine(name))
            if found is not None and found["status"] == "ACTIVE":
                return
            time.sleep(PAUSE_SECONDS)
        raise MachineRefused(f'the state machine "{name}" was made but is not active yet; try again', MACHINE_NOT_FOUND)

    def _publish_elsewhere(self, name: str, definition: dict[str, Json]) -> None:
        event = json.dumps({"name": name, "definition": definition}, ensure_ascii=False)
        answer = _asked(self._lambda.invoke, needed="Payload", FunctionName=self._settings.publish_function, Payload=event.encode())
        told = _read(answer["Payload"]) if answer is not None else {}
        if answer is not None and "FunctionError" in answer:
            raise MachineRefused(str(told.get("errorMessage")), str(told.get("errorType")))
        if refused := told.get("refused"):
            raise MachineRefused(str(refused["message"]), str(refused["code"]))

    def start(self, name: str, execution: str, payload: dict[str, Json]) -> None:
        """Start an execution of the machine unless one of that name was started. Raises MachineRefused."""
        arn, text = self._machine(name), json.dumps(payload)
        _asked(self._states.start_execution, TAKEN, stateMachineArn=arn, name=execution, input=text)

    def send(self, token: str) -> bool:
        """End the wait that the token stands for; False when nobody waits with it any more, or nobody answered."""
        try:
            _asked(self._states.send_task_success, taskToken=token, output="{}")
        except MachineRefused as refused:
            if refused.code not in OVER:
                logger.warning("a wait could not be ended: %s", refused)
            return False
        return True

    def stop(self, name: str, execution: str) -> None:
        """Stop the execution, if it runs. One that cannot be stopped changes nothing any more: its attempt is over."""
        try:
            _asked(self._states.stop_execution, UNKNOWN, executionArn=self._execution(name, execution))
        except MachineRefused as refused:
            logger.warning("the execution %s could not be stopped: %s", execution, refused)

    def is_running(self, name: str, execution: str) -> bool:
        """Whether Step Functions walks this execution now. Raises MachineRefused when nobody can say."""
        found = _asked(self._states.describe_execution, UNKNOWN, "status", executionArn=self._execution(name, execution))
        return found is not None and found["status"] in ("RUNNING", "PENDING_REDRIVE")

    def names(self) -> dict[str, int]:
        """Every machine of the account and region, with the time when it was made (epoch milliseconds). Raises MachineRefused."""
        found: dict[str, int] = {}
        more: dict[str, Json] = {}
        while True:
            page = _asked(self._making.list_state_machines, (), "stateMachines", maxResults=MOST_LISTED, **more) or {}
            found |= {one["name"]: round(one["creationDate"].timestamp() * 1000) for one in page["stateMachines"]}
            if not page.get("nextToken"):
                return found
            more = {"nextToken": page["nextToken"]}

    def remove(self, name: str) -> None:
        """Remove the machine, if it is there; what it still runs ends with its next state. Raises MachineRefused."""
        _asked(self._making.delete_state_machine, MISSING, stateMachineArn=self._machine(name))

    def functions(self) -> tuple[str, str]:
        """The ARNs of the functions that machines call: the one that walks, the one that takes tokens."""
        return self._settings.run_function, self._settings.wait_function

    def _machine(self, name: str) -> str:
        return f"{self._settings.arn_prefix}{name}"

    def _execution(self, name: str, execution: str) -> str:
        return f"{self._settings.arn_prefix.replace(':stateMachine:', ':execution:')}{name}:{execution}"


def _client(service: str, region: str, patience: Patience) -> Any:
    """A client whose endpoint is AWS's, or what the standard ``AWS_ENDPOINT_URL_<SERVICE>`` says.

    Every call here may be repeated: machines and executions have names, a token ends one wait."""
    import botocore.session
    from botocore.config import Config

    retries = {"total_max_attempts": patience.attempts, "mode": "standard"}
    limits = Config(connect_timeout=patience.connect_seconds, read_timeout=patience.read_seconds, retries=retries)
    return botocore.session.get_session().create_client(service, region_name=region, config=limits)


def _read(payload: Any) -> dict[str, Json]:
    """The function's answer. Raises MachineRefused for one that is cut short."""
    from botocore.exceptions import BotoCoreError

    try:
        told = json.loads(payload.read())
    except (BotoCoreError, ValueError) as error:
        raise MachineRefused(f"the answer of the function was cut short: {error}", NO_ANSWER) from None
    return told if isinstance(told, dict) else {}


def _asked(
    call: Callable[..., dict[str, Json]], fine: Collection[str] = (), needed: str | None = None, **parameters: Json
) -> dict[str, Json] | None:
    """What the service answers; ``None`` for an error whose code is ``fine``. Raises MachineRefused.

    botocore makes an answer without its members of one that was cut short: one without the member ``needed`` is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = call(**parameters)
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code") or NO_ANSWER)
        if code in fine:
            return None
        raise MachineRefused(
            str(told.get("Message") or f"Step Functions answered {code}"), MACHINE_NOT_FOUND if code in MISSING else code
        ) from None
    except BotoCoreError as error:
        raise MachineRefused(f"Step Functions gave no answer: {error}", NO_ANSWER) from None
    if needed is not None and needed not in answer:
        raise MachineRefused("the answer of Step Functions was cut short", NO_ANSWER)
    return answer
