"""Collections and their fields over HTTP (https://docs.nocobase.com/data-sources/data-modeling)."""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model

TITLE: Json = {"name": "title", "type": "string"}


def test_a_collection_is_made_listed_read_changed_and_removed(root: Client) -> None:
    made = root.post("collections:create", {"name": "boxes", "title": "Boxes", "fields": [TITLE]}).data
    assert (made["name"], made["title"], [field["name"] for field in made["fields"]]) == ("boxes", "Boxes", ["title"])
    assert "boxes" in [row["name"] for row in root.get("collections:list", pageSize=200).data]
    assert root.get("collections:get/boxes").data["title"] == "Boxes"
    assert root.get("collections:get", filterByTk="boxes").data["name"] == "boxes"
    root.post("collections:update/boxes", {"title": "Crates"}).ok()
    assert root.get("collections:get/boxes").data["title"] == "Crates"
    root.post("collections:destroy/boxes").ok()
    assert "boxes" not in [row["name"] for row in root.get("collections:list", pageSize=200).data]
    assert root.get("boxes:list").status == 404


def test_fields_are_made_listed_changed_and_removed(root: Client) -> None:
    root.post("collections:create", {"name": "jars", "fields": [TITLE]}).ok()
    assert root.post("collections/jars/fields:create", {"name": "size", "type": "integer"}).data["name"] == "size"
    assert [field["name"] for field in root.get("collections/jars/fields:list").data] == ["title", "size"]
    assert root.get("collections/jars/fields:get/size").data["type"] == "integer"
    assert root.post("jars:create", {"title": "a", "size": 3}).data["size"] == 3
    root.post("collections/jars/fields:update/size", {"uiSchema": {"title": "How big"}}).ok()
    assert root.get("collections/jars/fields:get/size").data["uiSchema"]["title"] == "How big"
    root.post("collections/jars/fields:destroy/size").ok()
    assert "size" not in root.rows("jars")[0]
    assert root.post("jars:create", {"size": 3}).status == 400


def test_an_association_may_be_added_later(root: Client) -> None:
    root.post("collections:create", {"name": "lids", "fields": [TITLE]}).ok()
    root.post("collections:create", {"name": "pots", "fields": [TITLE]}).ok()
    field = {"name": "lid", "type": "belongsTo", "target": "lids", "foreignKey": "lidId"}
    root.post("collections/pots/fields:create", field).ok()
    lid = root.post("lids:create", {"title": "round"}).data["id"]
    pot = root.post("pots:create", {"title": "p", "lid": lid}).data["id"]
    assert root.get(f"pots:get/{pot}", appends=["lid"]).data["lid"]["title"] == "round"


def test_the_answer_says_how_many_shards_a_collection_has(root: Client) -> None:
    assert root.post("collections:create", {"name": "shardful", "fields": [TITLE]}).data["shards"] == 1


BAD: list[tuple[str, Json, str]] = [
    ("no name", {"fields": [TITLE]}, "name"),
    ("a number for a name", {"name": 5}, "name"),
    ("an empty name", {"name": ""}, "name"),
    ("a name with a blank", {"name": "a b"}, "name"),
    ("a name with a colon", {"name": "a:b"}, "name"),
    ("a name of 300 characters", {"name": "n" * 300}, "name"),
    ("a name of the system", {"name": "users"}, "users"),
    ("a name of the system, workflows", {"name": "workflows"}, "workflows"),
    ("a taken name", {"name": "samples", "fields": []}, "samples"),
    ("fields that are no list", {"name": "bad", "fields": "title"}, "fields"),
    ("a field that is no object", {"name": "bad", "fields": ["title"]}, "fields"),
    ("a field without a name", {"name": "bad", "fields": [{"type": "string"}]}, "name"),
    ("a field without a type", {"name": "bad", "fields": [{"name": "title"}]}, "type"),
    ("an unknown field type", {"name": "bad", "fields": [{"name": "title", "type": "nosuch"}]}, "fields.0.type"),
    ("the same field twice", {"name": "bad", "fields": [TITLE, TITLE]}, "title"),
    ("a system field", {"name": "bad", "fields": [{"name": "createdAt", "type": "string"}]}, "createdAt"),
    ("a dotted field name", {"name": "bad", "fields": [{"name": "a.b", "type": "string"}]}, "fields.0.name"),
    ("an operator as a field name", {"name": "bad", "fields": [{"name": "$and", "type": "string"}]}, "fields.0.name"),
    ("an association without a target", {"name": "bad", "fields": [{"name": "c", "type": "belongsTo"}]}, "target"),
    (
        "an association with an unknown target",
        {"name": "bad", "fields": [{"name": "c", "type": "belongsTo", "target": "nosuch", "foreignKey": "cId"}]},
        "nosuch",
    ),
    ("shards that are no number", {"name": "bad", "shards": "many"}, "shards"),
    ("no shards", {"name": "bad", "shards": 0}, "shards"),
]


