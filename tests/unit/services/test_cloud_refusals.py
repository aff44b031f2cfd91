"""What is said of a machine that AWS did not make. https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html"""

from __future__ import annotations

import logging

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.machines import NO_ANSWER, MachineRefused
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import Unavailable
from chalicelib.services.cloud_refusals import not_made
from tests.sessions import Session
from tests.unit.services.test_machines import body

SECRET = "User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: states:CreateStateMachine"

WORKFLOW = Workflow.of(
    {"id": 8192, "key": "slow", "title": "Slow", "type": "custom-action", "config": {}, "nodes": []}, frozen=False, version=1
)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "not set up"),
        (NO_ANSWER, "did not answer; try again"),
        ("ThrottlingException", "too much to do now; try again"),
        ("StateMachineLimitExceeded", "no room for another one"),
        ("AccessDeniedException", "may not do that"),
        ("InvalidDefinition", "did not take it"),
    ],
)
def test_the_answer_says_what_helps_and_the_log_what_aws_said(reason: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        error = not_made("state machine", WORKFLOW, "AWS Step Functions", MachineRefused(SECRET, reason), "MACHINE_NOT_CREATED")
    assert error.message.startswith('the state machine of the workflow "Slow" could not be created: ')
    assert said in error.message
    assert error.message.endswith("The workflow was not enabled")
    assert (error.code, error.data) == ("MACHINE_NOT_CREATED", {"reason": reason or None, "retryAfter": 5})
    assert "arn:" not in f"{error.message}{error.data}"
    assert SECRET in caplog.text


def test_who_enables_a_workflow_hears_nothing_of_the_account() -> None:
    session = Session(MemoryStore()).install()

    def denied(call: object) -> None:
        raise MachineRefused(SECRET, "AccessDeniedException")

    session.machines.failures.append(denied)
    with pytest.raises(Unavailable) as caught:
        session.call("workflows:create", None, body(enabled=True))
    assert "123456789012" not in caught.value.message
    assert caught.value.data == {"reason": "AccessDeniedException", "retryAfter": 5}
