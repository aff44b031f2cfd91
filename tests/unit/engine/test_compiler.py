"""The tree as a state machine: sound whatever its nodes are called, and with no more transitions than the waits need.

Source of the price: https://aws.amazon.com/step-functions/pricing/ (Standard workflows are paid by the transition).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.asl.lint import problems_of_machine
from chalicelib.domain.ids import fresh_key
from chalicelib.domain.workflow import Workflow
from chalicelib.engine.compiler import Functions, compile_workflow
from chalicelib.engine.nested_nodes import flatten
from chalicelib.engine.stored_jobs import read_all
from tests.conformance.test_machines import EXECUTION_ID, AsyncBench

Json = Any
Nodes = list[dict[str, Json]]

FUNCTIONS = Functions("arn:aws:lambda:us-east-1:123456789012:function:run", "arn:aws:lambda:us-east-1:123456789012:function:wait")
BACKSLASH_AND_FRIENDS = 'a\\b"c*d?e<f>g{h}i[j]k:l;m,n|o^p~q$r#s%t&u`v/w\u0000x\u009fy'


def delay(title: str = "Wait") -> dict[str, Json]:
    return {"type": "delay", "title": title, "config": {"duration": 1, "unit": 1000, "endStatus": 1}}


def variable(title: str = "Set") -> dict[str, Json]:
    return {"type": "variable", "title": title, "config": {"value": 1}}


def again(title: str = "Again", **config: Json) -> dict[str, Json]:
    """A node that may be tried again."""
    return {"type": "query", "title": title, "config": {"collection": "samples", "retry": [{"errors": ["*"]}], **config}}


def condition(yes: Nodes, no: Nodes, title: str = "Is it?") -> dict[str, Json]:
    config = {"engine": "basic", "calculation": {"group": {"type": "and", "calculations": []}}}
    return {"type": "condition", "title": title, "config": config, "branches": {"1": yes, "0": no}}


def loop(rounds: int, body: Nodes, title: str = "Again") -> dict[str, Json]:
    return {"type": "loop", "title": title, "config": {"target": rounds}, "branches": {"0": body}}


def parallel(*lines: Nodes, mode: str = "all", title: str = "Both") -> dict[str, Json]:
    return {
        "type": "parallel",
        "title": title,
        "config": {"mode": mode},
        "branches": {str(n): line for n, line in enumerate(lines, start=1)},
    }


def deep(depth: int) -> Nodes:
    return [condition(deep(depth - 1), [delay()]), variable()] if depth else [delay()]


SHAPES: dict[str, Nodes] = {
    "one wait": [delay()],
    "nothing that waits": [variable()],
    "no nodes": [],
    "waits in a row": [delay(), delay(), variable(), delay()],
    "a wait in one branch": [condition([delay()], []), variable()],
    "waits in both branches": [condition([delay("Yes")], [delay("No")]), delay("After")],
    "a loop that waits": [variable(), loop(3, [variable(), delay()]), delay()],
    "a loop that does not": [loop(3, [variable()]), delay()],
    "a race": [parallel([delay()], [variable()], mode="race")],
    "loops in parallel": [parallel([loop(2, [delay()])], [loop(2, [parallel([delay()], [delay()])])])],
    "an end": [condition([{"type": "end", "title": "Stop", "config": {"endStatus": -1}}], [delay()])],
    "a task for somebody": [{"type": "manual", "title": "Approve", "config": {"assignees": [1]}}, variable()],
    "another try on the trunk": [variable(), again("Ask"), variable()],
    "another try between waits": [delay(), again("Ask"), delay()],
    "another try in a loop": [loop(2, [again("Ask")])],
    "another try beside a wait in a loop": [loop(2, [again("Ask"), delay()])],
    "another try in a transaction": [{"type": "transaction", "title": "All", "config": {}, "branches": {"0": [again("Ask")]}}, delay()],
    "a branch of a task for somebody": [
        {"type": "manual", "title": "Approve", "config": {"assignees": [1], "onError": "branch"}, "branches": {"0": [delay(), variable()]}},
        delay(),
    ],
    "a subflow": [{"type": "subflow", "title": "Call", "config": {"workflow": "other"}}, delay()],
    "ten levels": deep(10),
    "200 waits": [delay() for _ in range(200)],
    "200 nodes, every tenth waits": [delay() if n % 10 == 0 else variable() for n in range(200)],
    "titles of 255 characters": [delay("long " * 51), variable("long " * 51), delay("long " * 51)],
    "titles of strange characters": [delay(BACKSLASH_AND_FRIENDS), condition([delay("审批")], [delay("🚀" * 90)], "\n"), delay("")],
    "titles that the compiler takes itself": [
        delay(title) for title in ("Done", "Failed", "Mark as failed", "Resume", "Finish", "From Done")
    ],
}


def workflow_of(nodes: Nodes, key: str = "shape", **options: Json) -> Workflow:
    """A stored version with these nodes."""
    ids = itertools.count((1 << 20) + 1)
    flat = flatten(nodes, lambda: next(ids), fresh_key)
    return Workflow(1 << 20, key, f"The {key}", "custom-action", False, True, {"type": 0}, options, flat)


def compiled(nodes: Nodes, **options: Json) -> dict[str, Json]:
    return compile_workflow(workflow_of(nodes, **options), FUNCTIONS)


def entered(nodes: Nodes, **options: Json) -> list[str]:
    """The states that a machine of this workflow enters until it succeeds."""
    document = {"type": "custom-action", "config": {"type": 0}, "nodes": nodes, "options": options}
    bench = AsyncBench({"workflow": document, "trigger": {"data": {}}})
    machine = bench.start()
    assert bench.how is None
    own, _ = read_all(bench.store, EXECUTION_ID)
    assert own is not None
    assert own["status"] == 1
    return machine.entered


def kinds(document: dict[str, Json], kind: str) -> list[str]:
    return [name for name, state in document["States"].items() if state["Type"] == kind]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", [{}, {"statePerNode": True}], ids=["segments", "nodes"])
def test_every_definition_is_sound(shape: str, options: Json) -> None:
    document = compiled(SHAPES[shape], **options)
    assert problems_of_machine(document) == []
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("waits", [1, 2, 5, 20])
def test_a_wait_on_the_trunk_costs_two_transitions(waits: int) -> None:
    assert len(entered([delay() for _ in range(waits)])) <= 2 * waits + 2
    between = [node for _ in range(waits) for node in (variable(), delay(), variable())]
    assert len(entered(between)) <= 2 * waits + 2


def test_nodes_that_do_not_wait_cost_none() -> None:
    assert len(entered([variable() for _ in range(100)])) == len(entered([variable()])) == 2


@pytest.mark.parametrize("waits", [1, 2, 5, 20])
def test_a_wait_in_a_kernel_costs_three_transitions(waits: int) -> None:
    assert len(entered([loop(waits, [variable(), delay()])])) <= 3 * waits + 3


def test_branches_wait_together() -> None:
    assert len(entered([parallel(*[[delay()] for _ in range(10)])])) <= 3 + 3


def test_a_wait_is_a_state_under_the_title_of_its_node() -> None:
    document = compiled([delay("Let it rest"), variable(), delay("Once more")])
    assert kinds(document, "Wait") == ["Let it rest", "Once more"]
    assert all(state.get("TimestampPath") == "$.until" for state in document["States"].values() if state["Type"] == "Wait")


def test_a_task_for_somebody_waits_for_its_token() -> None:
    state = compiled(SHAPES["a task for somebody"])["States"]["Approve"]
    assert state["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
    assert state["Parameters"]["FunctionName"] == FUNCTIONS.wait
    assert state["Parameters"]["Payload"]["token.$"] == "$$.Task.Token"
    assert state["TimeoutSecondsPath"] == "$.timeout"


def test_it_is_asked_for_in_the_partition_of_its_function() -> None:
    functions = Functions(*(arn.replace("arn:aws:", "arn:aws-cn:") for arn in (FUNCTIONS.run, FUNCTIONS.wait)))
    state = compile_workflow(workflow_of(SHAPES["a task for somebody"]), functions)["States"]["Approve"]
    assert state["Resource"] == "arn:aws-cn:states:::lambda:invoke.waitForTaskToken"


def test_every_task_is_retried_when_lambda_is_at_fault_and_catches_the_rest() -> None:
    tasks = [state for nodes in SHAPES.values() for state in compiled(nodes)["States"].values() if state["Type"] == "Task"]
    assert tasks
    for state in tasks:
        retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
        assert {"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.TooManyRequestsException"} <= retried
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_payloads_hold_ids_and_never_data() -> None:
    for nodes, options in itertools.product(SHAPES.values(), ({}, {"statePerNode": True})):
        for state in compiled(nodes, **options)["States"].values():
            parameters = state.get("Parameters", {})
            assert set(parameters.get("Payload", parameters)) <= {
                "executionId.$",
                "attempt.$",
                "straight",
                "mark.$",
                "node",
                "token.$",
                "signals.$",
                "FunctionName",
            }


def test_the_same_tree_gives_the_same_definition() -> None:
    one = workflow_of(SHAPES["loops in parallel"])
    two = replace(one, raw_nodes=json.loads(json.dumps(one.raw_nodes)))
    assert json.dumps(compile_workflow(one, FUNCTIONS)) == json.dumps(compile_workflow(two, FUNCTIONS))


class TestAnotherTry:
    def test_only_a_segment_with_such_a_node_has_a_sleep(self) -> None:
        document = compiled([variable("One"), delay("First"), variable("Two"), again("Ask"), delay("Second"), variable("Three")])
        sleeps = [name for name in kinds(document, "Wait") if name.startswith("Sleep")]
        assert sleeps == ["Sleep in From Two", "Sleep in Resume"]
        assert document["States"]["Sleep in From Two"]["Next"] == "From Two"
        rules = {rule["StringEquals"]: rule["Next"] for rule in document["States"]["After From Two"]["Choices"]}
        assert (rules["until"], rules["more"]) == ("Sleep in From Two", "From Two")
        assert "signal" not in rules

    def test_without_one_nothing_is_other_than_before(self) -> None:
        plain = [{**node, "key": node["title"]} for node in (variable("One"), delay("First"), variable("Two"))]
        text = json.dumps(compiled(plain))
        assert text == json.dumps(compiled([one | {"config": one["config"] | {"onError": "continue"}} for one in plain]))
        assert "Sleep" not in text

    def test_in_a_transaction_there_is_nothing_to_sleep_for(self) -> None:
        assert not any(name.startswith("Sleep") for name in compiled(SHAPES["another try in a transaction"])["States"])

    def test_each_costs_three_transitions(self) -> None:
        fails = again("Ask", collection="samples", params={"filter": {"id": 99}}, failOnEmpty=True, onError="continue")
        assert len(entered([fails])) == 3 * 3 + 3
        assert len(entered([variable(), again("Ask"), variable()])) == 3

    def test_a_wait_in_the_branch_for_a_failure_is_on_the_trunk(self) -> None:
        document = compiled([again("Ask", onError="branch", retry=None) | {"branches": {"0": [delay("Rest")]}}, delay("After")])
        assert kinds(document, "Wait") == ["Rest", "After"]


class TestAStateForEveryNode:
    def test_each_is_a_task_under_its_title_and_a_wait_one_beside_it(self) -> None:
        nodes = [variable("One"), condition([variable("Yes")], [delay("No")]), loop(2, [variable("Inside")]), variable("One")]
        document = compiled(nodes, statePerNode=True)
        tasks = {"One", "Is it?", "Yes", "No", "Again", "One (2)", "Resume", "Mark as failed"}
        assert set(kinds(document, "Task")) == {name.replace("?", "").strip() for name in tasks}
        assert kinds(document, "Wait") == ["Wait in No"]
        assert document["States"]["Wait in No"]["Next"] == "No"

    def test_a_task_may_begin_its_own_node_and_no_other(self) -> None:
        document = compiled([variable("One"), variable("Two")], statePerNode=True)
        keys = [document["States"][name]["Parameters"]["node"] for name in ("One", "Two")]
        assert len(set(keys)) == 2
        assert document["States"]["One"]["Parameters"]["straight"] == f"to:{keys[1]}"
        assert document["States"]["Resume"]["Parameters"]["node"] not in keys

    def test_plain_nodes_cost_one_transition_each(self) -> None:
        assert entered([variable(f"V{n}") for n in range(5)], statePerNode=True) == ["V0", "V1", "V2", "V3", "V4", "Done"]

    def test_a_workflow_without_nodes_is_as_ever(self) -> None:
        assert compiled([], statePerNode=True) == compiled([])


TREES = st.recursive(
    st.lists(st.builds(delay, st.text(max_size=100)) | st.builds(variable, st.text(max_size=100)), max_size=4),
    lambda lines: st.lists(
        st.builds(delay, st.text(max_size=100))
        | st.builds(again, st.text(max_size=100))
        | st.builds(condition, lines, lines, st.text(max_size=100))
        | st.builds(loop, st.integers(0, 3), lines)
        | st.builds(lambda a, b: parallel(a, b), lines, lines),
        max_size=4,
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(TREES, st.booleans())
def test_any_tree_makes_a_sound_definition(nodes: Nodes, per_node: bool) -> None:
    assert problems_of_machine(compiled(nodes, statePerNode=per_node)) == []
