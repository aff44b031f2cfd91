"""``workflows:export`` and ``workflows:import`` over the store in memory."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import Invalid, NotFound
from tests.sessions import NOW_MS, Session

Json = Any

CONFIG = {"type": 1, "collection": "samples", "appends": ["category"]}
DOCUMENT: Json = {
    "key": "flow",
    "title": "Flow",
    "description": "What it does",
    "triggerTitle": "Press",
    "type": "custom-action",
    "sync": True,
    "config": CONFIG,
    "options": {"timeout": 0, "stackLimit": 2, "deleteExecutionOnStatus": [1]},
    "nodes": [
        {
            "key": "meets",
            "type": "condition",
            "title": "Over 90?",
            "config": {"rejectOnFalse": False, "calculation": {"calculator": "gt", "operands": ["{{$context.data.indicator}}", 90]}},
            "branches": {"0": [{"key": "stop", "type": "end", "config": {"endStatus": -1}}], "1": [{"key": "said", "type": "output"}]},
        },
        {"key": "last", "type": "output", "config": {"value": "{{$jobsMapByNodeKey.said}}"}},
    ],
}


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    store = MemoryStore()
    Session(store).install()
    return store


@pytest.fixture
def root(store: MemoryStore) -> Session:
    session = Session(store)
    for row in session.call("workflows:list", filter={"current": True}, paginate="false"):
        session.call("workflows:destroy", row["id"])
    return session


def versions(root: Session, key: str = "flow") -> list[Json]:
    found: list[Json] = root.call("workflows:list", filter={"key": key}, paginate="false", sort="id")
    return found


def test_a_document_comes_back_as_it_was(root: Session) -> None:
    made = root.call("workflows:import", None, DOCUMENT)
    assert (made["key"], made["enabled"], made["current"]) == ("flow", False, True)
    assert [node["key"] for node in made["nodes"]] == ["meets", "stop", "said", "last"]
    assert root.call("workflows:export", made["id"]) == DOCUMENT
    assert root.call("workflows:export", None, filterByTk=str(made["id"])) == DOCUMENT


def test_a_document_can_be_created_as_well(root: Session) -> None:
    made = root.call("workflows:create", None, DOCUMENT)
    assert root.call("workflows:export", made["id"]) == DOCUMENT


def test_a_document_says_nothing_of_this_installation(root: Session) -> None:
    made = root.call("workflows:import", None, DOCUMENT | {"enabled": True, "id": 5, "current": True})
    assert root.call("workflows:export", made["id"]).keys() == DOCUMENT.keys()


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}"), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b.c", "é"]), inner, max_size=2),
    max_leaves=4,
)
TITLES = {"title": TEXTS | st.none()}
LEAVES = st.fixed_dictionaries({"type": st.just("output")}, optional=TITLES | {"config": st.fixed_dictionaries({"value": VALUES})}) | (
    st.fixed_dictionaries({"type": st.just("end"), "config": st.fixed_dictionaries({"endStatus": st.sampled_from([1, -1, None])})})
)
UNFINISHED = st.fixed_dictionaries({"type": st.just("condition")}, optional=TITLES | {"config": st.just({}) | st.none()})
LINES = st.recursive(
    st.lists(LEAVES | UNFINISHED, min_size=1, max_size=3),
    lambda inner: st.lists(
        st.fixed_dictionaries(
            {
                "type": st.just("condition"),
                "config": st.fixed_dictionaries({"rejectOnFalse": st.booleans()}, optional={"calculation": st.none()}),
                "branches": st.dictionaries(st.sampled_from(["0", "1"]), inner, min_size=1),
            }
        )
        | LEAVES,
        min_size=1,
        max_size=2,
    ),
    max_leaves=5,
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "type": st.just("custom-action"),
        "sync": st.booleans(),
        "config": st.sampled_from([CONFIG, {"type": 0}, {"type": 2, "collection": "samples"}]),
        "options": st.fixed_dictionaries({"timeout": st.integers(0, 5)}, optional={"stackLimit": st.integers(1, 3)}),
        "nodes": st.just([]) | LINES,
    },
    optional={"title": TEXTS, "description": TEXTS, "triggerTitle": TEXTS},
)


def keyed(nodes: list[Json], prefix: str = "n") -> list[Json]:
    """The nodes with a key each."""
    return [
        node
        | {"key": f"{prefix}{n}"}
        | ({"branches": {i: keyed(b, f"{prefix}{n}_{i}_") for i, b in node["branches"].items()}} if "branches" in node else {})
        for n, node in enumerate(nodes)
    ]


EXAMPLES = itertools.count()


@settings(max_examples=40, deadline=None)
@given(document=DOCUMENTS)
def test_export_of_import_is_the_same_document(store: MemoryStore, document: Json) -> None:
    # Ids of versions are one per millisecond, and the examples share a store.
    root = Session(store, FixedClock(NOW_MS + 1_000 * next(EXAMPLES)))
    document = document | {"key": "any", "nodes": keyed(document["nodes"])}
    made = root.call("workflows:import", None, document)["id"]
    assert root.call("workflows:export", made) == document
    again = root.call("workflows:import", None, root.call("workflows:export", made))["id"]
    assert root.call("workflows:export", again) == document
    root.call("workflows:destroy", made)


def test_without_a_key_a_document_makes_a_workflow_each_time(root: Session) -> None:
    bare = {name: value for name, value in DOCUMENT.items() if name != "key"}
    assert root.call("workflows:import", None, bare)["key"] != root.call("workflows:import", None, bare)["key"]


def test_a_key_that_is_taken_gets_a_version(root: Session) -> None:
    first = root.call("workflows:import", None, DOCUMENT | {"enabled": True})["id"]
    second = root.call("workflows:import", None, DOCUMENT | {"title": "Second", "sync": False})["id"]
    assert [(row["id"], row["enabled"], row["current"]) for row in versions(root)] == [(first, True, True), (second, False, None)]
    third = root.call("workflows:import", None, DOCUMENT | {"enabled": True})["id"]
    assert [(row["id"], row["enabled"], row["current"]) for row in versions(root)] == [
        (first, False, None),
        (second, False, None),
        (third, True, True),
    ]
    root.trigger("samples", 1, "flow")
    fourth = root.call("workflows:import", None, DOCUMENT | {"current": True})["id"]
    assert [(row["id"], row["enabled"], row["current"]) for row in versions(root)][2:] == [(third, False, None), (fourth, False, True)]
    with pytest.raises(Invalid, match="disabled"):
        root.trigger("samples", 1, "flow")


@pytest.mark.parametrize("enabled", [True, False])
def test_a_version_that_has_not_run_is_replaced_in_place(root: Session, enabled: bool) -> None:
    made = root.call("workflows:import", None, DOCUMENT | {"enabled": enabled})["id"]
    changed = {
        "type": "custom-action",
        "sync": False,
        "config": CONFIG,
        "options": {"timeout": 9},
        "nodes": [{"key": "only", "type": "output"}],
    }
    answer = root.call("workflows:import", None, changed, filterByTk=str(made))
    assert (answer["id"], answer["enabled"], answer["title"]) == (made, enabled, None)
    assert root.call("workflows:export", made) == changed | {"key": "flow"}
    assert len(versions(root)) == 1
    if enabled:
        root.call("workflows:update", made, {"enabled": False})


def test_a_workflow_that_is_replaced_runs_as_it_is_now(root: Session) -> None:
    made = root.call("workflows:import", None, DOCUMENT | {"enabled": True})["id"]
    said = [{"key": "say", "type": "response-message", "config": {"message": "now"}}]
    root.call("workflows:import", None, DOCUMENT | {"nodes": said}, filterByTk=str(made))
    assert root.trigger("samples", 1, "flow").messages == ["now"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "nosuch"}, "type"),
        ({"type": None}, "type"),
        ({"config": {}}, "config.type"),
        ({"config": {"type": 1, "collection": "nosuch"}}, "config.collection"),
        ({"key": "a b"}, "key"),
        ({"key": 5}, "key"),
        ({"title": []}, "title"),
        ({"description": 5}, "description"),
        ({"options": 5}, "options"),
        ({"sync": "yes"}, "sync"),
        ({"enabled": "yes"}, "enabled"),
        ({"nodes": {}}, "nodes"),
        ({"nodes": [5]}, "nodes.0"),
        ({"nodes": [{"type": "nosuch"}]}, "nodes.0.type"),
        ({"nodes": [{"type": "condition", "config": {"engine": "basic"}}]}, "nodes.0.config.rejectOnFalse"),
        ({"nodes": [{"type": "condition"}], "enabled": True}, "nodes.0.config.rejectOnFalse"),
        ({"nodes": [{"key": "a", "type": "end"}, {"key": "a", "type": "end"}]}, "nodes.1.key"),
        (
            {"nodes": [{"type": "condition", "config": {"rejectOnFalse": True}, "branches": {"0": [{"type": "x"}]}}]},
            "nodes.0.branches.0.0.type",
        ),
        (
            {"nodes": [{"type": "end"}, {"type": "condition", "branches": [[], [{"type": "end"}, {"type": "x"}]]}]},
            "nodes.1.branches.1.1.type",
        ),
        ({"nodes": [{"id": 5, "type": "end"}, {"type": "x", "upstreamId": 5}]}, "nodes.1.type"),
        ({"nodes": [{"type": "end"}] * 201}, "nodes"),
        ({"nodes": [{"type": "end"}] * 9_000}, "nodes"),
    ],
)
def test_a_document_that_is_wrong_is_refused_with_the_place(root: Session, change: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        root.call("workflows:import", None, DOCUMENT | change)
    assert path in [problem.path for problem in refused.value.problems()]
    assert root.call("workflows:list") == []


@pytest.mark.parametrize(
    ("change", "path"), [({"key": "other"}, "key"), ({"type": "action"}, "type"), ({"nodes": [{"type": "x"}]}, "nodes.0.type")]
)
def test_a_version_is_not_replaced_by_what_does_not_belong_there(root: Session, change: Json, path: str) -> None:
    made = root.call("workflows:import", None, DOCUMENT)["id"]
    with pytest.raises(Invalid) as refused:
        root.call("workflows:import", None, DOCUMENT | change, filterByTk=str(made))
    assert path in [problem.path for problem in refused.value.problems()]
    assert root.call("workflows:export", made) == DOCUMENT


def test_a_body_that_is_no_document_is_refused(root: Session) -> None:
    for body in (None, {}, [], [DOCUMENT]):
        with pytest.raises(Invalid):
            root.call("workflows:import", None, body)


@pytest.mark.parametrize("target", ["8192", "0"])
def test_what_is_not_there_is_not_exported(root: Session, target: str) -> None:
    with pytest.raises(NotFound):
        root.call("workflows:export", target)
    with pytest.raises(NotFound):
        root.call("workflows:import", None, DOCUMENT, filterByTk=target)


@pytest.mark.parametrize("target", [None, "x", "-1", "1e3"])
def test_an_export_needs_the_id_of_a_version(root: Session, target: Json) -> None:
    with pytest.raises(Invalid) as refused:
        root.call("workflows:export", target)
    assert refused.value.problems()[0].path == "filterByTk"
