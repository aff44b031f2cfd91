"""What an association asks of the records on its two sides: required keys, where a mistake is, and who may make a partner."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import AppError, Forbidden, Invalid
from tests.sessions import Session

Json = Any


def field(name: str, kind: str = "string", **options: Json) -> Json:
    return {"name": name, "type": kind, **options}


def collection(root: Session, name: str, *fields: Json) -> None:
    root.call("collections:create", None, {"name": name, "fields": list(fields)})


@pytest.fixture
def root() -> Session:
    """House 1 with room 1; a room has to be in a house. House 2 has no room."""
    session = Session(MemoryStore()).install()
    collection(session, "houses", field("t"))
    collection(session, "rooms", field("t"), field("house", "belongsTo", target="houses", foreignKey="houseId"))
    session.call("collections/rooms/fields:update", "houseId", {"required": True})
    session.call("collections/houses/fields:create", None, field("rooms", "hasMany", target="rooms", foreignKey="houseId"))
    session.call("collections/houses/fields:create", None, field("best", "hasOne", target="rooms", foreignKey="houseId"))
    for number in (1, 2):
        session.call("houses:create", None, {"id": number, "t": f"house {number}"})
    session.call("rooms:create", None, {"id": 1, "t": "room", "houseId": 1})
    return session


def refusal(root: Session, name: str, record_id: Json, body: Json, **params: Json) -> AppError:
    with pytest.raises(Invalid) as refused:
        root.call(name, record_id, body, **params)
    return refused.value


TAKING_THE_KEY: list[tuple[str, Json, Json]] = [
    ("houses/1/rooms:remove", 1, None),
    ("houses/1/rooms:set", None, []),
    ("houses/1/rooms:toggle", None, [1]),
    ("houses/1/best:remove", None, None),
    ("rooms/1/house:remove", None, None),
    ("rooms/1/house:set", None, []),
    ("rooms:update", 1, {"house": None}),
    ("rooms:update", 1, {"house": {"id": None}}),
    ("rooms:update", 1, {"houseId": None}),
    ("houses:update", 1, {"rooms": []}),
    ("houses:update", 1, {"best": None}),
]


@pytest.mark.parametrize(("name", "record_id", "body"), TAKING_THE_KEY)
def test_no_way_takes_a_required_key_from_a_record(root: Session, name: str, record_id: Json, body: Json) -> None:
    refused = refusal(root, name, record_id, body)
    assert "houseId" in str(refused)
    assert root.call("rooms:get", 1)["houseId"] == 1


@pytest.mark.parametrize(("name", "record_id", "body"), TAKING_THE_KEY[:-3])
def test_the_refusal_to_take_a_key_has_the_code_that_destroy_has(root: Session, name: str, record_id: Json, body: Json) -> None:
    if "houseId" not in (body or {}):
        assert refusal(root, name, record_id, body).problems()[0].code == "FOREIGN_KEY_REQUIRED"


@pytest.mark.parametrize(
    ("collection", "record", "values"), [("houses", 1, {"rooms": []}), ("rooms", 1, {"house": None}), ("houses", 1, {"best": None})]
)
def test_nor_does_a_node(root: Session, collection: str, record: int, values: Json) -> None:
    config = {"collection": collection, "params": {"filter": {"id": record}, "values": values}}
    root.workflow("take", [{"type": "update", "config": config}], "houses")
    [execution] = root.trigger("houses", 1, "take").meta["executions"]
    assert execution["status"] < 0
    assert root.call("rooms:get", 1)["houseId"] == 1


def test_a_record_with_a_required_key_may_move(root: Session) -> None:
    root.call("houses/2/rooms:add", None, [1])
    assert root.call("rooms:get", 1)["houseId"] == 2
    root.call("rooms/1/house:set", None, [1])
    assert root.call("rooms:get", 1)["houseId"] == 1


@pytest.mark.parametrize("house", [2, {"id": 2}, {"t": "new"}, {"id": 2, "t": "house 2"}])
def test_an_association_brings_the_key_that_a_record_must_have(root: Session, house: Json) -> None:
    made = root.call("rooms:create", None, {"t": "b", "house": house})
    owner = root.call("houses:get", made["houseId"])
    assert owner["t"] == ("new" if house == {"t": "new"} else "house 2")


@pytest.mark.parametrize(("values", "expected"), [({"rooms": [{"t": "x"}, {"t": "y"}]}, ["x", "y"]), ({"best": {"t": "x"}}, ["x"])])
def test_partners_made_with_their_owner_have_its_key(root: Session, values: Json, expected: list[str]) -> None:
    made = root.call("houses:create", None, {"t": "new"} | values)
    rooms = root.call("rooms:list", filter={"houseId": made["id"]}, sort="id")
    assert [room["t"] for room in rooms] == expected


def test_partners_made_by_an_update_have_the_key(root: Session) -> None:
    values = {"rooms": [1, {"t": "x"}]}
    root.call("houses:update", 1, values, updateAssociationValues=["rooms"])
    assert [room["t"] for room in root.call("rooms:list", filter={"houseId": 1}, sort="t")] == ["room", "x"]


def test_a_node_makes_partners_with_the_key(root: Session) -> None:
    config = {"collection": "houses", "params": {"values": {"t": "made", "rooms": [{"t": "x"}]}}}
    root.workflow("make", [{"type": "create", "config": config}], "houses")
    root.trigger("houses", 1, "make")
    [house] = root.call("houses:list", filter={"t": "made"})
    assert root.call("rooms:list", filter={"t": "x"})[0]["houseId"] == house["id"]


def test_without_the_association_the_key_is_required(root: Session) -> None:
    assert [(p.path, p.message) for p in refusal(root, "rooms:create", None, {"t": "b"}).problems()] == [("houseId", "houseId is required")]


def test_an_association_and_its_key_must_agree(root: Session) -> None:
    refused = refusal(root, "rooms:create", None, {"houseId": 1, "house": 2})
    assert [p.path for p in refused.problems()] == ["house"]
    assert "houseId" in str(refused)
    assert root.call("rooms:create", None, {"houseId": 2, "house": {"id": "2"}})["houseId"] == 2


@pytest.fixture
def books() -> Session:
    session = Session(MemoryStore()).install()
    collection(session, "marks", field("t"))
    collection(session, "items", field("name", required=True), field("mark", "belongsTo", target="marks"))
    tags = field("tags", "belongsToMany", target="marks", through="bookMarks", foreignKey="bookId", otherKey="markId")
    title = field("title", required=True, unique=True)
    collection(session, "books", title, field("items", "hasMany", target="items", foreignKey="bookId"), tags)
    session.call("collections/books/fields:create", None, field("sequel", "belongsTo", target="books"))
    session.call("books:create", None, {"title": "one"})
    return session


WRONG: list[tuple[Json, list[tuple[str, str]]]] = [
    ({"items": [{}]}, [("items.0.name", "name is required")]),
    ({"items": [None]}, [("items.0", "must be an id or an object")]),
    ({"items": [True]}, [("items.0", "must be an id or an object")]),
    (
        {"items": [{"name": "ok"}, {"name": 5}, {"nope": 1}]},
        [("items.1.name", "text"), ("items.2.nope", "nope"), ("items.2.name", "required")],
    ),
    ({"tags": [{"id": "abc"}]}, [("tags.0.id", '"tags.0.id": "abc" is not an id')]),
    ({"tags": [{"id": 99}]}, [("tags.0", "there is no record 99")]),
    ({"tags": 5}, [("tags", "must be a list")]),
    ({"items": [{"name": 5}], "tags": ["x"], "sequel": {"title": 1}}, [("sequel.title", ""), ("items.0.name", ""), ("tags.0", "")]),
    ({"items": [{"name": "a", "mark": {"t": 5}}]}, [("items.0.mark.t", "text")]),
    ({"nope": 1, "title": 5, "items": [{"name": 5}]}, [("title", ""), ("nope", ""), ("items.0.name", "")]),
    ({"sequel": {"title": "one"}}, [("sequel.title", '"sequel.title" must be unique')]),
    ({"sequel": "abc"}, [("sequel", "whole number")]),
]


@pytest.mark.parametrize(("values", "expected"), WRONG)
def test_every_mistake_is_named_where_it_is(books: Session, values: Json, expected: list[tuple[str, str]]) -> None:
    found = refusal(books, "books:create", None, {"title": "new"} | values).problems()
    assert {p.path for p in found} == {path for path, _ in expected}
    for path, said in expected:
        assert any(p.path == path and said in p.message for p in found)
    assert [len(books.call(f"{name}:list")) for name in ("books", "items", "marks")] == [1, 0, 0]


def test_a_place_in_a_list_is_no_part_of_what_update_association_values_names(books: Session) -> None:
    values = {"title": "t", "items": [{"name": "a", "mark": {"t": "m"}}]}
    rights = {"view": {}, "create": {}, "update": {}}
    actions = {"usingActionsConfig": True, "actions": [{"name": name, **options} for name, options in rights.items()]}
    books.call("roles:create", None, {"name": "writer", "resources": dict.fromkeys(("books", "items", "marks"), actions)})
    books.call("users:create", None, {"id": 9, "username": "writer", "password": "a password 9", "roles": ["writer"]})
    writer = books.process(user_id=9)
    assert "items.mark" in str(refusal(writer, "books:create", None, values, updateAssociationValues=["items"]))
    writer.call("books:create", None, values, updateAssociationValues=["items", "items.mark"])
    assert books.call("items:list")[0]["markId"] == books.call("marks:list")[0]["id"]


def rule(**actions: Json) -> Json:
    return {"usingActionsConfig": True, "actions": [{"name": name, **options} for name, options in actions.items()]}


@pytest.fixture
def pages() -> Session:
    """Pages in a tree: the editor may update those with ``num`` up to 2, the binder their ``kids`` too."""
    root = Session(MemoryStore()).install()
    collection(root, "pages", field("title"), field("labels"), field("num", "integer"))
    root.call("collections/pages/fields:create", None, field("parent", "belongsTo", target="pages", foreignKey="parentId"))
    root.call("collections/pages/fields:create", None, field("kids", "hasMany", target="pages", foreignKey="parentId"))
    create, scope = {"fields": ["title"]}, {"num": {"$lte": 2}}
    for user, (name, fields) in enumerate({"editor": ["title", "labels"], "binder": ["title", "kids"]}.items(), 5):
        rules = rule(view={}, create=create, update={"fields": fields, "scope": scope})
        root.call("roles:create", None, {"name": name, "resources": {"pages": rules}})
        root.call("users:create", None, {"id": user, "username": name, "password": "a password 9", "roles": [name]})
    for number in (1, 3):
        root.call("pages:create", None, {"id": number, "title": f"page {number}", "num": number})
    return root


EDITOR, BINDER = 5, 6


@pytest.mark.parametrize(("user", "page"), [(EDITOR, 1), (EDITOR, 3), (BINDER, 3)])
def test_who_may_not_link_makes_no_partner_either(pages: Session, user: int, page: int) -> None:
    caller = pages.process(user_id=user)
    for action, body in (("create", {"title": "kid"}), ("add", [1])):
        with pytest.raises(Forbidden):
            caller.call(f"pages/{page}/kids:{action}", None, body)
    assert len(pages.call("pages:list")) == 2


def test_who_may_give_the_key_needs_no_more(pages: Session) -> None:
    """What ``pages:create`` with the key would do: to see the owner is enough."""
    pages.call("roles:create", None, {"name": "author", "resources": {"pages": rule(view={}, create={})}})
    pages.call("users:create", None, {"id": 7, "username": "author", "password": "a password 9", "roles": ["author"]})
    author = pages.process(user_id=7)
    assert author.call("pages/1/kids:create", None, {"title": "kid"})["parentId"] == 1
    with pytest.raises(Forbidden):
        author.call("pages/1/kids:add", None, [3])


def test_who_may_link_and_create_makes_partners(pages: Session) -> None:
    """The key that the association gives is not among the fields that the role writes."""
    made = pages.process(user_id=BINDER).call("pages/1/kids:create", None, {"title": "kid", "parentId": 3})
    assert pages.call("pages:get", made["id"])["parentId"] == 1


def test_who_links_and_creates_writes_no_other_field(pages: Session) -> None:
    with pytest.raises(Forbidden):
        pages.process(user_id=BINDER).call("pages/1/kids:create", None, {"title": "kid", "num": 1})


def test_a_record_without_its_source_key_has_no_partners_and_gets_none(root: Session) -> None:
    """Compared with null it would have those that point to nobody."""
    collection(root, "cups", field("shelfCode"))
    collection(root, "shelves", field("code"), field("cups", "hasMany", target="cups", foreignKey="shelfCode", sourceKey="code"))
    for number, code in ((1, None), (2, "B")):
        root.call("shelves:create", None, {"id": number, "code": code})
        root.call("cups:create", None, {"id": number})
    assert root.call("shelves/1/cups:list") == []
    assert '"code"' in str(refusal(root, "shelves/1/cups:add", None, [1]))
    assert '"code"' in str(refusal(root, "shelves:create", None, {"cups": [{}]}))
    root.call("shelves/2/cups:add", None, [1])
    root.call("shelves:update", 2, {"cups": [{}]}, updateAssociationValues=["cups"])
    assert len(root.call("shelves/2/cups:list")) == 1
    assert root.call("cups:get", 1)["shelfCode"] is None
