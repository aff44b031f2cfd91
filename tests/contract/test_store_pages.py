"""The next page of a partition, as it goes over the wire: behind a key at once, however many items lie before it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.ports import RECORDS, Put, Range

Json = Any


@pytest.fixture
def sent(dynamodb_store: DynamoStore) -> Iterator[list[Json]]:
    """The parameters of every query that the store sends."""
    found: list[Json] = []

    def note(params: Json, **_: Json) -> None:
        found.append(params)

    events = dynamodb_store._connection.client.meta.events
    events.register("provide-client-params.dynamodb.Query", note)
    yield found
    events.unregister("provide-client-params.dynamodb.Query", note)


@pytest.fixture
def partition(dynamodb_store: DynamoStore) -> str:
    """A partition with the items ``0`` to ``4``, which stand in the index ``l1`` in the opposite order."""
    name = secrets.token_hex(6)
    dynamodb_store.transact([Put(RECORDS, {"pk": name, "sk": str(n), "l1": str(9 - n)}) for n in range(5)])
    return name


@pytest.mark.parametrize(("forward", "expected"), [(True, ["3", "4"]), (False, ["1", "0"])])
def test_the_table_is_asked_for_what_follows_a_key(
    dynamodb_store: DynamoStore, sent: list[Json], partition: str, forward: bool, expected: list[str]
) -> None:
    page = dynamodb_store.query(RECORDS, partition, start={"pk": partition, "sk": "2"}, forward=forward)
    assert ([item["sk"] for item in page.items], page.next) == (expected, None)
    assert "ExclusiveStartKey" not in sent[-1]


@pytest.mark.parametrize(("index", "keys", "expected"), [("l1", None, ["1", "0"]), (None, Range(low="1", high="3"), ["3"])])
def test_an_index_or_a_range_goes_on_at_its_start_key(
    dynamodb_store: DynamoStore, sent: list[Json], partition: str, index: str | None, keys: Range | None, expected: list[str]
) -> None:
    start = {"pk": partition, "sk": "2"} | ({"l1": "7"} if index else {})
    page = dynamodb_store.query(RECORDS, partition, index=index, keys=keys, start=start)
    assert [item["sk"] for item in page.items] == expected
    assert "ExclusiveStartKey" in sent[-1]


def test_pages_of_one_make_up_the_partition(dynamodb_store: DynamoStore, partition: str) -> None:
    seen: list[str] = []
    start = None
    while True:
        page = dynamodb_store.query(RECORDS, partition, limit=1, start=start)
        seen += [item["sk"] for item in page.items]
        start = page.next
        if start is None:
            break
    assert seen == ["0", "1", "2", "3", "4"]