@pytest.mark.parametrize(("body", "named"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_collection_is_refused_by_name_and_not_made(model: Model, body: Json, named: str) -> None:
    before = model.root.count("collections")
    answer = model.root.post("collections:create", body)
    assert 400 <= answer.status < 500
    assert named in answer.error_text
    assert model.root.count("collections") == before


def test_every_mistake_in_a_collection_is_named_at_once(root: Client) -> None:
    fields = [{"name": "one", "type": "nosuch"}, {"name": "a.b", "type": "string"}]
    answer = root.post("collections:create", {"name": "bad", "fields": fields})
    assert answer.status == 400
    assert [entry["path"] for entry in answer.errors] == ["fields.0.type", "fields.1.name"]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("collections/samples/fields:create", {"name": "category", "type": "belongsTo", "target": "categories"}, "category"),
        ("collections/samples/fields:create", {"name": "title", "type": "string"}, "title"),
        ("collections/samples/fields:create", {"name": "x", "type": "nosuch"}, "type"),
        ("collections/nosuch/fields:create", {"name": "x", "type": "string"}, "nosuch"),
        ("collections/samples/fields:update/nosuch", {"title": "x"}, "nosuch"),
        ("collections/samples/fields:destroy/nosuch", None, "nosuch"),
        ("collections:update/nosuch", {"title": "x"}, "nosuch"),
    ],
)
def test_a_bad_change_of_a_collection_is_refused_by_name(model: Model, path: str, body: Json, named: str) -> None:
    before = model.root.get("collections/samples/fields:list").data
    answer = model.root.post(path, body)
    assert 400 <= answer.status < 500
    assert named in answer.error_text
    assert model.root.get("collections/samples/fields:list").data == before


@pytest.mark.parametrize(
    "action", ["collections:create", "collections:list", "collections:destroy/samples", "collections/samples/fields:create"]
)
def test_who_may_not_configure_may_not_touch_collections(model: Model, action: str) -> None:
    body = {"name": "mine", "fields": []} if "create" in action else None
    if action == "collections:list":
        assert model.users["viewer"].get(action).status in (200, 403)
    else:
        assert model.users["viewer"].post(action, body).status == 403
    assert model.root.get("collections:get/samples").status == 200


@pytest.mark.parametrize(
    "field", [{"name": "id", "type": "string"}, {"name": "createdAt", "type": "string"}, {"name": "version", "type": "string"}]
)
def test_a_system_field_is_not_added_to_a_collection_that_has_records(root: Client, field: Json) -> None:
    name = f"sealed{field['name']}"
    root.post("collections:create", {"name": name, "fields": [TITLE]}).ok()
    made = root.post(f"{name}:create", {"title": "there"}).data
    root.post(f"collections/{name}/fields:create", field)
    read = root.get(f"{name}:get/{made['id']}").data
    assert (read["id"], read["createdAt"]) == (made["id"], made["createdAt"])
    assert type(root.post(f"{name}:create", {"title": "next"}).data["id"]) is int


def test_collections_of_the_system_and_unknown_ones_are_not_removed(model: Model) -> None:
    for name in ("users", "roles", "workflows", "nosuch"):
        answer = model.root.post(f"collections:destroy/{name}")
        assert 400 <= answer.status < 500 or answer.json == {"data": 0}
    assert model.root.count("users") > len(model.users)
    assert model.root.get("auth:check").status == 200
