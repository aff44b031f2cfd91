"""``Idempotency-Key`` on what makes a part of an application: a lost answer and a second try make one of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Invalid, Unprocessable
from tests.sessions import Session
from tests.stores import WatchedStore, after

Json = Any
Place = Callable[[Session], tuple[str, Json]]
FLOW = {"title": "Greet", "type": "custom-action", "config": {"type": 0}, "sync": True}
FIELD = {"name": "colour", "type": "string"}


@pytest.fixture
def root() -> Session:
    return Session(MemoryStore()).install()


def of_flow(path: str) -> Place:
    """``path`` on a workflow that has a node."""

    def made(root: Session) -> tuple[str, Json]:
        version = root.call("workflows:create", None, FLOW)["id"]
        node = root.call(f"workflows/{version}/nodes:create", None, {"type": "end"})["id"]
        return path.format(version=version), {"workflows:revision": version, "flow_nodes:duplicate": node}.get(path)

    return made


def fixed(name: str) -> Place:
    return lambda _: (name, None)


def everything(root: Session) -> list[Json]:
    """All that is built."""
    listed = [root.call(f"{name}:list", paginate="false") for name in ("collections", "actions", "roles", "workflowCategories")]
    return [*listed, root.call("workflows:list", paginate="false", appends="nodes")]


EACH = pytest.mark.parametrize(
    ("place", "body"),
    [
        (fixed("workflows:create"), FLOW),
        (fixed("workflows:import"), FLOW),
        (of_flow("workflows:revision"), {}),
        (of_flow("workflows/{version}/nodes:create"), {"type": "end"}),
        (of_flow("flow_nodes:duplicate"), {"upstreamId": None}),
        (fixed("workflowCategories:create"), {"title": "Posts"}),
        (fixed("collections:create"), {"name": "plants", "fields": [FIELD]}),
        (fixed("collections/samples/fields:create"), FIELD),
        (fixed("actions:create"), {"name": "warm", "label": "Warm", "kind": "client", "client": {"type": "message", "message": "Hi"}}),
        (fixed("roles:create"), {"name": "guest", "title": "Guest"}),
    ],
)


@EACH
def test_the_same_call_again_makes_nothing_and_answers_as_the_first(root: Session, place: Place, body: Json) -> None:
    name, record = place(root)
    before = everything(root)
    first = root.answer(name, record, body, key="once")
    after = everything(root)
    again = root.process().answer(name, record, body, key="once")
    assert before != after == everything(root)
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")
    assert first.body() == again.body()


@pytest.mark.parametrize("name", ["workflows:create", "workflows:import"])
def test_another_key_is_another_call(root: Session, name: str) -> None:
    made = [root.answer(name, None, FLOW, key=key).data["id"] for key in ("once", "twice")]
    assert made[0] != made[1]


def test_a_name_that_is_taken_is_refused_under_another_key(root: Session) -> None:
    root.answer("collections/samples/fields:create", None, FIELD, key="once")
    with pytest.raises(Invalid, match="already exists"):
        root.answer("collections/samples/fields:create", None, FIELD, key="twice")


def test_the_key_of_another_request_is_refused(root: Session) -> None:
    root.answer("workflows:create", None, FLOW, key="once")
    with pytest.raises(Unprocessable):
        root.answer("workflows:create", None, FLOW | {"title": "Another"}, key="once")


def test_what_was_refused_is_not_kept(root: Session) -> None:
    with pytest.raises(Invalid):
        root.answer("workflows:create", None, FLOW | {"type": "no such"}, key="once")
    assert root.answer("workflows:create", None, FLOW, key="once").headers.get("Idempotent-Replayed") is None


def test_of_two_at_the_same_moment_one_makes_it(root: Session) -> None:
    store = WatchedStore(root.store)
    late, answers = root.process(store), []
    store.sendings.append(after(lambda: answers.append(root.answer("workflows:create", None, FLOW, key="once"))))
    answers.append(late.answer("workflows:create", None, FLOW, key="once"))
    assert answers[0].body() == answers[1].body()
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
