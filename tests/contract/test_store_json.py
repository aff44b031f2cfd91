"""JSON comes back from either store, and from either table, as it went in."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.codec import decode, encode
from chalicelib.adapters.memory import MemoryStore
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Equals, Key, Put, Store, Update
from chalicelib.errors import Invalid


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = {"in": value}
    return value


EXACT = [
    None, True, False, 0, 1, -1, 2**53 + 1, -(2**53) - 1, 10**37, 0.1, -0.1, 1e-9, 1 / 3, 1e100, -1e100, 1e23, 1e38, 5e-100, 9.99e125,
    "", " ", "text", "é 日本 😀", "\u0000\u001f", "null", "1",
    [], {}, [[]], [{}], {"a": {}}, [None], {"null": None}, [1, "1", True, None, 0.5, [], {}],
    {"a.b": 1, "a": {"b": 2}}, {"#0": ":0", "with space": 1, "$": 2, "é": 3},
    {"S": "x"}, {"N": 1}, {"M": {}}, {"L": []}, {"NULL": True}, {"BOOL": False}, {"S": {"N": "1"}},
    {"attribute_values": {"x": 1}, "data": {}, "pk": 1},
]  # fmt: skip

REFUSED = [
    float("nan"), float("inf"), -float("inf"), [float("nan")], {"a": {"b": float("inf")}},
    10**38, -(10**38), 1e126, -1e200, 1e-131, 5e-324,
    "\ud800", ["\udfff"], {"\ud800": 1}, {1, 2}, b"bytes", nested(31), {"": 1},
]  # fmt: skip


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = MemoryStore() if request.param == "memory" else request.getfixturevalue("dynamodb_store")
    return found


def same(left: Any, right: Any) -> bool:
    """Equal, and a boolean only equals a boolean."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


@pytest.mark.parametrize("value", EXACT, ids=repr)
@pytest.mark.parametrize(("table", "attribute"), [(RECORDS, "data"), (EXECUTIONS, "extra")])
def test_json_comes_back_exact(store: Store, table: Any, attribute: str, value: Any) -> None:
    key = Key(table, secrets.token_hex(6), "x")
    data = {"value": value, "again": [value]}
    store.transact([Put(table, {"pk": key.pk, "sk": key.sk, attribute: data})])
    assert same(store.batch_get([key])[key][attribute], data)
    assert same(store.query(table, key.pk).items[0][attribute], data)
    store.transact([Update(key, set={attribute: {"changed": data}}, condition=Equals({attribute: data}))])
    assert same(store.batch_get([key])[key][attribute], {"changed": data})


@pytest.mark.parametrize("value", EXACT[1:], ids=repr)
def test_a_top_level_attribute_may_be_any_json(store: Store, value: Any) -> None:
    key = Key(RECORDS, secrets.token_hex(6), "guard")
    store.transact([Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": value})])
    assert same(store.batch_get([key])[key]["value"], value)


@pytest.mark.parametrize("value", REFUSED, ids=repr)
def test_what_dynamodb_cannot_hold_is_invalid_and_nothing_is_written(store: Store, value: Any) -> None:
    key, other = (Key(RECORDS, secrets.token_hex(6), "x") for _ in range(2))
    for write in (Put(RECORDS, {"pk": key.pk, "sk": key.sk, "data": {"value": value}}), Update(key, set={"data": {"value": value}})):
        with pytest.raises(Invalid):
            store.transact([Put(RECORDS, {"pk": other.pk, "sk": other.sk}), write])
    assert store.batch_get([key, other]) == {}


def test_31_levels_of_lists_and_maps_are_held(store: Store) -> None:
    key = Key(RECORDS, secrets.token_hex(6), "x")
    store.transact([Put(RECORDS, {"pk": key.pk, "sk": key.sk, "data": {"value": nested(30)}})])
    assert store.batch_get([key])[key]["data"] == {"value": nested(30)}


def test_what_the_caller_changes_later_is_not_changed_in_the_store(store: Store) -> None:
    item = {"pk": secrets.token_hex(6), "sk": "x", "data": {"list": [1]}}
    key = Key(RECORDS, item["pk"], "x")
    store.transact([Put(RECORDS, item)])
    item["data"]["list"].append(2)
    store.batch_get([key])[key]["data"]["list"].append(3)
    assert store.batch_get([key])[key]["data"] == {"list": [1]}


SCALARS = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text()
FRACTIONS = st.floats(1e-130, 9.99e125) | st.floats(-9.99e125, -1e-130)


@given(st.recursive(SCALARS | FRACTIONS, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=20))
def test_decoding_undoes_encoding(value: Any) -> None:
    assert same(decode(encode(value)), value)
