"""What the lint says about a definition that Step Functions would refuse, or that could not end; nothing about a sound one."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chalicelib.asl import states
from chalicelib.asl.lint import MOST_BYTES, problems_of_machine

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:run"
CATCH = [states.catch(["States.ALL"], "Failed")]
SOUND = states.machine(
    "sound",
    "Walk",
    {
        "Walk": states.task(FUNCTION, {}, "Decide", retries=[], catches=CATCH),
        "Decide": states.choice("$.next", {"until": "Sleep", "done": "Done"}, "Failed"),
        "Sleep": states.wait_until("$.until", "Walk"),
        "Done": states.succeed(),
        "Failed": states.fail("WorkflowFailed", "see its jobs"),
    },
)

Document = dict[str, Any]


def changed(**states_changed: Any) -> Document:
    """The sound machine with other states; ``None`` takes one away."""
    document = copy.deepcopy(SOUND)
    for name, state in states_changed.items():
        if state is None:
            del document["States"][name]
        else:
            document["States"][name] = document["States"].get(name, {}) | state
    return document


def test_a_sound_definition_has_no_problems() -> None:
    assert problems_of_machine(SOUND) == []


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, 'StartAt names "None", which is no state'),
        (SOUND | {"StartAt": "Nowhere"}, 'StartAt names "Nowhere", which is no state'),
        (changed(Sleep=None), '"Decide" leads to "Sleep", which is no state'),
        (changed(Decide={"Default": "Nowhere"}), '"Decide" leads to "Nowhere", which is no state'),
        (changed(Walk={"Catch": [states.catch(["States.ALL"], "Nowhere")]}), '"Walk" leads to "Nowhere", which is no state'),
        (changed(Lonely=states.succeed()), 'nothing leads to "Lonely"'),
        (changed(Decide={"Choices": []}), '"Decide" has no choices'),
        (changed(Walk={"Catch": [states.catch(["States.Timeout"], "Failed")]}), '"Walk" does not catch States.ALL'),
    ],
)
def test_a_mistake_is_named(document: Document, problem: str) -> None:
    assert problem in problems_of_machine(document)


def test_a_choice_without_a_default_is_a_problem() -> None:
    document = copy.deepcopy(SOUND)
    del document["States"]["Decide"]["Default"]
    assert '"Decide" has no Default' in problems_of_machine(document)


def test_a_state_that_leads_nowhere_is_a_problem() -> None:
    document = copy.deepcopy(SOUND)
    del document["States"]["Sleep"]["Next"]
    assert problems_of_machine(document) == ['"Sleep" has neither Next nor End']


def test_a_name_over_80_characters_is_a_problem() -> None:
    name = "x" * 81
    document = json.loads(json.dumps(SOUND).replace("Sleep", name))
    assert problems_of_machine(document) == [f'the name "{name}" has 81 characters; at most 80 are allowed']


def test_a_definition_over_1_mib_is_a_problem() -> None:
    size = len(json.dumps(SOUND, ensure_ascii=False).encode())
    assert problems_of_machine(SOUND | {"Comment": SOUND["Comment"] + "x" * (MOST_BYTES - size)}) == []
    (problem,) = problems_of_machine(SOUND | {"Comment": SOUND["Comment"] + "x" * (MOST_BYTES - size + 1)})
    assert problem == f"the definition has {MOST_BYTES + 1} bytes; at most {MOST_BYTES} are allowed"
