"""Records over HTTP: make, read, find, change and remove them (https://docs.nocobase.com/api/http)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.functional.client import Client, Json
from tests.functional.model import Model, things


def test_a_new_record_is_answered_with_its_system_fields(model: Model) -> None:
    made = model.root.post("samples:create", {"title": "A", "indicator": 95.5, "status": "Collected", "category": {"id": model.blood}}).data
    assert {name: made[name] for name in ("title", "indicator", "status", "categoryId", "createdById", "updatedById")} == {
        "title": "A",
        "indicator": 95.5,
        "status": "Collected",
        "categoryId": model.blood,
        "createdById": model.root.get("auth:check").data["id"],
        "updatedById": made["createdById"],
    }
    assert 0 < made["id"] < 2**53
    for name in ("createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made[name])
    assert model.read(made["id"]) == made


def test_ids_grow_with_time(model: Model) -> None:
    ids = [model.sample() for _ in range(5)]
    assert ids == sorted(ids)


@pytest.mark.parametrize("form", ["object", "key", "foreign key"])
def test_an_association_is_set_by_an_object_by_a_key_or_by_its_foreign_key(model: Model, form: str) -> None:
    value: Json = {
        "object": {"category": {"id": model.water}},
        "key": {"category": model.water},
        "foreign key": {"categoryId": model.water},
    }[form]
    assert model.root.post("samples:create", {"title": "A"} | value).data["categoryId"] == model.water


def test_an_empty_body_makes_an_empty_record(model: Model) -> None:
    made = model.root.post("samples:create", {}).data
    assert (made.get("title"), made.get("categoryId")) == (None, None)


@pytest.mark.parametrize("value", ["91", "91.0", 91])
def test_a_number_written_as_text_is_the_number(model: Model, value: Json) -> None:
    made = model.root.post("samples:create", {"indicator": value}).data
    assert model.read(made["id"])["indicator"] == 91


EXACT = [0.1, 2**53 + 1, -1.5e-10, "", None, True, [], {}, {"a.b": {"c": None}, "list": [1, [2, {}]], "unicode": "ä🙂\u0000\n"}]


@pytest.mark.parametrize("value", EXACT)
def test_a_json_value_comes_back_exactly(root: Client, value: Json) -> None:
    name = _json_collection(root)
    made = root.post(f"{name}:create", {"anything": value}).data
    read = root.get(f"{name}:get/{made['id']}").data["anything"]
    assert read == value
    assert type(read) is type(value)


def _json_collection(root: Client) -> str:
    if root.get("collections:get/anythings").json.get("data") is None:
        root.post("collections:create", {"name": "anythings", "fields": [{"name": "anything", "type": "json"}]}).ok()
    return "anythings"


def test_the_id_may_stand_in_the_path_or_in_a_parameter_and_the_parameter_wins(model: Model) -> None:
    one, other = model.sample("One"), model.sample("Other")
    assert model.root.get(f"samples:get/{one}").data["title"] == "One"
    assert model.root.get("samples:get", filterByTk=one).data["title"] == "One"
    assert model.root.get(f"samples:get/{one}", filterByTk=other).data["title"] == "Other"
    assert model.root.get(f"samples/{one}").data["title"] == "One"


def test_rest_methods_mean_the_actions(model: Model) -> None:
    client = model.root
    made = client.post("samples", {"title": "Rest"}).data
    path = f"samples/{made['id']}"
    assert client.send("PUT", path, b'{"title": "Put"}').data[0]["title"] == "Put"
    assert client.send("PATCH", path, b'{"title": "Patched"}').data[0]["title"] == "Patched"
    assert client.get("samples", filter={"id": made["id"]}).meta["count"] == 1
    assert client.send("DELETE", path).data == 1
    assert client.get(path).data is None


def test_a_record_that_is_not_there_is_null_no_rows_or_zero(model: Model) -> None:
    assert model.root.get("samples:get/99999").json == {"data": None}
    assert model.root.post("samples:update/99999", {"status": "x"}).data == []
    assert model.root.post("samples:destroy/99999").data == 0


def test_update_answers_the_changed_records_and_keeps_the_rest(model: Model) -> None:
    sample = model.sample("Before", 7)
    (changed,) = model.root.post(f"samples:update/{sample}", {"title": "After"}).data
    assert (changed["title"], changed["indicator"], changed["categoryId"]) == ("After", 7, model.blood)
    assert changed["updatedAt"] >= changed["createdAt"]
    (emptied,) = model.root.post("samples:update", {"category": None, "indicator": None}, filterByTk=sample).data
    assert (emptied["categoryId"], emptied["indicator"], emptied["title"]) == (None, None, "After")


def test_update_and_destroy_by_a_filter_reach_every_match(root: Client) -> None:
    name = things(root, {"name": "group", "type": "string"}, {"name": "state", "type": "string"})
    for group in ("a", "a", "b"):
        root.post(f"{name}:create", {"group": group}).ok()
    assert [row["state"] for row in root.post(f"{name}:update", {"state": "done"}, filter={"group": "a"}).data] == ["done", "done"]
    assert root.count(name, state="done") == 2
    assert root.post(f"{name}:destroy", filter={"group": "a"}).data == 2
    assert [row["group"] for row in root.rows(name)] == ["b"]


@pytest.mark.parametrize("action", ["update", "destroy"])
def test_update_and_destroy_without_a_filter_are_a_400_after_the_sign_in(model: Model, stranger: Client, action: str) -> None:
    before = model.root.count("samples")
    assert model.root.post(f"samples:{action}", {"status": "x"}).status == 400
    assert stranger.post(f"samples:{action}", {"status": "x"}).codes == ["EMPTY_TOKEN"]
    assert model.root.count("samples") == before


def test_a_unique_value_is_taken_until_its_record_goes(root: Client) -> None:
    name = things(root, {"name": "code", "type": "string", "unique": True}, {"name": "note", "type": "string"})
    first = root.post(f"{name}:create", {"code": "A1"}).data["id"]
    second = root.post(f"{name}:create", {"code": "B2"}).data["id"]
    for answer in (root.post(f"{name}:create", {"code": "A1"}), root.post(f"{name}:update/{second}", {"code": "A1"})):
        assert answer.status == 400
        assert "code" in answer.error_text
    assert root.post(f"{name}:update/{first}", {"code": "A1", "note": "my own value"}).status == 200
    root.post(f"{name}:destroy/{first}").ok()
    assert root.post(f"{name}:update/{second}", {"code": "A1"}).status == 200
    assert root.post(f"{name}:create", {"code": "B2"}).status == 200
    assert root.post(f"{name}:create", {"note": "null is not taken"}).status == 200
    assert root.post(f"{name}:create", {"note": "null is not taken"}).status == 200


def test_a_taken_id_is_a_409(root: Client) -> None:
    name = things(root, {"name": "note", "type": "string"})
    assert root.post(f"{name}:create", {"id": 77, "note": "first"}).data["id"] == 77
    answer = root.post(f"{name}:create", {"id": 77, "note": "second"})
    assert answer.status == 409
    assert "77" in answer.error_text
    assert root.get(f"{name}:get/77").data["note"] == "first"


def test_a_required_field_is_asked_for_by_name(root: Client) -> None:
    name = things(root, {"name": "title", "type": "string", "required": True}, {"name": "note", "type": "string"})
    answer = root.post(f"{name}:create", {"note": "x"})
    assert answer.status == 400
    assert "title" in answer.error_text
    made = root.post(f"{name}:create", {"title": "there"}).data["id"]
    assert root.post(f"{name}:update/{made}", {"title": None}).status == 400
    assert root.post(f"{name}:update/{made}", {"note": "y"}).status == 200


def test_every_mistake_in_a_record_is_named_at_once(model: Model) -> None:
    answer = model.root.post("samples:create", {"indicator": "abc", "title": {"a": 1}, "nosuch": 1})
    assert answer.status == 400
    for name in ("indicator", "title", "nosuch"):
        assert name in answer.error_text


def test_a_record_over_400_kb_is_a_413_that_says_so(root: Client) -> None:
    name = things(root, {"name": "text", "type": "text"})
    assert root.post(f"{name}:create", {"text": "x" * 300_000}).status == 200
    answer = root.post(f"{name}:create", {"text": "x" * 450_000})
    assert answer.status == 413
    assert "409600" in answer.error_text
    assert root.count(name) == 1


def test_of_many_at_the_same_time_one_takes_a_unique_value(root: Client) -> None:
    name = things(root, {"name": "code", "type": "string", "unique": True})
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: root.post(f"{name}:create", {"code": "A1"}).status, range(8)))
    assert sorted(statuses) == [200] + [400] * 7
    assert root.count(name) == 1


def test_many_updates_at_the_same_time_are_all_done_or_refused(root: Client, model: Model) -> None:
    sample = model.sample()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: root.post(f"samples:update/{sample}", {"indicator": n}).status, range(24)))
    assert set(statuses) <= {200, 409}
    assert model.read(sample)["indicator"] in range(24)
