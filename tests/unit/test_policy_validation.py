"""Policies of a node are checked when it is saved: each mistake is told with its place and what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.domain.policy import NAMES, POLICIES
from chalicelib.engine.node_validation import problems_of_node
from chalicelib.engine.policy_validation import policy_properties, takes_retry, takes_timeout
from chalicelib.engine.validation import problems_of_workflow
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.base import Definitions
from tests.unit.nodes.fakes import COLLECTIONS

REQUEST = {"url": "https://example.com"}
CONFIGS: dict[str, dict[str, Any]] = {
    "request": REQUEST,
    "delay": {"duration": 1, "unit": 1_000, "endStatus": 1},
    "end": {"endStatus": -1},
    "condition": {"rejectOnFalse": True, "calculation": {"calculator": "equal", "operands": [1, 1]}},
    "loop": {"target": 2},
    "parallel": {},
    "transaction": {},
    "manual": {"assignees": [1]},
    "subflow": {"workflow": "other"},
    "variable": {"value": 1},
    "query": {"collection": "samples"},
    "mailer": {"to": ["a@example.com"], "subject": "s", "contentType": "text", "text": "t"},
    "notification": {"channelName": "ops", "content": "c"},
}
ONCE = [{"errors": ["*"]}]


def found(kind: str, **policies: Any) -> list[tuple[str, str]]:
    raw = {"type": kind, "config": CONFIGS[kind] | policies}
    problems = problems_of_node(raw, Definitions(COLLECTIONS.get))
    return [(problem.path or "", problem.message) for problem in problems]


def node(kind: str, number: int = 1, **policies: Any) -> dict[str, Any]:
    return {"id": number, "key": f"n{number}", "type": kind, "config": CONFIGS[kind] | policies}


def of_workflow(*nodes: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    document = {"title": "Flow", "type": "custom-action", "config": {"type": 0}, "sync": False, "options": {}, "nodes": list(nodes)}
    return [(problem.path or "", problem.message) for problem in problems_of_workflow(document | changes, COLLECTIONS.get)]


@pytest.mark.parametrize(
    ("kind", "policies"),
    [
        ("request", {"retry": ONCE}),
        ("request", {"retry": [{"errors": ["429", "5xx", "ECONNREFUSED", "TIMEOUT"]}, {"errors": ["*"], "maxAttempts": 0}]}),
        (
            "request",
            {
                "retry": [
                    {
                        "errors": ["FAILED"],
                        "maxAttempts": 20,
                        "intervalSeconds": 1,
                        "backoffRate": 1.5,
                        "maxDelaySeconds": 1,
                        "jitter": "FULL",
                    }
                ]
            },
        ),
        ("request", {"retry": [{"errors": ["*"], "maxAttempts": None, "intervalSeconds": None, "jitter": None}]}),
        ("request", {"retry": [], "timeoutSeconds": None, "onError": None}),
        ("request", {"timeoutSeconds": 25, "onError": "branch"}),
        ("request", {"ignoreFail": True, "timeoutSeconds": 3, "onError": "fail"}),
        ("mailer", {"timeoutSeconds": 1, "retry": ONCE}),
        ("mailer", {"retry": [{"errors": ["Throttling", "MessageRejected", "ConnectTimeoutError"]}]}),
        ("request", {"retry": [{"errors": ["404"]}, {"errors": ["4xx"]}]}),
        ("notification", {"timeoutSeconds": 1}),
        ("manual", {"timeoutSeconds": 31_536_000, "onError": "branch"}),
        ("subflow", {"timeoutSeconds": 86_400, "retry": ONCE}),
        ("query", {"retry": ONCE, "onError": "continue"}),
        ("variable", {"onError": "branch"}),
        ("condition", {"onError": "continue"}),
        ("loop", {"onError": "continue"}),
        ("parallel", {"onError": "fail"}),
        ("transaction", {"onError": "continue"}),
        ("delay", {"onError": "continue"}),
        ("end", {"onError": "fail"}),
    ],
)
def test_policies_that_mean_something_are_taken(kind: str, policies: dict[str, Any]) -> None:
    assert found(kind, **policies) == []


BAD_NAME = 'no failure is called so; name it by "*", a status (FAILED, ERROR, TIMEOUT), a code (ECONNREFUSED, Throttling) or the status'
NO_RETRY = "is not tried again"
IN_BRANCHES = "is tried again as a whole by no engine: let the nodes in its branches be"
TIMED = '"timeoutSeconds" is for mailer, manual, notification, request, subflow'


@pytest.mark.parametrize(
    ("kind", "policies", "path", "message"),
    [
        ("request", {"retry": {"errors": ["*"]}}, "config.retry", '"retry" must be a list'),
        ("request", {"retry": "3"}, "config.retry", '"retry" must be a list'),
        ("request", {"retry": [5]}, "config.retry.0", '"retry.0" must be an object'),
        ("request", {"retry": [{}]}, "config.retry.0.errors", '"retry.0.errors" is required'),
        ("request", {"retry": [{"errors": []}]}, "config.retry.0.errors", '"retry.0.errors" must have at least one entry'),
        ("request", {"retry": [{"errors": "*"}]}, "config.retry.0.errors", '"retry.0.errors" must be a list'),
        ("request", {"retry": [{"errors": [500]}]}, "config.retry.0.errors.0", '"retry.0.errors.0" must be text'),
        ("request", {"retry": [{"errors": ["Failed"]}]}, "config.retry.0.errors.0", BAD_NAME),
        ("request", {"retry": [{"errors": ["FAILED", "5XX"]}]}, "config.retry.0.errors.1", BAD_NAME),
        ("request", {"retry": [{"errors": ["200"]}]}, "config.retry.0.errors.0", BAD_NAME),
        ("request", {"retry": [{"errors": [""]}]}, "config.retry.0.errors.0", BAD_NAME),
        ("request", {"retry": [{"errors": ["*"], "maxAttempts": -1}]}, "config.retry.0.maxAttempts", "must be at least 0"),
        ("request", {"retry": [{"errors": ["*"], "maxAttempts": 21}]}, "config.retry.0.maxAttempts", "must be at most 20"),
        ("request", {"retry": [{"errors": ["*"], "maxAttempts": "3"}]}, "config.retry.0.maxAttempts", "must be a whole number"),
        ("request", {"retry": [{"errors": ["*"], "maxAttempts": 1.5}]}, "config.retry.0.maxAttempts", "must be a whole number"),
        ("request", {"retry": [{"errors": ["*"], "intervalSeconds": 0}]}, "config.retry.0.intervalSeconds", "must be at least 1"),
        ("request", {"retry": [{"errors": ["*"], "intervalSeconds": 86_401}]}, "config.retry.0.intervalSeconds", "must be at most 86400"),
        ("request", {"retry": [{"errors": ["*"], "backoffRate": 0.5}]}, "config.retry.0.backoffRate", "must be at least 1"),
        ("request", {"retry": [{"errors": ["*"], "backoffRate": 11}]}, "config.retry.0.backoffRate", "must be at most 10"),
        ("request", {"retry": [{"errors": ["*"], "maxDelaySeconds": 0}]}, "config.retry.0.maxDelaySeconds", "must be at least 1"),
        (
            "request",
            {"retry": [{"errors": ["*"], "intervalSeconds": 5, "maxDelaySeconds": 4}]},
            "config.retry.0.maxDelaySeconds",
            '"maxDelaySeconds" is less than "intervalSeconds"',
        ),
        ("request", {"retry": [{"errors": ["*"], "jitter": "full"}]}, "config.retry.0.jitter", "must be one of NONE, FULL"),
        ("request", {"retry": [{"errors": ["*"], "attempts": 3}]}, "config.retry.0.attempts", "the options are errors, maxAttempts"),
        ("request", {"retry": [{"errors": ["*", "FAILED"]}]}, "config.retry.0.errors", '"*" names every failure: it stands alone'),
        ("request", {"retry": [*ONCE, {"errors": ["FAILED"]}]}, "config.retry.0.errors", "in the last entry"),
        (
            "request",
            {"retry": [{"errors": ["429"]}, {"errors": ["5xx", "429"]}]},
            "config.retry.1.errors",
            "429 is named before: only the first place counts",
        ),
        ("request", {"retry": [{"errors": ["4xx"]}, {"errors": ["404"]}]}, "config.retry.1.errors", "404 never counts: 4xx"),
        ("request", {"retry": [{"errors": ["TIMEOUT"]}, {"errors": ["ABORTED"]}]}, "config.retry.1.errors", "ABORTED never counts"),
        ("request", {"retry": [{"errors": ["ABORTED"]}, {"errors": ["TIMEOUT"]}]}, "config.retry.1.errors", "TIMEOUT never counts"),
        ("request", {"retry": [{"errors": ["Timeout"]}]}, "config.retry.0.errors.0", BAD_NAME),
        ("mailer", {"retry": [{"errors": ["throttling"]}]}, "config.retry.0.errors.0", BAD_NAME),
        ("request", {"retry": [{"errors": [f"E{n}"]} for n in range(11)]}, "config.retry", "must have at most 10 entries, it has 11"),
        ("request", {"retry": ONCE, "ignoreFail": True}, "config.retry", '"retry": with "ignoreFail" a failure is a result'),
        ("mailer", {"onError": "branch", "ignoreFail": True}, "config.onError", 'use "onError": "continue"'),
        ("request", {"timeoutSeconds": 0}, "config.timeoutSeconds", "must be at least 1"),
        ("request", {"timeoutSeconds": "5"}, "config.timeoutSeconds", "must be a whole number"),
        ("request", {"timeoutSeconds": 1.5}, "config.timeoutSeconds", "must be a whole number"),
        ("request", {"timeoutSeconds": "{{$context.data.limit}}"}, "config.timeoutSeconds", "must be a whole number"),
        ("request", {"timeoutSeconds": 26}, "config.timeoutSeconds", 'of a node of type "request" must be at most 25'),
        ("manual", {"timeoutSeconds": 31_536_001}, "config.timeoutSeconds", "must be at most 31536000"),
        ("delay", {"timeoutSeconds": 5}, "config.timeoutSeconds", TIMED),
        ("variable", {"timeoutSeconds": 5}, "config.timeoutSeconds", 'a node of type "variable" waits for no answer'),
        ("loop", {"timeoutSeconds": 5}, "config.timeoutSeconds", TIMED),
        ("request", {"onError": "ignore"}, "config.onError", '"onError" must be one of fail, continue, branch'),
        ("request", {"onError": True}, "config.onError", '"onError" must be one of fail, continue, branch'),
        ("condition", {"onError": "branch"}, "config.onError", 'has branches of its own: "onError" is "fail" or "continue" here'),
        ("parallel", {"onError": "branch"}, "config.onError", "has branches of its own"),
        ("end", {"onError": "continue"}, "config.onError", "is a decision: nothing catches it"),
        ("end", {"onError": "branch"}, "config.onError", "is a decision: nothing catches it"),
        ("end", {"retry": ONCE}, "config.retry", NO_RETRY),
        ("delay", {"retry": ONCE}, "config.retry", NO_RETRY),
        ("manual", {"retry": ONCE}, "config.retry", NO_RETRY),
        ("condition", {"retry": ONCE}, "config.retry", IN_BRANCHES),
        ("loop", {"retry": ONCE}, "config.retry", IN_BRANCHES),
        ("transaction", {"retry": ONCE}, "config.retry", IN_BRANCHES),
    ],
)
def test_each_mistake_is_named_with_what_would_be_right(kind: str, policies: dict[str, Any], path: str, message: str) -> None:
    ((place, text),) = found(kind, **policies)
    assert place == path
    assert message in text


def test_all_mistakes_are_told_at_once() -> None:
    places = {path for path, _ in found("delay", retry=[{"errors": ["x"]}], timeoutSeconds=-1, onError="none")}
    assert places == {"config.retry.0.errors.0", "config.retry", "config.timeoutSeconds", "config.onError"}


@pytest.mark.parametrize("name", NAMES)
def test_on_the_node_itself_it_is_told_where_they_stand(name: str) -> None:
    assert of_workflow({**node("request"), name: "fail"}) == [(f"nodes.0.{name}", f'"{name}" stands in the node\'s config: config.{name}')]
    problems = problems_of_node({"type": "request", "config": REQUEST, name: None}, Definitions(COLLECTIONS.get))
    assert [problem.path for problem in problems] == [name]


def branch(number: int, of: int, index: int) -> dict[str, Any]:
    return node("variable", number) | {"upstreamId": of, "branchIndex": index}


def test_branch_0_is_there_for_the_failure_of_any_type_that_has_no_branches() -> None:
    assert of_workflow(node("request", onError="branch"), branch(2, 1, 0)) == []
    assert of_workflow(node("manual", onError="branch"), branch(2, 1, 0)) == []


@pytest.mark.parametrize("policies", [{}, {"onError": "fail"}, {"onError": "continue"}])
def test_without_it_a_type_has_no_such_branch(policies: dict[str, Any]) -> None:
    assert of_workflow(node("request", **policies), branch(2, 1, 0)) == [
        ("nodes.1.branchIndex", 'there is no branch 0: a node of type "request" has no branches')
    ]


def test_there_is_no_other_branch_for_a_failure() -> None:
    assert [path for path, _ in of_workflow(node("request", onError="branch"), branch(2, 1, 1))] == ["nodes.1.branchIndex"]


def test_a_synchronous_workflow_has_no_wait_that_could_be_over() -> None:
    ((path, message),) = of_workflow(node("subflow", timeoutSeconds=5), sync=True)
    assert path == "nodes.0.config.timeoutSeconds"
    assert "make the workflow asynchronous" in message
    assert of_workflow(node("request", timeoutSeconds=5), sync=True) == []


def test_a_state_for_every_node_is_asked_for_where_there_is_a_machine() -> None:
    assert of_workflow(options={"statePerNode": True}) == []
    assert [path for path, _ in of_workflow(options={"statePerNode": True}, sync=True)] == ["options.statePerNode"]
    assert of_workflow(options={"statePerNode": False}, sync=True) == []
    assert of_workflow(options={"statePerNode": "yes"}) == [("options.statePerNode", '"options.statePerNode" must be true or false')]


def test_an_option_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    ((path, message),) = of_workflow(options={"timeOut": 5})
    assert path == "options.timeOut"
    assert all(name in message for name in ("timeout", "stackLimit", "deleteExecutionOnStatus", "isolation", "concurrency", "statePerNode"))


def test_the_schemas_tell_a_form_what_each_policy_is() -> None:
    Draft202012Validator.check_schema(POLICIES)
    assert list(POLICIES["properties"]) == list(NAMES)
    for schema in (*POLICIES["properties"].values(), *POLICIES["properties"]["retry"]["items"]["properties"].values()):
        assert schema["title"]
        assert schema["description"]


@pytest.mark.parametrize("kind", NODE_TYPES)
def test_no_type_has_a_setting_of_that_name_and_each_offers_what_it_takes(kind: str) -> None:
    node_type = NODE_TYPES[kind]
    assert not set(NAMES) & set(node_type.schema.get("properties", {}))
    offered = policy_properties(node_type)
    assert ("retry" in offered, "timeoutSeconds" in offered) == (takes_retry(node_type), takes_timeout(node_type))
