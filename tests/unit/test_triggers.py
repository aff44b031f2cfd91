from __future__ import annotations

from typing import Any, Literal

import pytest

from chalicelib.domain.workflow import Workflow
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Invalid
from chalicelib.triggers import TRIGGER_TYPES, unknown_trigger
from chalicelib.triggers.custom_action import TRIGGER, Segment, parse_trigger_workflows, why_not
from tests.unit.nodes.fakes import COLLECTIONS


def problems(config: dict[str, Any]) -> list[tuple[str, str]]:
    found = problems_of_schema(config, TRIGGER.schema, "config") + TRIGGER.check(config, "config", COLLECTIONS.get)
    return [(problem.path, problem.message) for problem in found]


@pytest.mark.parametrize(
    "config",
    [
        {"type": 0},
        {"type": 0, "collection": None, "appends": [], "roles": ["admin", "member"]},
        {"type": 0, "collection": ""},
        {"type": 1, "collection": "samples", "appends": ["category", "category.parent.parent"]},
        {"type": 2, "collection": "main:samples", "somethingElse": 5},
    ],
)
def test_sound_configs_have_no_problems(config: dict[str, Any]) -> None:
    assert problems(config) == []


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        ({"collection": "samples"}, "config.type", '"type" is required'),
        ({"type": 3, "collection": "samples"}, "config.type", '"type" must be one of 0, 1, 2'),
        ({"type": "1", "collection": "samples"}, "config.type", '"type" must be one of 0, 1, 2'),
        ({"type": 1}, "config.collection", "Collection is required for record-based context"),
        ({"type": 2, "collection": ""}, "config.collection", "Collection is required for record-based context"),
        ({"type": 1, "collection": "nosuch"}, "config.collection", 'Collection "nosuch" does not exist in data source "main"'),
        ({"type": 1, "collection": "other:samples"}, "config.collection", 'Collection "samples" does not exist in data source "other"'),
        ({"type": 1, "collection": 5}, "config.collection", '"collection" must be text'),
        ({"type": 1, "collection": "samples", "appends": "category"}, "config.appends", '"appends" must be a list'),
        ({"type": 1, "collection": "samples", "appends": [1]}, "config.appends.0", '"appends.0" must be text'),
        (
            {"type": 1, "collection": "samples", "appends": ["title"]},
            "config.appends.0",
            '"title" is not an association of collection "samples"',
        ),
        ({"type": 0, "roles": "admin"}, "config.roles", '"roles" must be a list'),
    ],
)
def test_each_mistake_in_a_config_is_named(config: dict[str, Any], path: str, message: str) -> None:
    assert problems(config) == [(path, message)]


def test_an_unknown_trigger_type_is_named() -> None:
    assert unknown_trigger("nosuch", "type").message == (
        'Trigger type "nosuch" is not registered; known are custom-action, action, request-interception, collection, message, schedule'
    )
    assert '; did you mean "custom-action"' in unknown_trigger("custom_action", "type").message
    assert {"custom-action", "action", "request-interception", "collection"} <= set(TRIGGER_TYPES)


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("a", [("a", ())]),
        ("a,b", [("a", ()), ("b", ())]),
        (" a , b ", [("a", ()), ("b", ())]),
        ("a!category", [("a", ("category",))]),
        ("a!category.parent , b", [("a", ("category", "parent")), ("b", ())]),
        ("a ! category", [("a", ("category",))]),
        ("a!", [("a", ())]),
        (",", []),
        ("", []),
        ("a,,b,", [("a", ()), ("b", ())]),
        ("a,b,a", [("a", ()), ("b", ())]),
        ("a!x,b,a!y", [("a", ("y",)), ("b", ())]),
        ("a!x,a", [("a", ())]),
        (["a", "b!category"], [("a", ()), ("b", ("category",))]),
        (["a,b", "c"], [("a", ()), ("b", ()), ("c", ())]),
        ([], []),
        (",".join(["a", "b"] * 20), [("a", ()), ("b", ())]),
    ],
)
def test_trigger_workflows_is_read_key_by_key(raw: Any, segments: list[tuple[str, tuple[str, ...]]]) -> None:
    assert parse_trigger_workflows(raw) == [Segment(key, path) for key, path in segments]


