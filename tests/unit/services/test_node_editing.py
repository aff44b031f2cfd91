"""Nodes moved, copied, removed and tried by themselves, over the store in memory."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import AppError, Invalid, NotFound
from tests.sessions import Session
from tests.stores import WatchedStore
from tests.unit.services.flows import SAY, TREE, ids, revise, shape

Json = Any


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore(MemoryStore())


@pytest.fixture
def root(store: WatchedStore) -> Session:
    return Session(store).install()


@pytest.fixture
def version(root: Session) -> int:
    return root.workflow("flow", TREE, description="what it does", options={"timeout": 5})


@pytest.mark.parametrize(
    ("key", "upstream", "branch", "expected"),
    [
        ("last", None, None, ["last", "first", {"meets": {"1": ["yes", "yes2"], "0": ["say"]}}]),
        ("first", "last", None, [{"meets": {"1": ["yes", "yes2"], "0": ["say"]}}, "last", "first"]),
        ("first", "meets", None, [{"meets": {"1": ["yes", "yes2"], "0": ["say"]}}, "first", "last"]),
        ("first", "meets", 1, [{"meets": {"1": ["first", "yes", "yes2"], "0": ["say"]}}, "last"]),
        ("first", "yes", None, [{"meets": {"1": ["yes", "first", "yes2"], "0": ["say"]}}, "last"]),
        ("meets", None, None, [{"meets": {"1": ["yes", "yes2"], "0": ["say"]}}, "first", "last"]),
        ("meets", "last", None, ["first", "last", {"meets": {"1": ["yes", "yes2"], "0": ["say"]}}]),
        ("yes", "yes2", None, ["first", {"meets": {"1": ["yes2", "yes"], "0": ["say"]}}, "last"]),
        ("say", "meets", 1, ["first", {"meets": {"1": ["say", "yes", "yes2"]}}, "last"]),
        ("yes2", "first", None, ["first", "yes2", {"meets": {"1": ["yes"], "0": ["say"]}}, "last"]),
    ],
)
def test_a_node_moves_with_its_branches(
    root: Session, version: int, key: str, upstream: str | None, branch: int | None, expected: Json
) -> None:
    made = revise(root, version)["id"]
    known = ids(root, made)
    place = {"upstreamId": known[upstream] if upstream else None, "branchIndex": branch}
    node = root.call("flow_nodes:move", known[key], place)
    assert (node["id"], node["upstreamId"], node["branchIndex"]) == (known[key], place["upstreamId"], branch)
    assert shape(root, made) == expected
    assert ids(root, made) == known


FOREIGN, UNKNOWN = "foreign", "unknown"


@pytest.mark.parametrize("action", ["flow_nodes:move", "flow_nodes:duplicate"])
@pytest.mark.parametrize(
    ("upstream", "branch", "status", "path"),
    [
        (UNKNOWN, None, NotFound, ""),
        (-5, None, NotFound, ""),
        (FOREIGN, None, Invalid, "upstreamId"),
        ("x", None, Invalid, "upstreamId"),
        (True, None, Invalid, "upstreamId"),
        ([], None, Invalid, "upstreamId"),
        (1.5, None, Invalid, "upstreamId"),
        ("first", "x", Invalid, "branchIndex"),
        ("first", False, Invalid, "branchIndex"),
        ("first", {}, Invalid, "branchIndex"),
        (None, 1, Invalid, "upstreamId"),
        ("meets", 7, Invalid, "branchIndex"),
    ],
)
def test_a_place_that_is_none_is_refused(
    root: Session, version: int, action: str, upstream: Json, branch: Json, status: type[AppError], path: str
) -> None:
    made, other = revise(root, version)["id"], root.workflow("other", [SAY])
    known = ids(root, made)
    named = known | {FOREIGN: ids(root, other)["say"], UNKNOWN: made + 500}
    body = {"upstreamId": named.get(upstream, upstream) if isinstance(upstream, str) else upstream, "branchIndex": branch}
    with pytest.raises(status) as refused:
        root.call(action, known["last"], body)
    assert refused.value.problems()[0].path.endswith(path)
    assert shape(root, made) == shape(root, version)


@pytest.mark.parametrize(
    ("key", "upstream", "branch", "code"),
    [
        ("last", "meets", None, "SAME_PLACE"),
        ("first", None, None, "SAME_PLACE"),
        ("yes", "meets", 1, "SAME_PLACE"),
        ("meets", "meets", None, "BELOW_ITSELF"),
        ("meets", "meets", 1, "BELOW_ITSELF"),
        ("meets", "yes2", None, "BELOW_ITSELF"),
    ],
)
def test_a_node_does_not_move_to_where_it_is_or_below_itself(
    root: Session, version: int, key: str, upstream: str | None, branch: int | None, code: str
) -> None:
    made = revise(root, version)["id"]
    known = ids(root, made)
    with pytest.raises(Invalid) as refused:
        root.call("flow_nodes:move", known[key], {"upstreamId": known[upstream] if upstream else None, "branchIndex": branch})
    assert refused.value.problems()[0].code == code
    assert shape(root, made) == shape(root, version)


def test_a_move_that_an_enabled_workflow_would_not_survive_is_refused(root: Session, version: int) -> None:
    with pytest.raises(Invalid) as refused:
        root.call("flow_nodes:move", ids(root, version)["last"], {"upstreamId": None})
    assert [problem.path for problem in refused.value.problems()] == ["nodes.5.config.value"]


def test_a_duplicate_has_a_key_of_its_own_and_no_branches(root: Session, version: int) -> None:
    made = revise(root, version)["id"]
    known = ids(root, made)
    copy = root.call("flow_nodes:duplicate", known["meets"], {"upstreamId": known["meets"], "branchIndex": 0})
    assert (copy["type"], copy["title"], copy["config"]) == ("condition", None, {"rejectOnFalse": False})
    assert copy["key"] not in known
    expected = ["first", {"meets": {"0": [copy["key"], "say"], "1": ["yes", "yes2"]}}, "last"]
    assert shape(root, made) == expected


@pytest.mark.parametrize(
    ("index", "shift", "branches"),
    [
        ("1", None, {"0": ["say"]}),
        ("0", None, {"1": ["yes", "yes2"]}),
        ("0", "1", {"0": ["yes", "yes2"]}),
        ("0", "0", {"1": ["yes", "yes2"]}),
        ("1", "1", {"0": ["say"]}),
    ],
)
def test_a_branch_is_removed_and_later_ones_may_move_up(root: Session, version: int, index: str, shift: str | None, branches: Json) -> None:
    made = revise(root, version)["id"]
    node = root.call("flow_nodes:destroyBranch", ids(root, made)["meets"], branchIndex=index, **({"shift": shift} if shift else {}))
    assert node["key"] == "meets"
    assert shape(root, made) == ["first", {"meets": branches}, "last"]


def test_an_empty_place_is_closed_by_moving_up(root: Session, version: int) -> None:
    made = revise(root, version)["id"]
    root.call("flow_nodes:destroyBranch", ids(root, made)["meets"], branchIndex="0")
    root.call("flow_nodes:destroyBranch", ids(root, made)["meets"], branchIndex="0", shift="1")
    assert shape(root, made) == ["first", {"meets": {"0": ["yes", "yes2"]}}, "last"]


@pytest.mark.parametrize(("index", "shift"), [("9", "0"), ("9", "1"), ("-1", "0")])
def test_a_branch_that_is_not_there_is_not_removed(root: Session, version: int, index: str, shift: str) -> None:
    made = revise(root, version)["id"]
    with pytest.raises(Invalid, match="something in: 0, 1") as refused:
        root.call("flow_nodes:destroyBranch", ids(root, made)["meets"], branchIndex=index, shift=shift)
    assert [(problem.path, problem.code) for problem in refused.value.problems()] == [("branchIndex", "BRANCH_NOT_FOUND")]


def test_a_move_says_where_to(root: Session, version: int) -> None:
    made = revise(root, version)["id"]
    for body in ({}, {"upstream": 1}, None):
        with pytest.raises(Invalid, match="or null for the head") as refused:
            root.call("flow_nodes:move", ids(root, made)["last"], body)
        assert refused.value.problems()[0].path == "upstreamId"
    assert root.call("flow_nodes:move", ids(root, made)["last"], {"upstreamId": None})["upstreamId"] is None


LOOSE: dict[str, Json] = {
    "destroy": lambda root, known: root.call("flow_nodes:destroy", known["first"]),
    "move": lambda root, known: root.call("flow_nodes:move", known["first"], {"upstreamId": known["last"]}),
    "keep a branch": lambda root, known: root.call("flow_nodes:destroy", known["meets"], keepBranch="1"),
}


@pytest.mark.parametrize("edit", LOOSE.values(), ids=LOOSE)
def test_an_enabled_workflow_keeps_the_nodes_that_others_refer_to(root: Session, edit: Json) -> None:
    version = root.workflow(
        "kept", [*TREE[:2], TREE[2] | {"config": {"value": ["{{$jobsMapByNodeKey.first}}", "{{$jobsMapByNodeKey.meets}}"]}}]
    )
    before = shape(root, version)
    with pytest.raises(Invalid) as refused:
        edit(root, ids(root, version))
    (problem,) = refused.value.problems()
    assert problem.code == "UNKNOWN_NODE"
    assert problem.message.startswith('node "output" (last): no node with the key')
    assert shape(root, version) == before


@pytest.mark.parametrize("edit", LOOSE.values(), ids=LOOSE)
def test_a_workflow_that_is_not_enabled_may_be_mended_later_and_comes_back_as_exported(root: Session, edit: Json) -> None:
    nodes = [*TREE[:2], TREE[2] | {"config": {"value": ["{{$jobsMapByNodeKey.first}}", "{{$jobsMapByNodeKey.meets}}"]}}]
    version = root.workflow("loose", nodes, enabled=False)
    edit(root, ids(root, version))
    document = root.call("workflows:export", version)
    made = root.call("workflows:import", None, document | {"key": "copy"})["id"]
    assert root.call("workflows:export", made) | {"key": "loose"} == document
    replaced = root.call("workflows:import", None, document, filterByTk=str(version))["id"]
    assert root.call("workflows:export", replaced) == document
    for enable in (
        lambda: root.call("workflows:update", made, {"enabled": True}),
        lambda: root.call("workflows:import", None, document | {"enabled": True}),
        lambda: root.call("workflows:execute", made, {"userId": 1}),
    ):
        with pytest.raises(Invalid) as refused:
            enable()
        assert {problem.code for problem in refused.value.problems()} == {"UNKNOWN_NODE"}


def test_other_mistakes_of_a_document_are_named_before_it_is_enabled(root: Session) -> None:
    nodes = [{"key": "a", "type": "output", "config": {"value": "{{$nosuch.x}} {{$jobsMapByNodeKey.gone}}"}}]
    with pytest.raises(Invalid) as refused:
        root.call("workflows:import", None, {"key": "bad", "type": "custom-action", "config": {"type": 0}, "nodes": nodes})
    assert [problem.code for problem in refused.value.problems()] == ["INVALID"]


@pytest.mark.parametrize("role", ["nosuch", 5, ["member"]])
def test_a_run_by_hand_needs_a_role_that_there_is(root: Session, version: int, role: Json) -> None:
    with pytest.raises(Invalid, match="there is no role") as refused:
        root.call("workflows:execute", version, {"userId": 1, "roleName": role, "data": {"title": "t"}})
    assert [problem.path for problem in refused.value.problems()] == ["roleName"]


@pytest.mark.parametrize("role", ["member", "root", "", None])
def test_a_run_by_hand_takes_any_role_that_there_is(root: Session, version: int, role: Json) -> None:
    made = root.call("workflows:execute", version, {"userId": 1, "roleName": role, "data": {"title": "t"}})
    assert made["execution"]["id"]


def test_fields_may_name_nodes_and_parts_of_them(root: Session, version: int) -> None:
    row = root.call("workflows:get", version, fields="key,nodes.key,nodes.type")
    assert row == {"key": "flow", "nodes": [{"key": key, "type": kind} for key, kind in row_kinds(root, version)]}
    assert root.call("workflows:get", version, fields="nodes") == root.call("workflows:get", version, fields="nodes", appends="nodes")
    with pytest.raises(Invalid, match=r'"nodes\.nosuch": a node has id, key') as refused:
        root.call("workflows:get", version, fields="nodes.nosuch")
    assert [problem.path for problem in refused.value.problems()] == ["fields"]


def row_kinds(root: Session, version: int) -> list[tuple[str, str]]:
    return [(node["key"], node["type"]) for node in root.call("workflows:get", version, appends="nodes")["nodes"]]


@pytest.mark.parametrize("index", [None, "x", "", [1]])
def test_a_branch_to_remove_is_named_by_its_number(root: Session, version: int, index: Json) -> None:
    with pytest.raises(Invalid) as refused:
        root.call("flow_nodes:destroyBranch", ids(root, version)["meets"], **({} if index is None else {"branchIndex": index}))
    assert refused.value.problems()[0].path == "branchIndex"


def test_a_branch_kept_takes_the_place_of_its_node(root: Session, version: int) -> None:
    made = revise(root, version)["id"]
    root.call("flow_nodes:destroy", ids(root, made)["meets"], keepBranch="1")
    assert shape(root, made) == ["first", "yes", "yes2", "last"]


TESTS: list[tuple[Json, Json]] = [
    ({"type": "condition", "config": {"rejectOnFalse": False}}, {"status": 1, "result": True}),
    (
        {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"calculator": "gt", "operands": [1, 2]}}},
        {"status": -1, "result": False},
    ),
    (
        {"type": "query", "config": {"collection": "samples", "params": {"filter": {"id": 1}, "appends": ["category"]}}},
        {"status": 1, "result": {"id": 1}},
    ),
    (
        {"type": "query", "config": {"collection": "samples", "params": {"filter": {"title": "{{$context.data.x}}"}}}},
        {"status": 1, "result": None},
    ),
]


@pytest.mark.parametrize(("body", "expected"), TESTS)
def test_a_node_runs_by_itself(root: Session, body: Json, expected: Json) -> None:
    answer = root.call("flow_nodes:test", None, body)
    assert answer["status"] == expected["status"]
    if isinstance(expected["result"], dict):
        assert expected["result"].items() <= answer["result"].items()
    else:
        assert answer["result"] == expected["result"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "type"),
        ({"type": "nosuch"}, "type"),
        ({"type": "script", "config": {}}, "type"),
        ({"type": 5}, "type"),
        ({"type": "end", "config": {}}, "type"),
        ({"type": "create", "config": {"collection": "samples", "params": {"values": {"title": "x"}}}}, "type"),
        ({"type": "destroy", "config": {"collection": "samples", "params": {"filter": {"id": 1}}}}, "type"),
        ({"type": "condition"}, "config.rejectOnFalse"),
        ({"type": "condition", "config": 5}, "config"),
        ({"type": "query", "config": {"collection": "nosuch"}}, "config.collection"),
    ],
)
def test_a_node_that_cannot_be_tested_is_refused(root: Session, body: Json, path: str) -> None:
    before = len(root.call("samples:list"))
    with pytest.raises(Invalid) as refused:
        root.call("flow_nodes:test", None, body)
    assert path in [problem.path for problem in refused.value.problems()]
    assert len(root.call("samples:list")) == before


LOOP = {"key": "each", "type": "loop", "config": {"target": "{{$context.data.tags}}"}}


def test_a_node_may_name_the_scopes_of_the_loops_around_it_wherever_it_is_added(root: Session) -> None:
    version = root.workflow("looping", [LOOP | {"branches": {"0": [{"key": "in", "type": "output", "config": {"value": 1}}]}}])
    each, inner = (ids(root, version)[key] for key in ("each", "in"))
    item = {"type": "output", "config": {"value": "{{$scopes.each.item}}"}}
    root.call(f"workflows/{version}/nodes:create", None, item | {"upstreamId": inner})
    root.call(f"workflows/{version}/nodes:create", None, item | {"upstreamId": each, "branchIndex": 0})
    root.call("flow_nodes:update", inner, {"config": {"value": "{{$scopes.each.index}}"}})
    with pytest.raises(Invalid, match="is around this one"):
        root.call(f"workflows/{version}/nodes:create", None, item | {"upstreamId": each})


def test_a_loops_condition_may_name_its_scope_and_what_is_in_it(root: Session) -> None:
    version = root.workflow("looping", [LOOP | {"branches": {"0": [{"key": "in", "type": "output", "config": {"value": 1}}]}}])
    compared = {"calculator": "lt", "operands": ["{{$scopes.each.item}}", "{{$jobsMapByNodeKey.in}}"]}
    config = {"target": 3, "condition": {"checkpoint": 1, "calculation": compared}}
    assert root.call("flow_nodes:update", ids(root, version)["each"], {"config": config})
    wrong = {"target": 3, "condition": {"calculation": compared | {"operands": ["{{$jobsMapByNodeKey.later}}", 1]}}}
    with pytest.raises(Invalid, match="later"):
        root.call("flow_nodes:update", ids(root, version)["each"], {"config": wrong})
