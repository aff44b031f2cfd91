"""Lists and the actions that decide by what is there: paging, plans, variables, appends, firstOrCreate, updateOrCreate, move."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.errors import AppError, Invalid
from tests.sessions import NOW_MS, Session
from tests.stores import WatchedStore, after

Json = Any


@pytest.fixture
def session() -> Session:
    """Cards in columns with an order, of one owner or none; each has notes and tags."""
    made = Session(MemoryStore(), FixedClock(NOW_MS)).install()
    made.call("collections:create", None, {"name": "tags", "fields": [{"name": "name", "type": "string", "unique": True}]})
    fields = [
        {"name": "title", "type": "string", "unique": True},
        {"name": "column", "type": "string"},
        {"name": "size", "type": "integer", "index": True},
        {"name": "due", "type": "date"},
        {"name": "sort", "type": "sort", "index": True, "scopeKey": "column"},
        {"name": "tags", "type": "belongsToMany", "target": "tags", "through": "cardTags", "foreignKey": "cardId", "otherKey": "tagId"},
    ]
    made.call("collections:create", None, {"name": "cards", "fields": fields})
    note_fields = [{"name": "text", "type": "string"}, {"name": "card", "type": "belongsTo", "target": "cards", "foreignKey": "cardId"}]
    made.call("collections:create", None, {"name": "notes", "fields": note_fields})
    made.call("collections/cards/fields:create", None, {"name": "notes", "type": "hasMany", "target": "notes", "foreignKey": "cardId"})
    for n in range(1, 6):
        made.call("cards:create", None, {"id": n, "title": f"t{n}", "column": "todo", "size": n % 3, "sort": n})
    return made


def order(session: Session, column: str = "todo") -> list[int]:
    return [row["id"] for row in session.call("cards:list", filter={"column": column}, sort="sort")]


class TestMeta:
    def test_is_exactly_the_four_of_the_model(self, session: Session) -> None:
        assert session.answer("cards:list", pageSize="2").meta == {"count": 5, "page": 1, "pageSize": 2, "totalPage": 3}

    def test_of_a_simply_paginated_collection_counts_nothing(self, session: Session) -> None:
        session.call("collections:update", "cards", {"simplePaginate": True})
        assert session.answer("cards:list", pageSize="2").meta == {"hasNext": True, "page": 1, "pageSize": 2}
        assert session.answer("cards:list", pageSize="2", page="3").meta == {"hasNext": False, "page": 3, "pageSize": 2}

    def test_has_a_plan_when_asked(self, session: Session) -> None:
        meta = session.answer("cards:list", filter={"size": 1}, plan="1").meta
        assert meta is not None
        assert meta["plan"] == {
            "index": "size",
            "access": "equality",
            "fields": ["size"],
            "scanned": 2,
            "consistent": True,
            "complete": True,
        }

    @pytest.mark.parametrize("params", [{"plan": "maybe"}, {"cursor": ["a"]}, {"cursor": "nonsense"}])
    def test_is_refused_for_bad_parameters(self, session: Session, params: Json) -> None:
        with pytest.raises(Invalid) as caught:
            session.call("cards:list", **params)
        assert caught.value.problems()[0].path == next(iter(params))


class TestVariables:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ({"createdById": "{{$user.id}}"}, [1, 2, 3, 4, 5]),
            ({"title": "{{$nRole}}"}, []),
            ({"due": {"$dateOn": "{{$nDate.today}}"}}, [1]),
            ({"due": {"$dateBefore": "{{ $nDate.today }}"}}, [2]),
            ({"due": {"$dateOn": "{{$nDate.last7Days}}"}}, [2]),
            ({"due": {"$gt": "{{$nDate.now}}"}}, []),
        ],
    )
    def test_are_filled_into_the_filter_of_a_list(self, session: Session, raw: Json, expected: list[int]) -> None:
        session.call("cards:update", 1, {"due": "2026-11-21T00:00:00Z"})
        session.call("cards:update", 2, {"due": "2026-11-20T12:00:00Z"})
        assert [row["id"] for row in session.call("cards:list", filter=raw)] == expected

    def test_that_are_not_there_are_refused_by_name(self, session: Session) -> None:
        with pytest.raises(Invalid, match="nosuch"):
            session.call("cards:list", filter={"title": "{{$nosuch.id}}"})


class TestAppends:
    def test_to_many_are_read_for_all_parents(self, session: Session) -> None:
        for n in range(1, 6):
            session.call("tags:create", None, {"id": n, "name": f"tag{n}"})
            session.call(f"cards/{n}/tags:add", None, list(range(1, n + 1)))
            session.call("notes:create", None, {"id": n, "text": f"n{n}", "cardId": 1 + n % 2})
        rows = session.call("cards:list", appends="notes,tags")
        assert [[note["id"] for note in row["notes"]] for row in rows] == [[2, 4], [1, 3, 5], [], [], []]
        assert [[tag["id"] for tag in row["tags"]] for row in rows] == [list(range(1, n + 1)) for n in range(1, 6)]

    def test_over_three_levels_and_a_hundred_parents_are_refused(self, session: Session) -> None:
        with pytest.raises(Invalid):
            session.call("cards:list", appends="notes.card.notes.card")
        for n in range(6, 103):
            session.call("cards:create", None, {"id": n, "title": f"t{n}"})
        with pytest.raises(Invalid, match="100"):
            session.call("cards:list", appends="notes", pageSize="200")


class TestFirstOrCreate:
    def test_finds_or_makes(self, session: Session) -> None:
        assert session.call("cards:firstOrCreate", None, {"title": "t3", "size": 99}, filterKeys=["title"])["size"] == 0
        made = session.call("cards:firstOrCreate", None, {"title": "new", "size": 8}, filterKeys="title,size")
        assert (made["title"], made["size"]) == ("new", 8)
        assert session.call("cards:firstOrCreate", None, {"title": "new"}, filterKeys=["title"])["id"] == made["id"]

    def test_update_or_create_updates_or_makes(self, session: Session) -> None:
        (updated,) = session.call("cards:updateOrCreate", None, {"title": "t3", "size": 99}, filterKeys=["title"])
        assert (updated["id"], updated["size"]) == (3, 99)
        made = session.call("cards:updateOrCreate", None, {"title": "new", "size": 8}, filterKeys=["title"])
        assert made["size"] == 8

    def test_finds_what_somebody_else_made_at_the_same_moment(self, session: Session) -> None:
        watched = WatchedStore(session.store)
        watched.sendings.append(after(lambda: session.call("cards:create", None, {"id": 77, "title": "new"})))
        found = session.process(watched).call("cards:firstOrCreate", None, {"title": "new"}, filterKeys=["title"])
        assert found["id"] == 77

    @pytest.mark.parametrize(
        ("body", "keys", "path"),
        [
            ({"title": "x"}, None, "filterKeys"),
            ({"title": "x"}, ["nosuch"], "filterKeys"),
            ({"title": "x"}, ["tags"], "filterKeys"),
            ({"size": 1}, ["title"], "title"),
            ({"title": None}, ["title"], "title"),
            ({"size": "many"}, ["size"], "size"),
            ({"title": "x"}, [{"title": 1}], "filterKeys"),
        ],
    )
    @pytest.mark.parametrize("action", ["firstOrCreate", "updateOrCreate"])
    def test_bad_keys_are_refused_by_name(self, session: Session, action: str, body: Json, keys: Json, path: str) -> None:
        with pytest.raises(Invalid) as caught:
            session.call(f"cards:{action}", None, body, **({"filterKeys": keys} if keys else {}))
        assert caught.value.problems()[0].path == path
        assert len(session.call("cards:list")) == 5


class TestMove:
    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"sourceId": 1, "targetId": 3}, [2, 3, 1, 4, 5]),
            ({"sourceId": 5, "targetId": 2}, [1, 5, 2, 3, 4]),
            ({"sourceId": 5, "targetId": 2, "method": "insertAfter"}, [1, 2, 5, 3, 4]),
            ({"sourceId": 1, "targetId": 5, "method": "insertAfter"}, [2, 3, 4, 5, 1]),
            ({"sourceId": 4, "targetId": 1, "method": "insertBefore"}, [4, 1, 2, 3, 5]),
            ({"sourceId": 4, "method": "prepend"}, [4, 1, 2, 3, 5]),
            ({"sourceId": 4, "sticky": "true"}, [4, 1, 2, 3, 5]),
            ({"sourceId": 2, "targetId": 2}, [1, 2, 3, 4, 5]),
        ],
    )
    def test_puts_the_record_where_it_is_asked_to(self, session: Session, params: Json, expected: list[int]) -> None:
        assert session.call("cards:move", **params) == "ok"
        assert order(session) == expected

    def test_writes_one_record_where_there_is_room(self, session: Session) -> None:
        session.call("cards:move", sourceId=1, targetId=3)
        versions = {row["id"]: session.answer("cards:get", row["id"]).headers["ETag"] for row in session.call("cards:list")}
        session.call("cards:move", sourceId=5, method="prepend")
        now = {row["id"]: session.answer("cards:get", row["id"]).headers["ETag"] for row in session.call("cards:list")}
        assert [record_id for record_id in now if now[record_id] != versions[record_id]] == [5]

    def test_takes_the_record_to_another_column(self, session: Session) -> None:
        session.call("cards:move", sourceId=2, targetScope={"column": "done"})
        session.call("cards:move", sourceId=4, targetScope={"column": "done"})
        session.call("cards:move", sourceId=3, targetId=4)
        assert (order(session), order(session, "done")) == ([1, 5], [2, 3, 4])

    def test_new_records_come_last(self, session: Session) -> None:
        made = session.call("cards:create", None, {"title": "last", "column": "todo"})
        assert order(session) == [1, 2, 3, 4, 5, made["id"]]

    @pytest.mark.parametrize(
        ("params", "path"),
        [
            ({}, "sourceId"),
            ({"sourceId": 1}, "targetId"),
            ({"sourceId": 1, "targetId": 2, "sortField": "size"}, "sortField"),
            ({"sourceId": 1, "targetId": 2, "sortField": "nosuch"}, "sortField"),
            ({"sourceId": 1, "targetId": 2, "method": "throw"}, "method"),
            ({"sourceId": 99, "targetId": 2}, ""),
            ({"sourceId": 1, "targetId": 99}, ""),
            ({"sourceId": "x", "targetId": 2}, "id"),
        ],
    )
    def test_a_bad_move_is_refused_and_nothing_moves(self, session: Session, params: Json, path: str) -> None:
        with pytest.raises(AppError) as caught:
            session.call("cards:move", **params)
        assert caught.value.problems()[0].path == path
        assert order(session) == [1, 2, 3, 4, 5]
