"""What the form of a task takes: the schema of a custom form, the fields of one that writes. https://docs.nocobase.com/workflow/nodes/manual"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Invalid
from tests.sessions import Session
from tests.unit.services.test_manual_tasks import KEEP, NO, YES, ann, ask, begin, root, submit, task_of

__all__ = ["ann", "root"]

Json = Any
SCHEMA = {
    "type": "object",
    "required": ["note"],
    "properties": {"note": {"type": "string", "minLength": 1}, "score": {"type": "integer", "maximum": 10}},
}
ASKS = {"f": {"type": "custom", "schema": SCHEMA, "actions": [YES, NO, KEEP]}}
MAKES = {
    "f": {
        "type": "create",
        "collection": "posts",
        "fields": ["title", "category"],
        "actions": [YES | {"values": {"content": "by us"}}, KEEP],
    }
}


def problems(session: Session, task: Json, action: str, values: Json) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        submit(session, task, action, f=values)
    assert task_of(session)["status"] == 0
    return [(problem.path, problem.message) for problem in refused.value.problems()]


@pytest.mark.parametrize("action", ["yes", "no"])
def test_what_settles_a_custom_form_keeps_to_its_schema(root: Session, ann: Session, action: str) -> None:
    begin(root, ask(forms=ASKS))
    task = task_of(ann)
    assert sorted(problems(ann, task, action, {"score": 11})) == [
        ("result.f.note", '"note" is required'),
        ("result.f.score", '"score" must be at most 10'),
    ]
    assert problems(ann, task, action, {"note": "x", "more": 1})[0][0] == "result.f.more"
    assert submit(ann, task, action, f={"note": "fine", "score": 9})["result"]["f"] == {"note": "fine", "score": 9}


def test_a_form_that_was_not_sent_lacks_what_it_requires(root: Session, ann: Session) -> None:
    begin(root, ask(forms=ASKS))
    with pytest.raises(Invalid, match='"note" is required'):
        ann.call("workflowManualTasks:submit", task_of(ann)["id"], {"result": {"_": "yes"}})


def test_a_draft_is_kept_as_it_is(root: Session, ann: Session) -> None:
    begin(root, ask(forms=ASKS))
    assert submit(ann, task_of(ann), "keep", f={"score": 11})["result"] == {"f": {"score": 11}, "_": "keep"}


def test_who_has_the_task_sees_the_schema_that_the_server_holds_it_against(root: Session, ann: Session) -> None:
    begin(root, ask(forms=ASKS))
    assert ann.call("workflowManualTasks:get", task_of(ann)["id"])["forms"]["f"]["schema"] == SCHEMA


def test_the_order_of_a_forms_fields_is_kept_with_it(root: Session, ann: Session) -> None:
    schema = {"type": "object", "properties": {"b": {"type": "string", "x-index": 0}, "a": {"type": "integer", "x-index": 1.5}}}
    begin(root, ask(forms={"f": ASKS["f"] | {"schema": schema}}))
    task = task_of(ann)
    assert ann.call("workflowManualTasks:get", task["id"])["forms"]["f"]["schema"] == schema
    assert submit(ann, task, "yes", f={"b": "x", "a": 1})["result"]["f"] == {"b": "x", "a": 1}


def test_a_form_writes_no_field_that_it_does_not_ask_for(root: Session, ann: Session) -> None:
    begin(root, ask(forms=MAKES))
    task = task_of(ann)
    assert problems(ann, task, "yes", {"title": "A", "content": "mine"}) == [
        ("result.f.content", '"content" is not taken here; the fields of this form are: title, category')
    ]
    submit(ann, task, "yes", f={"title": "A", "categoryId": None})
    (made,) = root.call("posts:list", filter={"title": "A"})
    assert made["content"] == "by us"


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({"type": "custom", "schema": {"type": "object", "properties": {"note": {"type": "text"}}}}, "schema.properties.note.type"),
        ({"type": "custom", "schema": {"type": "string"}}, "schema"),
        ({"type": "custom", "schema": {"type": "object", "properties": {}, "required": ["note"]}}, "schema.required.0"),
        ({"type": "custom", "schema": {"type": "object", "properties": {"a": {"$ref": "#/x"}}}}, "schema.properties.a.$ref"),
        ({"type": "custom", "schema": {"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}}, "schema.properties.a.pattern"),
        ({"type": "create", "collection": "posts", "fields": ["title", "nobody"]}, "fields.1"),
        ({"type": "create", "collection": "posts", "fields": "title"}, "fields"),
        ({"type": "create", "collection": "posts", "fields": []}, "fields"),
        ({"type": "custom", "schema": []}, "schema"),
    ],
)
def test_a_form_that_nobody_could_fill_in_is_not_saved(root: Session, form: Json, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        begin(root, ask(forms={"f": form | {"actions": [YES]}}))
    assert [problem.path for problem in refused.value.problems()] == [f"nodes.0.config.forms.f.{path}"]
