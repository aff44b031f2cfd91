"""Values of fields: what each type takes, what it makes of it, and what it says when it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.field_types import FIELD_TYPES, check_values, convert_id
from chalicelib.domain.field_values import JSON_DEPTH
from chalicelib.errors import Invalid, Problem

SAFE = 2**53 - 1


def nested(depth: int) -> object:
    return [] if depth == 1 else [nested(depth - 1)]


ACCEPTED = [
    ("string", "", ""),
    ("string", " Blüte 花 ", " Blüte 花 "),
    ("text", "a\nb", "a\nb"),
    ("integer", 91, 91),
    ("integer", "91", 91),
    ("integer", " -7 ", -7),
    ("integer", 91.0, 91),
    ("bigInt", SAFE, SAFE),
    ("bigInt", -SAFE, -SAFE),
    ("snowflakeId", 7_000_000_000_000, 7_000_000_000_000),
    ("sort", 3, 3),
    ("unixTimestamp", "1795226688", 1795226688),
    ("double", "91", 91),
    ("double", "95.5", 95.5),
    ("float", ".5", 0.5),
    ("double", "1e3", 1000),
    ("double", -0.0, 0),
    ("real", 1.5, 1.5),
    ("decimal", "10.20", 10.2),
    ("double", 2**60, float(2**60)),
    ("boolean", True, True),
    ("boolean", "false", False),
    ("date", "2026-11-21T02:04:48.219Z", "2026-11-21T02:04:48.219Z"),
    ("datetime", "2026-11-21T10:04:48.219+08:00", "2026-11-21T02:04:48.219Z"),
    ("datetimeTz", "2026-11-21 02:04:48.433 +00:00", "2026-11-21T02:04:48.433Z"),
    ("datetimeTz", "2026-11-21T02:04:48.219987Z", "2026-11-21T02:04:48.219Z"),
    ("datetimeNoTz", "2026-11-21 02:04", "2026-11-21T02:04:00.000Z"),
    ("date", "2026-11-21", "2026-11-21T00:00:00.000Z"),
    ("dateOnly", "2026-11-21", "2026-11-21"),
    ("dateOnly", "2026-11-21T23:30:00-05:00", "2026-11-21"),
    ("time", "14:30", "14:30:00"),
    ("time", "14:30:05.250", "14:30:05.250"),
    ("json", {"a": [1, None, True, "x"]}, {"a": [1, None, True, "x"]}),
    ("json", 2**53 + 1, 2**53 + 1),
    ("jsonb", "text", "text"),
    ("array", [1, 1], [1, 1]),
    ("set", ["b", "a", "b"], ["b", "a"]),
    ("set", [1, True, 1.0], [1, True]),
    ("uid", "u_1", "u_1"),
    ("uuid", "123E4567-E89B-42D3-A456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
    ("nanoid", "V1StGXR8_Z5j", "V1StGXR8_Z5j"),
    ("password", "secret", "secret"),
]


@pytest.mark.parametrize(("kind", "value", "stored"), ACCEPTED)
def test_a_value_is_stored_in_its_types_form(kind: str, value: object, stored: object) -> None:
    found = FIELD_TYPES[kind].convert(value)
    assert (found, type(found)) == (stored, type(stored))


@pytest.mark.parametrize(("kind", "value", "stored"), ACCEPTED)
def test_a_stored_value_is_accepted_again_unchanged(kind: str, value: object, stored: object) -> None:
    assert FIELD_TYPES[kind].convert(stored) == stored


REFUSED = [
    ("string", 5, "must be text"),
    ("string", True, "must be text"),
    ("text", ["a"], "must be text"),
    ("string", "\ud800", "valid Unicode"),
    ("integer", "abc", "whole number"),
    ("integer", "", "whole number"),
    ("integer", "91.5", "whole number"),
    ("integer", 91.5, "whole number"),
    ("integer", True, "whole number"),
    ("integer", "1_000", "whole number"),
    ("integer", "٩١", "whole number"),
    ("bigInt", SAFE + 1, str(SAFE)),
    ("bigInt", str(SAFE + 1), str(SAFE)),
    ("bigInt", 10**400, str(SAFE)),
    ("integer", float("inf"), "whole number"),
    ("double", "abc", "must be a number"),
    ("double", "nan", "must be a number"),
    ("double", "Infinity", "must be a number"),
    ("double", "0x10", "must be a number"),
    ("double", False, "must be a number"),
    ("double", [1], "must be a number"),
    ("double", float("nan"), "finite"),
    ("double", float("-inf"), "finite"),
    ("double", "1e400", "finite"),
    ("double", 1e200, "between"),
    ("double", 10**400, "between"),
    ("double", 1e-200, "between"),
    ("boolean", 1, "true or false"),
    ("boolean", "yes", "true or false"),
    ("date", 1795226688000, "ISO date and time"),
    ("date", "tomorrow", "ISO date and time"),
    ("date", "2026-13-01T00:00:00Z", "ISO date and time"),
    ("date", "2026-W01-1", "ISO date and time"),
    ("date", "0001-01-01T00:00:00+10:00", "ISO date and time"),
    ("dateOnly", "2026-02-30", "must be a date"),
    ("dateOnly", 20261121, "must be a date"),
    ("time", "25:00", "time of day"),
    ("time", "14:30:00Z", "time of day"),
    ("time", 14, "time of day"),
    ("json", {"a": float("nan")}, "finite"),
    ("json", {"a": 10**38}, "38 digits"),
    ("json", {"\udc00": 1}, "valid Unicode"),
    ("json", nested(JSON_DEPTH + 1), "deeper"),
    ("array", "a", "array"),
    ("array", {"0": "a"}, "array"),
    ("set", "a", "array"),
    ("uuid", "123", "UUID"),
    ("password", 123456, "must be text"),
]


@pytest.mark.parametrize(("kind", "value", "message"), REFUSED)
def test_a_refusal_says_what_would_be_right(kind: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FIELD_TYPES[kind].convert(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def stored_or_none(kind: str, value: object) -> object:
    try:
        return FIELD_TYPES[kind].convert(value)
    except ValueError:
        return None


@settings(max_examples=60, deadline=None)
@given(value=json_values, kind=st.sampled_from(sorted(FIELD_TYPES)))
def test_any_json_is_either_refused_or_stored_as_json_for_good(value: object, kind: str) -> None:
    stored = stored_or_none(kind, value)
    json.dumps(stored, allow_nan=False, ensure_ascii=False).encode()
    assert stored is None or FIELD_TYPES[kind].convert(stored) == stored


def collection(*fields: Field, id_type: str = "integer", **options: object) -> Collection:
    system = [
        Field("id", id_type, read_only=True),
        Field("createdAt", "date", read_only=True),
        Field("createdBy", "belongsTo", read_only=True, target="users", foreign_key="createdById"),
    ]
    return Collection("samples", "c_x", id_type=id_type, fields={f.name: f for f in (*system, *fields)}, options=dict(options))


SAMPLES = collection(
    Field("title", "string", required=True),
    Field("indicator", "double"),
    Field("status", "string", default="New"),
    Field("tags", "array", default=["a"]),
    Field("serial", "string", read_only=True),
    Field("category", "belongsTo", target="categories", foreign_key="categoryId"),
    Field("categoryId", "bigInt"),
)


def problems(values: dict[str, object], *, creating: bool = True, within: Collection = SAMPLES, **more: object) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        check_values(within, values, creating=creating, **more)  # type: ignore[arg-type]
    return caught.value.found


def test_values_are_converted_and_defaults_applied_when_creating() -> None:
    assert check_values(SAMPLES, {"title": "A", "indicator": "91"}, creating=True) == {
        "title": "A",
        "indicator": 91,
        "status": "New",
        "tags": ["a"],
    }


def test_an_update_gets_no_defaults_and_misses_nothing() -> None:
    assert check_values(SAMPLES, {"indicator": 1}, creating=False) == {"indicator": 1}


def test_a_null_that_was_sent_is_kept_over_the_default() -> None:
    assert check_values(SAMPLES, {"title": "A", "status": None, "tags": None}, creating=True) == {
        "title": "A",
        "status": None,
        "tags": None,
    }


def test_a_default_is_never_shared_between_records() -> None:
    check_values(SAMPLES, {"title": "A"}, creating=True)["tags"].append("b")
    assert check_values(SAMPLES, {"title": "A"}, creating=True)["tags"] == ["a"]


def test_associations_pass_untouched() -> None:
    values = {"title": "A", "category": {"id": "1", "x": [1]}}
    assert check_values(SAMPLES, values, creating=True)["category"] == {"id": "1", "x": [1]}


def test_all_mistakes_are_told_at_once_each_with_its_path() -> None:
    found = problems({"nosuch": 1, "indicator": "abc", "createdAt": "2026-11-21", "serial": "s", "createdBy": 1}, prefix="values.")
    assert {problem.path: problem.message for problem in found} == {
        "values.nosuch": 'There is no field "nosuch" in collection "samples"',
        "values.indicator": "indicator must be a number",
        "values.createdAt": "createdAt is set by the system and cannot be written",
        "values.serial": "serial is read-only",
        "values.createdBy": "createdBy is read-only",
        "values.title": "title is required",
    }


@pytest.mark.parametrize("creating", [True, False])
def test_null_for_a_required_field_is_one_mistake(creating: bool) -> None:
    assert problems({"title": None}, creating=creating) == [Problem("title is required and cannot be null", "title")]


REQUIRED_LINK = collection(
    Field("category", "belongsTo", required=True, target="categories", foreign_key="categoryId"), Field("categoryId", "bigInt")
)


@pytest.mark.parametrize("values", [{"category": 1}, {"category": {"id": 1}}, {"categoryId": 1}])
def test_a_required_association_is_met_under_either_name(values: dict[str, object]) -> None:
    assert check_values(REQUIRED_LINK, values, creating=True) == values


@pytest.mark.parametrize(
    ("values", "path"), [({}, "category"), ({"category": None}, "category"), ({"category": 1, "categoryId": None}, "categoryId")]
)
def test_a_required_association_may_not_be_left_out(values: dict[str, object], path: str) -> None:
    assert [problem.path for problem in problems(values, within=REQUIRED_LINK)] == [path]


def test_a_client_may_choose_the_id_when_creating() -> None:
    assert check_values(SAMPLES, {"title": "A", "id": "7"}, creating=True)["id"] == 7


@pytest.mark.parametrize("identity", [-1, 2**53, 1.5, True, None, "abc", {"id": 1}, 10**400, "\ud800"])
def test_an_id_that_cannot_be_one_is_refused(identity: object) -> None:
    assert [problem.path for problem in problems({"title": "A", "id": identity})] == ["id"]


def test_an_update_may_repeat_the_id_but_not_change_it() -> None:
    assert check_values(SAMPLES, {"id": "7", "indicator": 1}, creating=False, record_id=7) == {"indicator": 1}
    assert problems({"id": 8}, creating=False, record_id=7) == [Problem("id cannot be changed", "id")]
    assert problems({"id": 8}, creating=False) == [Problem("id cannot be changed", "id")]


def test_without_generated_ids_the_client_must_send_one() -> None:
    assert problems({}, within=collection(autoGenId=False)) == [Problem("id is required", "id")]


def test_a_system_collection_is_asked_for_its_own_key() -> None:
    roles = Collection("roles", "roles", "roles", "string", 1, "name", {"name": Field("name", "string")}, True, {"autoGenId": False})
    assert problems({}, within=roles) == [Problem("name is required", "name")]
    assert check_values(roles, {"name": "editor"}, creating=True) == {"name": "editor"}


def test_uid_uuid_and_nanoid_fields_fill_themselves() -> None:
    within = collection(
        Field("a", "uid", options={"prefix": "u_"}),
        Field("b", "uuid"),
        Field("c", "nanoid", options={"size": 20}),
        Field("d", "uuid", options={"autoFill": False}),
    )
    made = check_values(within, {}, creating=True)
    assert made["a"].startswith("u_")
    assert (len(made["b"]), len(made["c"]), "d" in made) == (36, 20, False)
    assert check_values(within, {"a": "mine"}, creating=True)["a"] == "mine"


@pytest.mark.parametrize(("raw", "identity"), [("91", 91), (91, 91), ("0", 0), (str(SAFE), SAFE), ("007", 7)])
def test_an_integer_id_is_decimal_digits(raw: object, identity: int) -> None:
    assert convert_id(SAMPLES, raw) == identity


@pytest.mark.parametrize("raw", ["", "abc", "1,2", "-1", "+1", " 1", "1\n", "1e3", "٣", str(SAFE + 1), "9" * 400, None, True, 1.0, [1], -1])
def test_another_integer_id_is_refused_by_name(raw: object) -> None:
    with pytest.raises(Invalid) as caught:
        convert_id(SAMPLES, raw)
    assert caught.value.problems()[0].code == "INVALID_ID"
    assert 'collection "samples"' in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("raw", ["a", "Größe/1 #?", "x" * 255])
def test_a_string_id_is_text_without_control_characters(raw: str) -> None:
    assert convert_id(collection(id_type="string"), raw) == raw


@pytest.mark.parametrize("raw", ["", "x" * 256, "a\nb", "a\x00", "\x85", "\udc80", 5, None])
def test_another_string_id_is_refused(raw: object) -> None:
    with pytest.raises(Invalid) as caught:
        convert_id(collection(id_type="string"), raw)
    assert caught.value.code == "INVALID_ID"


@pytest.mark.parametrize("kind", ["integer", "double", "json", "array"])
def test_a_number_too_long_to_print_is_an_ordinary_mistake(kind: str) -> None:
    within = collection(Field("x", kind))
    assert [problem.path for problem in problems({"id": 10**5000, "x": [10**5000]}, within=within)] == ["id", "x"]


@pytest.mark.parametrize("text", ["[1]", '{"a": 1}', "[]", "{}", '["x", 2]'])
def test_a_text_id_that_reads_as_json_is_refused_since_no_url_would_reach_it(text: str) -> None:
    named = Collection("named", "c_n", id_type="string", fields={"id": Field("id", "string")})
    with pytest.raises(Invalid, match="must not read as a JSON list or object") as refused:
        check_values(named, {"id": text}, creating=True)
    assert [problem.path for problem in refused.value.problems()] == ["id"]


@pytest.mark.parametrize("text", ["[draft", "{x", "a[1]", "[a]", "1", '"x"', "null"])
def test_any_other_text_may_be_an_id(text: str) -> None:
    named = Collection("named", "c_n", id_type="string", fields={"id": Field("id", "string")})
    assert check_values(named, {"id": text}, creating=True)["id"] == text
