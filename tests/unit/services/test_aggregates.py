"""The aggregate node over the record layer: associations of every kind, and what reads too much."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import Session

Json = Any


@pytest.fixture
def root() -> Session:
    session = Session(MemoryStore()).install()
    session.call("collections:create", None, {"name": "shelves", "fields": [{"name": "title", "type": "string"}]})
    price = [{"name": "price", "type": "decimal"}, {"name": "secret", "type": "double", "hidden": True}]
    session.call("collections:create", None, {"name": "books", "fields": price})
    shelf = {"target": "books", "foreignKey": "shelfId"}
    session.call("collections/shelves/fields:create", None, {"name": "books", "type": "hasMany", **shelf})
    session.call("collections/shelves/fields:create", None, {"name": "best", "type": "hasOne", **shelf, "foreignKey": "bestOfId"})
    session.call(
        "collections:create", None, {"name": "marks", "fields": [{"name": "a", "type": "bigInt"}, {"name": "b", "type": "bigInt"}]}
    )
    through = {"target": "books", "through": "marks", "foreignKey": "a", "otherKey": "b"}
    session.call("collections/shelves/fields:create", None, {"name": "marked", "type": "belongsToMany", **through})
    for shelf_id in (1, 2):
        session.call("shelves:create", None, {"id": shelf_id, "title": f"S{shelf_id}"})
    for book, sum_, within in ((1, 0.1, 1), (2, 0.2, 1), (3, 5, 2), (4, 7, None)):
        session.call("books:create", None, {"id": book, "price": sum_, "shelfId": within, "bestOfId": 1 if book == 2 else None})
    session.call("shelves/1/marked:add", None, [3, 4])
    return session


def aggregated(root: Session, **config: Json) -> Json:
    return root.call("flow_nodes:test", None, {"type": "aggregate", "config": config})


def of(key: Json, name: str = "books", **more: Json) -> Json:
    link = {"associatedCollection": "shelves", "name": name, "associatedKey": key}
    return {"associated": True, "association": link, "aggregator": "sum", "params": {"field": "price"}, **more}


@pytest.mark.parametrize(
    ("config", "result"),
    [
        (of(1), 0.3),
        (of("1", precision=0), 0),
        (of(2), 5),
        (of(99), 0),
        (of(1, "best"), 0.2),
        (of(2, "best"), 0),
        (of(1, "marked"), 12),
        (of(1, "marked", params={"field": "price", "filter": {"price": {"$gt": 6}}}), 7),
        (of(1, params={"field": "price", "filter": {"$or": [{"id": 2}, {"id": 3}]}}), 0.2),
        (of(1, aggregator="count", params={}), 2),
        ({"aggregator": "max", "collection": "books", "params": {"field": "price", "filter": {"shelfId": None}}}, 7),
        ({"aggregator": "avg", "collection": "main:books", "params": {"field": "price"}, "precision": 4}, 3.075),
    ],
)
def test_the_records_of_a_collection_and_the_partners_of_a_record(root: Session, config: Json, result: float) -> None:
    assert aggregated(root, **config) == {"status": 1, "result": result}


def test_a_key_that_is_none_is_an_error(root: Session) -> None:
    answer = aggregated(root, **of("x"))
    assert (answer["status"], answer["result"]["code"]) == (-2, "INVALID_ID")


def test_a_hidden_field_looks_as_if_it_were_not_there(root: Session) -> None:
    with pytest.raises(Invalid, match='"secret" does not exist'):
        aggregated(root, aggregator="sum", collection="books", params={"field": "secret"})
    with pytest.raises(Invalid, match='"password" does not exist'):
        aggregated(root, aggregator="count", collection="users", params={"field": "password"})


def test_what_reads_more_than_20_mb_is_refused(root: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.engine.scan.MOST_PAGES", 0)
    answer = aggregated(root, aggregator="sum", collection="books", params={"field": "price"})
    assert answer["status"] == -2
    assert answer["result"]["message"] == "the filter reads more than 20 MB of records; filter by an indexed field or by id"
