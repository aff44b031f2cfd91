from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import FAILED, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.notification import MOST_BYTES, NODE, SCHEMA
from tests.unit.nodes.fakes import FakePorts, checked, run_node

SENT = {"status": "success", "channelName": "alerts", "messageId": "n-1"}
CONFIG: dict[str, Any] = {"channelName": "alerts", "title": "High", "content": "n is {{$context.data.n}}"}


def ports(answer: Any = SENT) -> FakePorts:
    return FakePorts(answers={"notification": answer})


def test_the_notification_is_sent_with_its_values() -> None:
    used = ports()
    assert run_node(NODE, CONFIG, used, {"n": 95.5}) == Outcome(RESOLVED, SENT)
    assert used.effects == [("notification", {"channelName": "alerts", "title": "High", "content": "n is 95.5"})]


@pytest.mark.parametrize(
    ("content", "text"),
    [({"n": "{{$context.data.n}}"}, '{"n":95.5}'), ("{{$context.data}}", '{"n":95.5}'), (["a"], '["a"]'), ("plain", "plain")],
)
def test_content_that_is_json_is_sent_as_its_text(content: Any, text: str) -> None:
    used = ports()
    run_node(NODE, CONFIG | {"content": content}, used, {"n": 95.5})
    assert used.effects[0][1]["content"] == text


def test_without_a_title_there_is_none() -> None:
    used = ports()
    run_node(NODE, {"channelName": "alerts", "content": "x"}, used)
    assert used.effects[0][1]["title"] == ""


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"content": "{{$context.data.nothing}}"}, "EMPTY_CONTENT"),
        ({"channelName": "{{$context.data.nothing}}"}, "INVALID_CHANNEL"),
        ({"channelName": " {{$context.data.nothing}} "}, "INVALID_CHANNEL"),
        ({"channelName": "{{$context.data}}"}, "INVALID_CHANNEL"),
        ({"channelName": "{{$context.data.list}}"}, "INVALID_CHANNEL"),
        ({"title": "a\nb"}, "INVALID_TITLE"),
        ({"title": "{{$context.data.evil}}"}, "INVALID_TITLE"),
        ({"content": "ü" * (MOST_BYTES // 2)}, "TOO_LARGE"),
    ],
)
@pytest.mark.parametrize("ignore", [True, False])
def test_a_notification_that_nobody_could_send_is_not_sent(config: dict[str, Any], code: str, ignore: bool) -> None:
    used = ports()
    outcome = run_node(NODE, CONFIG | config | {"ignoreFail": ignore}, used, {"evil": "a\r\nb", "list": []})
    assert (outcome.status, outcome.result["code"], used.effects) == (RESOLVED if ignore else FAILED, code, [])


@pytest.mark.parametrize(("ignore", "status"), [(False, FAILED), (True, RESOLVED)])
def test_one_that_could_not_be_sent_is_a_failure_or_a_result(ignore: bool, status: int) -> None:
    why = {"message": 'there is no channel "alerts"', "code": "CHANNEL_NOT_FOUND"}
    assert run_node(NODE, CONFIG | {"ignoreFail": ignore}, ports(EffectFailed(why))) == Outcome(status, why)


def test_receivers_are_the_topics_to_say() -> None:
    assert [problem.path for problem in checked(NODE, CONFIG | {"receivers": [1]})] == ["config.receivers"]
    assert checked(NODE, CONFIG | {"receivers": []}) == []


@pytest.mark.parametrize(
    "config", [{}, {"channelName": "a"}, {"content": "x"}, {"channelName": "", "content": "x"}, {"channelName": "a", "content": 7}]
)
def test_a_config_of_another_form_is_refused(config: dict[str, Any]) -> None:
    assert problems_of_schema(config, SCHEMA, "config")
