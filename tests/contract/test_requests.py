"""What each call costs, counted on the wire: a warm synchronous trigger is one read and one write, and what is more is in this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.connection import connect
from chalicelib.adapters.dynamodb.store import DynamoStore
from chalicelib.domain.keys import EPOCH
from chalicelib.domain.ports import Update
from chalicelib.errors import AppError
from chalicelib.services.call import Answer, Call
from tests.conftest import REGION
from tests.contract.wire import Wire
from tests.sessions import Session

READ, WRITE, QUERY = "BatchGetItem", "TransactWriteItems", "Query"
Act = Callable[[Session, int], Any]


def say(text: str) -> dict[str, Any]:
    return {"type": "response-message", "config": {"message": text}}


def output(value: str) -> dict[str, Any]:
    return {"type": "output", "config": {"value": value}}


def node(kind: str, collection: str, **params: Any) -> dict[str, Any]:
    more = {"multiple": params.pop("multiple")} if "multiple" in params else {}
    return {"key": f"n_{kind}", "type": kind, "config": {"collection": collection, "params": params, **more}}


THIS = {"id": "{{$context.data.id}}"}
CREATE = node("create", "inspectionRecords", values={"note": "x", "sampleId": "{{$context.data.id}}"})
STATUS = node("update", "samples", filter=THIS, values={"status": "Seen"})
REJECT = {"type": "condition", "config": {"rejectOnFalse": True, "calculation": {"group": {"type": "or", "calculations": []}}}}
BLOOD = {"category": {"id": 1, "title": "Blood"}}

WORKFLOWS: dict[str, dict[str, Any]] = {
    "write": {"nodes": [CREATE]},
    "touch": {"nodes": [STATUS]},
    "read_only": {"nodes": [say("hello")]},
    "of_category": {"nodes": [say("{{$context.data.title}}")], "collection": "categories"},
    "of_post": {"nodes": [say("{{$context.data.title}}")], "collection": "posts"},
    "appends_1": {"nodes": [say("{{$context.data.category.title}}")], "appends": ["category"]},
    "appends_2": {
        "nodes": [say("{{$context.data.sample.category.title}}")],
        "collection": "inspectionRecords",
        "appends": ["sample", "sample.category"],
    },
    "query_this": {"nodes": [node("query", "samples", filter=THIS), CREATE]},
    "query_other": {"nodes": [node("query", "samples", filter={"id": 3}), CREATE]},
    "query_index": {"nodes": [node("query", "samples", filter={"status": "Collected"}, multiple=True), CREATE]},
    "query_appends": {"nodes": [node("query", "samples", filter=THIS, appends=["category"]), CREATE]},
    "query_twice": {"nodes": [node("query", "samples", filter={"id": 3}), node("query", "samples", filter={"id": 3}) | {"key": "again"}]},
    "query_made": {"nodes": [CREATE, node("query", "inspectionRecords", filter={"id": "{{$jobsMapByNodeKey.n_create.id}}"})]},
    "destroy_this": {"nodes": [node("destroy", "samples", filter=THIS)]},
    "update_many": {
        "nodes": [node("update", "samples", filter={"id": {"$in": "{{$context.data.id}}"}}, values={"status": "S"})],
        "type": 2,
    },
    "global": {"nodes": [node("create", "categories", values={"title": "new"})], "collection": None},
    "failing": {"nodes": [CREATE, REJECT]},
    "later": {"nodes": [say("later")], "sync": False},
}


EVENTS: dict[str, dict[str, Any]] = {
    "after": {"type": "action", "nodes": [say("{{$context.data.title}}")]},
    "after_writing": {"type": "action", "nodes": [node("create", "categories", values={"title": "x"})]},
    "after_category": {"type": "action", "nodes": [say("{{$context.data.title}}")], "collection": "categories"},
    "atomic": {"type": "action", "nodes": [node("create", "categories", values={"title": "x"})], "atomic": True},
    "before": {"type": "request-interception", "nodes": [say("{{$context.params.values.title}}")]},
    "refusing": {"type": "request-interception", "nodes": [{"type": "end", "config": {"endStatus": -1}}]},
    "on_record": {"type": "collection", "nodes": [say("x")], "collection": "journal", "mode": 1},
}


@pytest.fixture(scope="module")
def wire_and_session(dynamodb_endpoint: str, dynamodb_tables: tuple[str, str]) -> tuple[Wire, Session]:
    connection = connect(REGION, dynamodb_endpoint)
    session = Session(DynamoStore(connection, *dynamodb_tables), SystemClock()).install()
    for key, parts in WORKFLOWS.items():
        collection = parts.get("collection", "samples")
        config = {"type": parts.get("type", 1 if collection else 0), "collection": collection, "appends": parts.get("appends", [])}
        session.workflow(key, parts["nodes"], collection, config=config, sync=parts.get("sync", True))
    session.call("collections:create", None, {"name": "journal", "fields": [{"name": "note", "type": "string"}]})
    for key, parts in EVENTS.items():
        config = {"collection": "posts", **{name: value for name, value in parts.items() if name not in ("type", "nodes")}}
        session.workflow(f"e_{key}", parts["nodes"], type=parts["type"], config=config)
    for number in range(10, 30):
        session.call("samples:create", None, {"id": number, "title": f"S{number}", "indicator": 95, "category": 1})
    session.call("inspectionRecords:create", None, {"id": 1, "note": "first", "sample": 10})
    session.call("users:create", None, {"id": 50, "username": "ann", "password": "a long password", "roles": ["admin", "member"]})
    return Wire(connection), session


@pytest.fixture
def wire(wire_and_session: tuple[Wire, Session]) -> Wire:
    return wire_and_session[0]


@pytest.fixture
def session(wire_and_session: tuple[Wire, Session]) -> Session:
    return wire_and_session[1]


def trigger(workflows: str, record_id: Any = 10, collection: str = "samples", body: Any = None, **params: Any) -> Act:
    return lambda session, turn: session.trigger(collection, record_id, workflows, body, **params)


def call(name: str, record_id: Any = None, body: Any = None, **params: Any) -> Act:
    return lambda session, turn: session.answer(name, record_id, body, **params)


def keyed(workflows: str) -> Act:
    return lambda session, turn: session.trigger("samples", 10, workflows, key=f"{workflows} {turn}")


def create_with_key(session: Session, turn: int) -> Answer:
    return session.answer("posts:create", None, {"title": "x"}, key=f"create {turn}")


def create_post(workflows: str, **more: Any) -> Act:
    return call("posts:create", None, {"title": "x"} | more, triggerWorkflows=workflows)


def create_keyed(session: Session, turn: int) -> Answer:
    return session.answer("posts:create", None, {"title": "x"}, key=f"after {turn}", triggerWorkflows="e_after")


RECORD_EVENTS: list[tuple[str, Act, list[str]]] = [
    ("a post-action workflow: +1 write", create_post("e_after"), [READ, WRITE, WRITE]),
    ("one that writes", create_post("e_after_writing"), [READ, WRITE, WRITE]),
    ("a second one: +2 writes", create_post("e_after,e_after_writing"), [READ, WRITE, WRITE, WRITE]),
    ("with an Idempotency-Key", create_keyed, [READ, WRITE, WRITE]),
    ("the associated record, made along", create_post("e_after_category!category", category={"title": "c"}), [READ, WRITE, WRITE]),
    ("an atomic one", create_post("e_atomic"), [READ, WRITE]),
    ("a pre-action workflow", create_post("e_before"), [READ, WRITE]),
    ("one that says no", create_post("e_refusing"), [READ, WRITE]),
    ("a synchronous record event", call("journal:create", None, {"note": "x"}), [READ, WRITE]),
    ("a post-action workflow on an update", call("posts:update", 1, {"title": "y"}, triggerWorkflows="e_after"), [READ, WRITE, WRITE]),
]

TRIGGERS: list[tuple[str, Act, list[str]]] = [
    ("the example, submitted", trigger("submit_inspection", 1), [READ, WRITE]),
    ("the example, refused", trigger("submit_inspection", 2), [READ, WRITE]),
    ("a run that writes no record", trigger("read_only"), [READ, WRITE]),
    ("a run that fails", trigger("failing"), [READ, WRITE]),
    ("with an Idempotency-Key", keyed("write"), [READ, WRITE]),
    ("without a record", trigger("read_only", None, body={"title": "x"}), [READ, WRITE]),
    ("several records", trigger("update_many", None, filterByTk=["10", "11", "12"]), [READ, WRITE]),
    ("several records, one of them missing", trigger("update_many", None, filterByTk=["10", "999"]), [READ, WRITE]),
    ("a global workflow", lambda session, turn: session.answer("workflows:trigger", None, {}, triggerWorkflows="global"), [READ, WRITE]),
    (
        "an association that the body carries",
        trigger("of_category!category", 1, "posts", BLOOD),
        [READ, WRITE],
    ),
    ("an association that the body lacks: +1", trigger("of_category!category", 1, "posts"), [READ, READ, WRITE]),
    ("a to-one association appended: +1", trigger("appends_1"), [READ, READ, WRITE]),
    ("two levels appended: +2", trigger("appends_2", 1, "inspectionRecords"), [READ, READ, READ, WRITE]),
    ("a query pinned to the record of the call", trigger("query_this"), [READ, WRITE]),
    ("a query pinned to another record: +1", trigger("query_other"), [READ, READ, WRITE]),
    ("the same record queried twice: +1 in all", trigger("query_twice"), [READ, READ, WRITE]),
    ("a query of what the run made", trigger("query_made"), [READ, WRITE]),
    ("a query that is not pinned: +1", trigger("query_index"), [READ, QUERY, WRITE]),
    ("a query with an association: +1", trigger("query_appends"), [READ, READ, WRITE]),
    ("an update pinned to the record", trigger("touch"), [READ, WRITE]),
    ("a destroy pinned to the record", lambda session, turn: session.trigger("samples", 20 + turn, "destroy_this"), [READ, WRITE]),
    ("a second synchronous workflow: +1 write", trigger("write,read_only"), [READ, WRITE, WRITE]),
    ("a third: +2 writes", trigger("write,read_only,failing"), [READ, WRITE, WRITE, WRITE]),
    ("a second one after the first changed the record", trigger("touch,write"), [READ, WRITE, WRITE]),
    ("three with an Idempotency-Key", keyed("write,touch,read_only"), [READ, WRITE, WRITE, WRITE]),
    ("an asynchronous workflow", trigger("later"), [READ, WRITE]),
    ("a synchronous and an asynchronous one", trigger("later,write"), [READ, WRITE]),
]

ACTIONS: list[tuple[str, Act, list[str]]] = [
    ("get", call("samples:get", 10), [READ]),
    ("get with an association: +1", call("samples:get", 10, appends="category"), [READ, READ]),
    ("list", call("posts:list"), [READ, QUERY]),
    ("list of more than a page, to count it: +1", call("samples:list"), [READ, QUERY, QUERY]),
    ("list by an indexed field", call("samples:list", filter='{"status":"Collected"}'), [READ, QUERY]),
    ("list by id", call("samples:list", filter='{"id":10}'), [READ, READ]),
    ("list with an association: +1", call("posts:list", appends="category"), [READ, QUERY, READ]),
    ("create", call("samples:create", None, {"title": "new"}), [READ, WRITE]),
    ("create with a link", call("samples:create", None, {"title": "new", "categoryId": 1}), [READ, WRITE]),
    ("create with an Idempotency-Key", create_with_key, [READ, WRITE]),
    ("update by id", call("samples:update", 11, {"title": "changed"}), [READ, WRITE]),
    ("update by filter", call("samples:update", None, {"title": "x"}, filter='{"title":"S12"}'), [READ, QUERY]),
    ("destroy by id", lambda session, turn: session.answer("samples:destroy", 25 + turn), [READ, WRITE]),
    ("destroy of nothing", call("samples:destroy", 999), [READ]),
    ("auth:check", call("auth:check"), [READ, READ]),
    ("roles:check", call("roles:check"), [READ]),
]


@pytest.mark.parametrize(
    ("act", "expected"), [pytest.param(act, expected, id=name) for name, act, expected in TRIGGERS + RECORD_EVENTS + ACTIONS]
)
def test_a_warm_call_costs(wire: Wire, session: Session, act: Act, expected: list[str]) -> None:
    act(session, 0)
    wire.begin()
    act(session, 1)
    assert wire.operations == expected


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (trigger("submit_inspection", 1), [READ, READ, WRITE]),
        (trigger("query_index"), [READ, READ, QUERY, WRITE]),
        (call("samples:get", 10), [READ, READ]),
        (call("categories:list"), [READ, READ, QUERY]),
        (call("samples:create", None, {"title": "new"}), [READ, READ, WRITE]),
        (call("journal:create", None, {"note": "x"}), [READ, READ, WRITE]),
    ],
)
def test_a_cold_process_costs_one_read_more(wire: Wire, session: Session, act: Act, expected: list[str]) -> None:
    process = session.process()
    wire.begin()
    act(process, 0)
    assert wire.operations == expected


def test_a_new_epoch_costs_one_read_more_once(wire: Wire, session: Session) -> None:
    act = trigger("submit_inspection", 1)
    act(session, 0)
    session.store.transact([Update(EPOCH, add={"value": 1})])
    wire.begin()
    act(session, 1)
    act(session, 2)
    assert wire.operations == [READ, READ, WRITE, READ, WRITE]


@pytest.mark.parametrize(
    "act", [create_post(""), create_post("e_after"), create_post("e_atomic"), call("journal:create", None, {"note": "x"})]
)
def test_a_new_epoch_costs_a_create_one_read_more(wire: Wire, session: Session, act: Act) -> None:
    act(session, 0)
    wire.begin()
    act(session, 1)
    usual = list(wire.operations)
    session.store.transact([Update(EPOCH, add={"value": 1})])
    wire.begin()
    act(session, 2)
    assert wire.operations == [READ, *usual]


def test_the_first_run_of_a_version_costs_the_same(wire: Wire, session: Session) -> None:
    session.workflow("never_ran", [say("x")])
    session.call("samples:get", 10)
    session.process()
    with pytest.raises(AppError):
        session.trigger("samples", 999, "never_ran")
    wire.begin()
    session.trigger("samples", 10, "never_ran")
    assert wire.operations == [READ, WRITE]


@pytest.mark.parametrize("role", [None, "admin", "__union__"])
def test_a_caller_who_is_not_root_costs_the_same(wire: Wire, session: Session, role: str | None) -> None:
    ann = session.process(user_id=50)

    def act() -> Answer:
        params = {"triggerWorkflows": "submit_inspection"}
        return ann.product.answer(Call("samples", "trigger", "1", params=params, token=ann.token, role=role))

    assert act().status == 200
    wire.begin()
    assert act().status == 200
    assert wire.operations == [READ, WRITE]


def test_an_answer_kept_for_a_key_costs_one_read(wire: Wire, session: Session) -> None:
    for _ in range(2):
        wire.begin()
        session.trigger("samples", 10, "write,read_only", key="kept")
    assert wire.operations == [READ]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (call("samples:get", 10), []),
        (trigger("submit_inspection", 1), []),
    ],
)
def test_a_token_that_is_none_costs_nothing(wire: Wire, session: Session, act: Act, expected: list[str]) -> None:
    stranger = session.process()
    stranger.token = "nonsense"
    wire.begin()
    with pytest.raises(AppError):
        act(stranger, 0)
    assert wire.operations == expected


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (trigger("submit_inspection", 999), [READ]),
        (trigger("submit_inspection", "no id"), [READ]),
        (trigger("unknown", 1), [READ, QUERY]),
        (trigger("of_category", 1), [READ]),
    ],
)
def test_a_refused_call_writes_nothing(wire: Wire, session: Session, act: Act, expected: list[str]) -> None:
    for turn in range(2):
        wire.begin()
        with pytest.raises(AppError):
            act(session, turn)
    assert wire.operations == expected


def test_what_may_not_be_done_is_known_after_the_first_read(wire: Wire, session: Session) -> None:
    session.call("users:create", None, {"id": 51, "username": "bob", "password": "a long password", "roles": ["member"]})
    bob = session.process(user_id=51)
    for turn in range(2):
        wire.begin()
        with pytest.raises(AppError, match="No permissions"):
            trigger("submit_inspection", 1)(bob, turn)
    assert wire.operations == [READ]
