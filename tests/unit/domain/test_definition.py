"""Collection definitions: what users may send, what is stored, what answers show."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chalicelib.domain.definition import (
    SLOTS,
    assign_slots,
    check_collection,
    check_field,
    parse_collection,
    public_collection,
    remove_field,
    update_field,
)
from chalicelib.domain.field_types import FIELD_TYPES
from chalicelib.errors import Invalid, NotFound

TITLE = {"name": "title", "type": "string", "interface": "input", "uiSchema": {"type": "string", "title": "title", "x-component": "Input"}}
CATEGORY = {"name": "category", "type": "belongsTo", "target": "categories"}


def existing(name: str) -> bool:
    return name in ("categories", "users", "tags")


def id_type(name: str) -> str:
    return "string" if name == "tags" else "integer"


def samples(*fields: dict[str, Any], **options: Any) -> dict[str, Any]:
    return check_collection({"name": "samples", "fields": list(fields), **options}, existing, id_type=id_type)


def field(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return next(f for f in definition["fields"] if f["name"] == name)


def slots(definition: dict[str, Any]) -> dict[str, str]:
    return {f["name"]: f["slot"] for f in definition["fields"] if "slot" in f}


def mistakes(raw: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        check_collection(raw, existing)
    return {problem.path: problem.message for problem in caught.value.problems()}


def test_the_stored_definition_has_the_models_shape() -> None:
    stored = samples(TITLE, title="Samples")
    key, field_key = stored["key"], stored["fields"][0]["key"]
    assert stored == {
        "key": key,
        "uid": f"c_{key}",
        "name": "samples",
        "title": "Samples",
        "fields": [{"key": field_key, **TITLE, "collectionName": "samples"}],
        "template": "general",
        "autoGenId": True,
        "createdAt": True,
        "updatedAt": True,
        "createdBy": True,
        "updatedBy": True,
        "filterTargetKey": "id",
        "shards": 1,
        "idType": "integer",
        "hidden": False,
        "inherit": False,
        "unavailableActions": [],
    }
    assert len(key) == len(field_key) == 11
    json.dumps(stored)


def test_options_nobody_knows_are_kept() -> None:
    stored = samples(TITLE | {"validation": {"rules": []}}, description=None, logging=True)
    assert (stored["logging"], stored["description"], field(stored, "title")["validation"]) == (True, None, {"rules": []})


def test_what_the_server_owns_is_not_taken_from_users() -> None:
    sent = {
        "uid": "users",
        "key": "mine",
        "system": True,
        "name": "samples",
        "fields": [TITLE | {"slot": "l5", "key": "k", "building": True}],
    }
    stored = check_collection(sent, existing)
    assert stored["uid"] == f"c_{stored['key']}" != "c_mine"
    assert "system" not in stored
    assert not {"slot", "building"} & stored["fields"][0].keys()
    assert stored["fields"][0]["key"] != "k"


def test_null_for_an_option_with_a_default_is_the_default() -> None:
    assert samples(idType=None, hidden=None, filterTargetKey=None)["idType"] == "integer"


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "ä", "a.b", "$a", "a" * 64, 5, None, "a\n"])
def test_a_collections_name_is_an_identifier(name: Any) -> None:
    assert list(mistakes({"name": name})) == ["name"]


@pytest.mark.parametrize("name", ["users", "Users", "roles", "workflows", "flow_nodes", "executions", "apiKeys", "auth", "app", "jobs"])
def test_a_system_name_is_reserved(name: str) -> None:
    assert mistakes({"name": name}) == {"name": f"The collection name {name} is reserved"}


def test_a_name_can_be_taken_once() -> None:
    assert mistakes({"name": "categories", "fields": []}) == {"name": "Collection named categories already exists"}


MISTAKES = [
    ({"fields": {}}, "fields", "array"),
    ({"fields": ["title"]}, "fields.0", "object"),
    ({"title": 5}, "title", "text"),
    ({"shards": 0}, "shards", "1 to 64"),
    ({"shards": 65}, "shards", "1 to 64"),
    ({"shards": True}, "shards", "1 to 64"),
    ({"shards": "4"}, "shards", "1 to 64"),
    ({"idType": "uuid"}, "idType", '"integer" or "string"'),
    ({"idType": "integer", "fields": [{"name": "id", "type": "uuid"}]}, "idType", "bigInt"),
    ({"autoGenId": "yes"}, "autoGenId", "true or false"),
    ({"filterTargetKey": "title", "fields": [TITLE]}, "filterTargetKey", "unique"),
    ({"filterTargetKey": ["id"]}, "filterTargetKey", "unique"),
    ({"fields": [{"type": "string"}]}, "fields.0.name", "letter"),
    ({"fields": [{"name": "a.b", "type": "string"}]}, "fields.0.name", "letter"),
    ({"fields": [{"name": "a"}]}, "fields.0.type", "belongsToMany"),
    ({"fields": [{"name": "a", "type": ["string"]}]}, "fields.0.type", "belongsToMany"),
    ({"fields": [TITLE, TITLE]}, "fields.1.name", 'Field name "title" already exists in collection "samples"'),
    ({"fields": [TITLE | {"unique": "yes"}]}, "fields.0.unique", "true or false"),
    ({"fields": [TITLE | {"primaryKey": True}]}, "fields.0.primaryKey", "unique"),
    ({"fields": [{"name": "a", "type": "json", "index": True}]}, "fields.0.index", "indexed"),
    ({"fields": [{"name": "a", "type": "array", "unique": True}]}, "fields.0.unique", "unique"),
    ({"fields": [{"name": "a", "type": "integer", "defaultValue": "x"}]}, "fields.0.defaultValue", "whole number"),
    ({"fields": [{"name": "createdAt", "type": "string"}]}, "fields.0.type", "system field"),
    ({"fields": [{"name": "a", "type": "belongsTo"}]}, "fields.0.target", "collection"),
    ({"fields": [{"name": "a", "type": "belongsTo", "target": "nosuch"}]}, "fields.0.target", '"nosuch"'),
    ({"fields": [CATEGORY | {"foreignKey": "category"}]}, "fields.0.foreignKey", "another name"),
    ({"fields": [CATEGORY | {"foreignKey": "a.b"}]}, "fields.0.foreignKey", "letter"),
    ({"fields": [CATEGORY | {"index": True}]}, "fields.0.index", "foreign key"),
    ({"fields": [{"name": "a", "type": "hasMany", "target": "tags"}]}, "fields.0.foreignKey", "needs foreignKey"),
    (
        {"fields": [{"name": "a", "type": "belongsToMany", "target": "tags", "foreignKey": "x", "otherKey": "y"}]},
        "fields.0.through",
        "needs",
    ),
    ({"fields": [CATEGORY, {"name": "categoryId", "type": "string"}]}, "fields", "bigInt"),
    ({"fields": [CATEGORY, CATEGORY | {"name": "b", "foreignKey": "category"}]}, "fields", "foreign key"),
]


@pytest.mark.parametrize(("sent", "path", "message"), MISTAKES)
def test_a_mistake_is_told_where_it_is(sent: dict[str, Any], path: str, message: str) -> None:
    found = mistakes({"name": "samples"} | sent)
    assert list(found) == [path]
    assert message in found[path]


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes({"name": "users", "shards": 0, "fields": [{"name": "a", "type": "x", "index": 1}, CATEGORY | {"target": "nosuch"}]})
    assert set(found) == {"name", "shards", "fields.0.index", "fields.0.type", "fields.1.target"}


def test_an_unknown_type_is_answered_with_the_types_there_are() -> None:
    message = mistakes({"name": "samples", "fields": [{"name": "a", "type": "vector"}]})["fields.0.type"]
    assert all(name in message for name in [*FIELD_TYPES, "belongsTo", "hasMany"])


def test_what_is_no_object_is_refused() -> None:
    assert mistakes([]) == {"": "a collection is an object with a name and fields"}


@pytest.mark.parametrize(
    ("association", "key", "kind"),
    [
        (CATEGORY, "categoryId", "bigInt"),
        (CATEGORY | {"foreignKey": "cat"}, "cat", "bigInt"),
        (CATEGORY | {"target": "tags"}, "categoryId", "string"),
        (CATEGORY | {"target": "samples"}, "categoryId", "bigInt"),
        (CATEGORY | {"targetKey": "code"}, "categoryId", "string"),
    ],
)
def test_a_belongs_to_brings_its_foreign_key_of_the_targets_id_type(association: dict[str, Any], key: str, kind: str) -> None:
    stored = samples(association)
    assert field(stored, "category")["foreignKey"] == key
    assert (field(stored, key)["type"], field(stored, key)["slot"], field(stored, key)["isForeignKey"]) == (kind, "l1", True)


def test_a_declared_foreign_key_is_kept() -> None:
    stored = samples(CATEGORY, {"name": "categoryId", "type": "integer", "required": True})
    assert [f["name"] for f in stored["fields"]] == ["category", "categoryId"]
    assert (field(stored, "categoryId")["required"], field(stored, "categoryId")["slot"]) == (True, "l1")


def test_associations_to_many_are_stored_with_their_keys() -> None:
    stored = samples(
        {"name": "tags", "type": "belongsToMany", "target": "tags", "through": "tagged", "foreignKey": "sId", "otherKey": "tId"}
    )
    assert (field(stored, "tags")["sourceKey"], field(stored, "tags")["targetKey"], len(stored["fields"])) == ("id", "id", 1)


def test_system_fields_that_clients_send_along_are_taken() -> None:
    stored = samples(
        {"name": "id", "type": "bigInt", "autoIncrement": True, "primaryKey": True, "allowNull": False},
        {"name": "createdAt", "type": "date", "field": "createdAt", "interface": "createdAt"},
        {"name": "createdBy", "type": "belongsTo", "target": "users", "foreignKey": "createdById"},
    )
    parsed = parse_collection(stored)
    assert slots(stored) == {}
    assert parsed.fields["createdAt"].options["interface"] == "createdAt"
    assert (parsed.fields["createdAt"].read_only, parsed.fields["id"].required) == (True, False)


@pytest.mark.parametrize(("sent", "kind"), [("bigInt", "integer"), ("uuid", "string"), ("nanoid", "string"), ("string", "string")])
def test_a_declared_id_says_what_the_ids_are(sent: str, kind: str) -> None:
    assert parse_collection(samples({"name": "id", "type": sent})).id_type == kind


def test_slots_go_to_foreign_keys_first_then_to_indexed_fields_in_order() -> None:
    indexed = [{"name": name, "type": "string", "index": True} for name in "abcdefg"]
    stored = samples(*indexed[:1], CATEGORY, *indexed[1:], {"name": "tag", "type": "belongsTo", "target": "tags"})
    assert slots(stored) == dict(zip(["categoryId", "tagId", *"abcdefg"], SLOTS, strict=True))


def test_a_unique_field_needs_no_slot() -> None:
    assert slots(samples(TITLE | {"unique": True})) == {}


def test_the_tenth_indexed_field_is_refused() -> None:
    indexed = [{"name": name, "type": "string", "index": True} for name in "abcdefghi"]
    assert set(mistakes({"name": "samples", "fields": [*indexed, CATEGORY]})) == {"fields"}


def test_a_slot_never_moves() -> None:
    before = samples({"name": "a", "type": "string", "index": True})
    after = check_field(CATEGORY, before, existing)
    assert slots(after) == {"a": "l1", "categoryId": "l2"}
    assert slots(remove_field("a", after)) == {"categoryId": "l2"}
    assert assign_slots(after["fields"]) == after["fields"]


def test_a_freed_slot_is_used_again() -> None:
    before = samples({"name": "a", "type": "string", "index": True}, TITLE)
    without = update_field("a", {"index": False}, before, existing)
    assert slots(without) == {}
    assert slots(update_field("title", {"index": True}, without, existing)) == {"title": "l1"}


def test_adding_a_field_leaves_the_old_definition_alone() -> None:
    before = samples(TITLE)
    copied = copy.deepcopy(before)
    after = check_field({"name": "indicator", "type": "double"}, before, existing)
    assert before == copied
    assert [f["name"] for f in after["fields"]] == ["title", "indicator"]
    assert after["uid"] == before["uid"]


def test_a_field_name_can_be_taken_once() -> None:
    with pytest.raises(Invalid) as caught:
        check_field(CATEGORY, samples(CATEGORY), existing)
    assert caught.value.found[0].message == 'Field name "category" already exists in collection "samples"'
    assert caught.value.found[0].path == "name"


def test_a_field_keeps_its_key_and_place_when_it_changes() -> None:
    before = samples(TITLE, CATEGORY)
    changed = {"name": "title", "key": "k", "slot": "g4", "type": "text", "required": True, "collectionName": "users"}
    after = update_field("title", changed, before, existing)
    assert after["fields"][0] == before["fields"][0] | {"type": "text", "required": True}
    assert after["fields"][1:] == before["fields"][1:]


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("title", {"name": "other"}, "name"),
        ("title", {"type": "belongsTo", "target": "categories"}, "type"),
        ("title", {"type": "nosuch"}, "type"),
        ("title", {"defaultValue": 5}, "defaultValue"),
        ("category", {"type": "string"}, "type"),
        ("category", {"type": "hasOne"}, "type"),
        ("category", {"target": "tags"}, "target"),
        ("category", {"foreignKey": "other"}, "foreignKey"),
        ("categoryId", {"type": "string"}, "fields"),
    ],
)
def test_a_field_stays_what_it_is(name: str, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        update_field(name, changes, samples(TITLE, CATEGORY), existing)
    assert [problem.path for problem in caught.value.problems()] == [path]


def test_a_field_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        update_field("nosuch", {}, samples(), existing)
    with pytest.raises(NotFound):
        remove_field("nosuch", samples())


def test_a_foreign_key_goes_after_its_association() -> None:
    stored = samples(CATEGORY)
    with pytest.raises(Invalid, match="category"):
        remove_field("categoryId", stored)
    without = remove_field("category", stored)
    assert slots(without) == {"categoryId": "l1"}
    assert remove_field("categoryId", without)["fields"] == []


@pytest.mark.parametrize("name", ["id", "code"])
def test_a_field_that_names_records_stays(name: str) -> None:
    stored = samples({"name": "id", "type": "bigInt"}, {"name": "code", "type": "string", "unique": True}, filterTargetKey="code")
    with pytest.raises(Invalid):
        remove_field(name, stored)


def test_answers_do_not_show_what_the_server_owns() -> None:
    stored = samples(TITLE | {"index": True})
    shown = public_collection(stored)
    assert "uid" not in shown
    assert "slot" not in shown["fields"][0]
    assert stored["fields"][0]["slot"] == "l1"


def test_a_parsed_collection_has_system_fields_and_its_own() -> None:
    parsed = parse_collection(samples(TITLE | {"allowNull": False, "index": True}, CATEGORY, shards=4))
    assert list(parsed.fields) == [
        "id",
        "createdAt",
        "updatedAt",
        "createdById",
        "updatedById",
        "createdBy",
        "updatedBy",
        "title",
        "category",
        "categoryId",
    ]
    assert (parsed.shards, parsed.id_type, parsed.key_field, parsed.options["autoGenId"]) == (4, "integer", "id", True)
    title, category = parsed.fields["title"], parsed.fields["category"]
    assert (title.required, title.slot, title.options["interface"]) == (True, "l2", "input")
    assert (category.target, category.foreign_key, category.target_key) == ("categories", "categoryId", "id")
    created_by = parsed.fields["createdBy"]
    assert (created_by.target, created_by.foreign_key, created_by.read_only) == ("users", "createdById", True)


def test_the_least_definition_parses() -> None:
    parsed = parse_collection({"name": "a", "uid": "c_a"})
    assert (parsed.title, parsed.shards, parsed.fields["id"].type) == ("a", 1, "integer")
