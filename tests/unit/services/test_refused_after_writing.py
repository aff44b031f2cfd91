"""A post-action workflow that refuses: the answer has the record as ``data`` where it is there nevertheless, and only there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import Json
from chalicelib.services.call import Answer
from chalicelib.services.run_answers import MOST_ROWS_BYTES
from tests.sessions import Session

NO: list[Json] = [{"type": "response-message", "config": {"message": "no"}}, {"type": "end", "config": {"endStatus": -1}}]
BREAK = [{"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}}}]


@pytest.fixture
def session() -> Session:
    return Session(MemoryStore()).install()


def refusing(session: Session, nodes: Sequence[Json] = NO, type: str = "action", **config: Json) -> None:
    session.workflow("no", list(nodes), type=type, config={"collection": "samples"} | config)


def create(session: Session, title: str = "new", **options: Json) -> Answer:
    return session.answer("samples:create", None, {"title": title}, triggerWorkflows="no", **options)


def ids(session: Session, title: str) -> list[Json]:
    return [row["id"] for row in session.call("samples:list", filter={"title": title})]


@pytest.mark.parametrize(("nodes", "status"), [(NO, 400), (BREAK, 500)], ids=["ended", "broken"])
def test_a_record_that_was_made_before_stands_in_the_answer(session: Session, nodes: Sequence[Json], status: int) -> None:
    refusing(session, nodes)
    answer = create(session)
    body = answer.body()
    assert (answer.status, len(body["errors"]), body["data"]["title"]) == (status, 1, "new")
    assert [body["data"]["id"]] == ids(session, "new")


def test_so_do_those_that_were_changed(session: Session) -> None:
    refusing(session)
    answer = session.answer("samples:update", 1, {"title": "changed"}, triggerWorkflows="no")
    assert (answer.status, [(row["id"], row["title"]) for row in answer.body()["data"]]) == (400, [(1, "changed")])


@pytest.mark.parametrize(("nodes", "status"), [(NO, 400), (BREAK, 500)], ids=["ended", "broken"])
@pytest.mark.parametrize(
    ("type", "config"), [("action", {"atomic": True}), ("request-interception", {"global": False})], ids=["atomic", "before"]
)
def test_where_nothing_was_written_there_is_no_data(session: Session, type: str, config: Json, nodes: Sequence[Json], status: int) -> None:
    refusing(session, nodes, type, **config)
    answer = create(session)
    assert (answer.status, "data" in answer.body(), ids(session, "new")) == (status, False, [])


def test_the_same_key_is_answered_with_the_same_record(session: Session) -> None:
    refusing(session)
    first, again = create(session, key="k").body(), create(session, key="k").body()
    assert (again, len(ids(session, "new"))) == (first, 1)


def test_of_very_much_the_ids_alone(session: Session) -> None:
    refusing(session)
    made = [session.call("samples:create", None, {"title": "x" * (MOST_ROWS_BYTES // 2), "status": "many"})["id"] for _ in range(3)]
    options: Json = {"filter": {"status": "many"}, "triggerWorkflows": "no", "key": "k"}
    answer = session.answer("samples:update", None, {"indicator": 1}, **options)
    assert answer.body()["errors"] == [{"message": "no"}]
    assert sorted(row["id"] for row in answer.body()["data"] if list(row) == ["id"]) == sorted(made)