@pytest.mark.parametrize(
    "raw",
    [",".join("abcdefghijk"), "!category", "a!b..c", "a!.b", "a!b!c", ["a", 5], [None], [{"a": 1}], [",".join("abcdef"), "g,h,i,j,k"]],
)
def test_malformed_or_too_many_keys_are_refused(raw: Any) -> None:
    with pytest.raises(Invalid, match="triggerWorkflows") as refused:
        parse_trigger_workflows(raw)
    assert refused.value.problems()[0].path == "triggerWorkflows"


def workflow(kind: int | None = 1, collection: str | None = "samples", type: str = "custom-action", enabled: bool = True) -> Workflow:
    return Workflow(1, "key1", "T", type, True, enabled, {"type": kind, "collection": collection}, {})


@pytest.mark.parametrize(
    ("kind", "bound_to", "resource", "target", "ids", "code"),
    [
        (0, None, None, None, "none", None),
        (None, None, None, None, "one", None),
        (0, "samples", None, None, "none", None),
        (0, None, "samples", "samples", "one", "WRONG_CONTEXT_TYPE"),
        (1, "samples", None, None, "none", "WRONG_CONTEXT_TYPE"),
        (2, "samples", None, None, "many", "WRONG_CONTEXT_TYPE"),
        (1, "samples", "samples", "samples", "one", None),
        (1, "main:samples", "samples", "samples", "one", None),
        (1, "samples", "samples", "samples", "none", None),
        (1, "samples", "samples", "samples", "many", "WRONG_CONTEXT_TYPE"),
        (2, "samples", "samples", "samples", "many", None),
        (2, "samples", "samples", "samples", "none", None),
        (2, "samples", "samples", "samples", "one", "WRONG_CONTEXT_TYPE"),
        (1, "samples", "posts", "posts", "one", "WRONG_COLLECTION"),
        (1, "posts", "posts", "categories", "one", None),
        (1, "categories", "posts", "categories", "one", None),
        (1, "categories", "posts", None, "none", "WRONG_COLLECTION"),
        (1, "samples", "posts", "categories", "one", "WRONG_COLLECTION"),
    ],
)
def test_a_call_starts_what_fits_its_collection_and_ids(
    kind: int | None,
    bound_to: str | None,
    resource: str | None,
    target: str | None,
    ids: Literal["none", "one", "many"],
    code: str | None,
) -> None:
    problem = why_not(workflow(kind, bound_to), resource_collection=resource, target_collection=target, ids=ids)
    assert (problem and problem.code) == code
    assert problem is None or '"key1"' in problem.message


@pytest.mark.parametrize(
    ("candidate", "disabled", "code", "words"),
    [
        (None, False, "WORKFLOW_NOT_FOUND", "there is no workflow with the key"),
        (None, True, "WORKFLOW_NOT_FOUND", "is disabled"),
        (workflow(enabled=False), False, "WORKFLOW_NOT_FOUND", "is disabled"),
        (workflow(type="action"), False, "WRONG_TRIGGER_TYPE", '"action"'),
    ],
)
def test_what_cannot_be_started_at_all_is_said_first(candidate: Workflow | None, disabled: bool, code: str, words: str) -> None:
    problem = why_not(candidate, resource_collection="samples", target_collection="samples", ids="one", key="k7", disabled=disabled)
    assert problem is not None
    assert problem.code == code
    assert words in problem.message
    assert '"k7"' in problem.message


def test_a_wrong_context_says_which_call_would_be_right() -> None:
    single = why_not(workflow(2), resource_collection="samples", target_collection="samples", ids="one")
    global_call = why_not(workflow(0), resource_collection="samples", target_collection="samples", ids="one")
    bound = why_not(workflow(1), resource_collection=None, target_collection=None, ids="none")
    assert [problem.message.partition(": ")[2] for problem in (single, global_call, bound) if problem] == [
        "name them as filterByTk[]=91&filterByTk[]=92 (one is enough)",
        "start it with POST /api/workflows:trigger",
        "start it with POST /api/samples:trigger",
    ]
