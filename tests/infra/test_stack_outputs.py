"""What ``make aws-check`` reads from a stack before it calls anything."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws_check import NEEDED_OUTPUTS, CheckFailed, outputs_of
from infra.deploy import Aws


class Told(Aws):
    """The CLI's answer about the stack."""

    def __init__(self, status: str, outputs: dict[str, str]) -> None:
        super().__init__(())
        listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        object.__setattr__(self, "answer", {"Stacks": [{"StackStatus": status, "Outputs": listed}]})

    def told(self, *command: str) -> Any:
        assert command == ("cloudformation", "describe-stacks", "--stack-name", "stepbase-dev")
        return self.__dict__["answer"]


OUTPUTS = {name: f"the {name}" for name in NEEDED_OUTPUTS}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
def test_the_outputs_of_a_stack_that_is_up_are_read(status: str) -> None:
    assert outputs_of(Told(status, OUTPUTS), "stepbase-dev") == OUTPUTS


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_is_not_up_is_told(status: str) -> None:
    with pytest.raises(CheckFailed, match=f"the stack stepbase-dev is {status}"):
        outputs_of(Told(status, OUTPUTS), "stepbase-dev")


def test_a_missing_output_is_named() -> None:
    with pytest.raises(CheckFailed, match="has no output IncomingTopicArn"):
        outputs_of(Told("CREATE_COMPLETE", {name: text for name, text in OUTPUTS.items() if name != "IncomingTopicArn"}), "stepbase-dev")


def test_every_output_that_is_needed_is_one_of_the_template(template: dict[str, Any]) -> None:
    assert set(NEEDED_OUTPUTS) <= set(template["Outputs"])
