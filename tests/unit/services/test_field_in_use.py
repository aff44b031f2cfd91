"""A field stays while the trigger of an enabled workflow names it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid
from tests.sessions import Session

Json = Any
NODES = [{"type": "output", "config": {}}]


@pytest.fixture
def session() -> Session:
    made = Session(MemoryStore()).install()
    fields = [{"name": name, "type": "string"} for name in ("a", "b")]
    made.call(
        "collections:create", None, {"name": "boxes", "fields": [*fields, {"name": "sample", "type": "belongsTo", "target": "samples"}]}
    )
    return made


EVENT = {"mode": 2, "changed": ["a"], "condition": {"$and": [{"a": "x"}]}}


@pytest.mark.parametrize(
    ("type", "config", "field", "paths"),
    [
        ("collection", EVENT, "a", ["config.changed.0", "config.condition.$and.0.a"]),
        ("collection", {"mode": 1, "appends": ["sample"]}, "sample", ["config.appends.0"]),
        ("action", {"appends": ["sample"]}, "sample", ["config.appends.0"]),
        ("custom-action", {"type": 1, "appends": ["sample"]}, "sample", ["config.appends.0"]),
    ],
)
def test_a_field_that_a_trigger_names_stays(session: Session, type: str, config: Json, field: str, paths: list[str]) -> None:
    version = session.workflow("watch", NODES, type=type, config={"collection": "main:boxes"} | config)
    with pytest.raises(Invalid) as refused:
        session.call("collections/boxes/fields:destroy", field)
    (problem,) = refused.value.problems()
    assert (problem.path, problem.code, '"watch"' in problem.message) == ("filterByTk", "FIELD_IN_USE", True)
    assert [path for path in paths if path not in problem.message] == []
    assert session.call("collections/boxes/fields:get", field)["name"] == field
    assert session.call("collections/boxes/fields:destroy", "b") == 1
    session.call("workflows:update", version, {"enabled": False})
    assert session.call("collections/boxes/fields:destroy", field) == 1


def test_a_path_of_another_collection_names_it_too(session: Session) -> None:
    session.call(
        "collections/samples/fields:create", None, {"name": "boxes", "type": "hasMany", "target": "boxes", "foreignKey": "sampleId"}
    )
    config = {"collection": "samples", "mode": 1, "appends": ["boxes.sample"]}
    session.workflow("watch", NODES, type="collection", config=config)
    with pytest.raises(Invalid, match='"watch"'):
        session.call("collections/boxes/fields:destroy", "sample")


def test_a_trigger_that_was_wrong_already_keeps_no_field(session: Session) -> None:
    session.workflow("watch", NODES, type="collection", config={"collection": "boxes"} | EVENT, enabled=False)
    assert session.call("collections/boxes/fields:destroy", "a") == 1
