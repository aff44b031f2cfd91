"""Message event: what may stand in its config, and what it makes of a message. Deliveries: tests/unit/services/test_messages.py."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.config import ConfigurationError, read_settings
from chalicelib.domain.json_text import parse_json
from chalicelib.domain.message import message_of
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.errors import Invalid
from chalicelib.triggers.message import TRIGGER, problem_of_topic
from tests.messages import TOPIC, Inbox, note, notification, with_notes
from tests.sessions import NOW_MS, Session

Json = Any
ENVIRONMENT = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET": "x" * 32}


def problems(config: Json) -> list[tuple[str, str]]:
    found = problems_of_schema(config, TRIGGER.schema, "config") + TRIGGER.check(config, "config", lambda name: None)
    return [(problem.path, problem.message) for problem in found]


@pytest.mark.parametrize(
    "config",
    [
        {"topic": "orders"},
        {"topic": "orders", "format": None, "filter": None, "mapping": None},
        {"topic": "orders", "filter": {}, "mapping": {}},
        {"topic": "orders", "filter": {"attributes.kind": "new", "body.order.total": {"$gt": 5}, "subject": {"$includes": "x"}}},
        {"topic": "orders", "filter": {"$or": [{"body": {"a": {"b": 1}}}, {"publishedAt": {"$dateAfter": "2026-01-01"}}]}},
        {
            "topic": "orders",
            "mapping": {"id": "{{$context.data.id}}", "all": ["{{$context.message.attributes}}", 5], "whole": "{{$context}}"},
        },
        {"topic": "orders", "mapping": {"n": "{{$sum($context.data.lines.price)}}"}},
    ],
)
def test_sound_configs_have_no_problems(config: Json) -> None:
    assert problems(config) == []


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({}, "config.topic", '"topic" is required'),
        ({"topic": 5}, "config.topic", "must be text"),
        ({"topic": "orders", "filters": {}}, "config.filters", 'did you mean "filter"?'),
        ({"topic": "orders", "format": "xml"}, "config.format", "must be one of"),
        ({"topic": "orders", "filter": []}, "config.filter", "must be an object"),
        ({"topic": "orders", "filter": {"nosuch": 1}}, "config.filter.nosuch", "unknown field 'nosuch'"),
        ({"topic": "orders", "filter": {"body.a": {"$like": 1}}}, "config.filter.body.a.$like", "unknown operator '$like'"),
        ({"topic": "orders", "filter": {"subject": {"$dateOn": "2026"}}}, "config.filter.subject.$dateOn", "not for type string"),
        ({"topic": "orders", "filter": {"body.a": "{{$context.data.a}}"}}, "config.filter", "no templates"),
        ({"topic": "orders", "mapping": "x"}, "config.mapping", "must be an object"),
        ({"topic": "orders", "mapping": {"a": "{{$user.id}}"}}, "config.mapping.a", "not supported"),
        ({"topic": "orders", "mapping": {"a": "{{$context.data"}}, "config.mapping.a", "}}"),
        ({"topic": "orders", "mapping": {"a": "{{$jobsMapByNodeKey.x}}"}}, "config.mapping.a", "no node with the key"),
        ({"topic": "orders", "mapping": {"a": {"b": "{{$system.now}}"}}}, "config.mapping", '"$system.now" is not known here'),
        ({"topic": "orders", "mapping": {"a": "{{$context.user.id}}"}}, "config.mapping", '"$context.user.id" is not known here'),
        ({"topic": "orders", "mapping": {"a": "{{$context.data.a +}}"}}, "config.mapping.a", "expression"),
    ],
)
def test_each_mistake_in_a_config_is_named(config: Json, path: str, words: str) -> None:
    ((where, message),) = problems(config)
    assert where == path
    assert words in message


def test_a_topic_that_is_not_set_up_is_told_with_those_that_are() -> None:
    told = problem_of_topic("order", ["returns", "orders"], "config.topic")
    assert told is not None
    assert (told.path, told.code) == ("config.topic", "UNKNOWN_TOPIC")
    assert told.message == 'there is no topic "order"; did you mean "orders"? (the topics are orders, returns)'
    far = problem_of_topic("zzz", ["orders"], "p")
    assert far is not None
    assert far.message == 'there is no topic "zzz"; the topics are orders'
    assert "INCOMING_TOPICS" in (problem_of_topic("x", [], "p") or told).message
    assert problem_of_topic("orders", ["orders"], "p") is None


@pytest.mark.parametrize("call", ["create", "update", "import"])
def test_a_workflow_is_not_saved_for_an_unknown_topic(call: str) -> None:
    inbox = Inbox(Session(MemoryStore(), FixedClock(NOW_MS)).install())
    version = inbox.workflow("flow", [])
    body = {"key": "other", "title": "t", "type": "message", "sync": True, "config": {"topic": "order"}, "nodes": []}
    sent = (version, {"config": {"topic": "order"}}) if call == "update" else (None, body)
    with pytest.raises(Invalid) as refused:
        inbox.session.call(f"workflows:{call}", *sent)
    (problem,) = refused.value.problems()
    assert (problem.path, problem.code) == ("config.topic", "UNKNOWN_TOPIC")


def test_a_run_by_hand_takes_a_message_as_if_it_had_come() -> None:
    inbox = Inbox(with_notes(Session(MemoryStore(), FixedClock(NOW_MS)).install()))
    version = inbox.workflow("flow", [note()], filter={"attributes.kind": "new"}, mapping={"text": "{{$context.data.order.name}}"})
    execute = inbox.session.call
    sent = {"body": {"order": {"name": "a"}}, "attributes": {"kind": "new"}}
    assert execute("workflows:execute", version, {"message": sent})["execution"]["status"] == 1
    assert [row["text"] for row in execute("notes:list")] == ["a"]
    assert execute("workflows:execute", version, {"message": sent | {"attributes": {}}})["execution"] is None
    for wrong, path in (({}, "message"), ({"message": {}}, "message"), ({"message": {"body": 1, "subject": 5}}, "message.subject")):
        with pytest.raises(Invalid) as refused:
            execute("workflows:execute", version, wrong)
        assert refused.value.problems()[0].path == path
    plain = inbox.workflow("plain", [], format="text")
    with pytest.raises(Invalid, match="must be text"):
        execute("workflows:execute", plain, {"message": {"body": {}}})


def test_attributes_become_plain_values_and_what_does_not_parse_stays_text() -> None:
    kinds = [("Number", "5"), ("Number", "x"), ("Number", "1e999"), ("Number", 7), ("String.Array", "[1]"), ("String.Array", "1")]
    kinds += [("Binary", "eA=="), ("String", "5"), ("Number", "true"), ("String.Array", "[" * 100_000)]
    attributes = {str(n): {"Type": kind, "Value": value} for n, (kind, value) in enumerate(kinds[:9])}
    message = message_of(notification({}, MessageAttributes=attributes))
    assert list(message.attributes.values()) == [5, "x", "1e999", 7, [1], "1", "eA==", "5", "true"]


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", '{"a": Infinity}', '"\\ud800"', "1e999", "[" * 33 + "]" * 33])
def test_what_is_no_json_that_can_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"^the message ") as refused:
        parse_json(text, what="the message", path="Message")
    assert refused.value.problems()[0].code == "INVALID_JSON"


@pytest.mark.parametrize("value", ["5", '"text"', "null", "[" * 32 + "]" * 32, '{"a": [1.5, "\\u00e9"]}'])
def test_any_other_json_is_taken(value: str) -> None:
    assert parse_json(value, what="the message", path="Message") is not Ellipsis


def test_the_settings_name_topics_users_and_the_queue_of_dead_letters() -> None:
    found = read_settings(
        ENVIRONMENT
        | {"INCOMING_TOPICS": f"orders={TOPIC}, other = {TOPIC}2", "MESSAGE_USERS": "orders=robot@example.com,other=*"}
        | {"DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"}
    )
    assert found.incoming_topics == {"orders": TOPIC, "other": f"{TOPIC}2"}
    assert found.message_users == {"orders": "robot@example.com", "other": "*"}
    assert found.dead_letter_queue == "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"
    none = read_settings(ENVIRONMENT)
    assert (none.incoming_topics, none.message_users, none.dead_letter_queue) == ({}, {}, None)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"INCOMING_TOPICS": "orders"}, "INCOMING_TOPICS holds orders"),
        ({"INCOMING_TOPICS": f"or:ders={TOPIC}"}, "the name or:ders"),
        ({"INCOMING_TOPICS": f"a={TOPIC},b={TOPIC}"}, "two names for one topic"),
        ({"MESSAGE_USERS": "orders=x"}, "INCOMING_TOPICS has none"),
        ({"INCOMING_TOPICS": f"orders={TOPIC}", "MESSAGE_USERS": "orders"}, "MESSAGE_USERS holds orders"),
        ({"DEAD_LETTER_QUEUE_URL": "arn:aws:sqs:eu-west-1:123456789012:dead"}, "DEAD_LETTER_QUEUE_URL is arn"),
    ],
)
def test_a_setting_that_means_nothing_is_named(variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_settings(ENVIRONMENT | variables)
