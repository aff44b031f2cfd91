from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.engine.validation import flatten, nest
from chalicelib.errors import Invalid
from chalicelib.nodes import NODE_TYPES

SUBMIT = [
    {
        "key": "meets",
        "type": "condition",
        "branches": {"1": [{"key": "note", "type": "create"}, {"type": "update"}], "0": [{"type": "response-message"}, {"type": "end"}]},
    },
    {"type": "output", "config": {"value": "{{$jobsMapByNodeKey.note.id}}"}},
]


def flat(nested: Any) -> list[dict[str, Any]]:
    ids, keys = itertools.count(1), itertools.count(1)
    return flatten(nested, lambda: next(ids), lambda: f"k{next(keys)}")


def node(number: int, type: str = "output", config: Any = None, **more: Any) -> dict[str, Any]:
    upstream = number - 1 or None
    return {"id": number, "key": f"n{number}", "type": type, "config": {} if config is None else config, "upstreamId": upstream} | more


def test_nested_nodes_become_linked_ones_in_running_order() -> None:
    links = [(n["type"], n["id"], n["upstreamId"], n["branchIndex"]) for n in flat(SUBMIT)]
    assert links == [
        ("condition", 1, None, None),
        ("create", 2, 1, 1),
        ("update", 3, 2, None),
        ("response-message", 4, 1, 0),
        ("end", 5, 4, None),
        ("output", 6, 1, None),
    ]
    assert [n["key"] for n in flat(SUBMIT)] == ["meets", "note", "k1", "k2", "k3", "k4"]


def test_flat_nodes_keep_keys_and_links_under_new_ids() -> None:
    given_nodes = [node(70, upstreamId=None), node(90, upstreamId=70, key=None), node(80, "end", upstreamId=90, workflowId=5)]
    assert [(n["id"], n["key"], n["upstreamId"], n["branchIndex"]) for n in flat(given_nodes)] == [
        (1, "n70", None, None),
        (2, "k1", 1, None),
        (3, "n80", 2, None),
    ]
    assert all("workflowId" not in n for n in flat(given_nodes))


def test_a_list_of_branches_counts_from_0() -> None:
    nested = [{"type": "condition", "config": {}, "branches": [[{"type": "end"}], [{"type": "output"}]]}]
    assert [(n["type"], n["branchIndex"]) for n in flat(nested)] == [("condition", None), ("end", 0), ("output", 1)]


def nested_deep(levels: int) -> list[dict[str, Any]]:
    return [{"type": "condition", "branches": {"1": nested_deep(levels - 1)}}] if levels else [{"type": "end"}]


@pytest.mark.parametrize(
    ("nested", "path"),
    [
        ({}, "nodes"),
        (None, "nodes"),
        ([5], "nodes.0"),
        ([{"type": "end"}, "end"], "nodes.1"),
        ([{"type": "condition", "branches": 5}], "nodes.0.branches"),
        ([{"type": "condition", "branches": {"yes": []}}], "nodes.0.branches.yes"),
        ([{"type": "condition", "branches": {"1": {}}}], "nodes.0.branches.1"),
        ([{"type": "condition", "branches": [{"type": "end"}]}], "nodes.0.branches.0"),
        ([{"type": "condition", "branches": {"1": [None]}}], "nodes.0.branches.1.0"),
        ([node(1), node(2, upstreamId=9)], "nodes.1.upstreamId"),
        ([node(1), node(2, upstreamId=[1])], "nodes.1.upstreamId"),
        ([node(1), node(2, id=1)], "nodes.1.id"),
        ([node(1), 5], "nodes.1"),
        (nested_deep(21), "nodes" + ".0.branches.1" * 21),
    ],
)
def test_malformed_nesting_is_refused_with_its_path(nested: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        flat(nested)
    assert path in [problem.path for problem in refused.value.problems()]


def test_twenty_levels_of_branches_are_fine() -> None:
    assert len(flat(nested_deep(20))) == 21


CONTENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(list(NODE_TYPES)), "key": st.uuids().map(lambda value: value.hex)},
    optional={"title": st.text(max_size=3), "config": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)},
)
TREES = st.recursive(
    st.lists(CONTENTS, min_size=1, max_size=3),
    lambda inner: st.lists(
        st.tuples(CONTENTS, st.dictionaries(st.integers(-1, 3).map(str), inner, min_size=1, max_size=2)).map(
            lambda pair: pair[0] | {"branches": pair[1]}
        )
        | CONTENTS,
        min_size=1,
        max_size=3,
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_nesting_what_was_flattened_gives_the_same(tree: list[dict[str, Any]]) -> None:
    assert nest(flat(tree)) == tree
    assert nest(flat(flat(tree))) == tree
