from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import ABORTED, FAILED, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.request import NODE, SCHEMA
from tests.unit.nodes.fakes import FakePorts, checked, run_node

ANSWER = {"status": 200, "statusText": "OK", "headers": {"content-type": "application/json"}, "data": {"id": 7}}
REFUSED = {"message": "Request failed with status code 404", "code": "ERR_BAD_REQUEST", "status": 404, "statusText": "Not Found"}
URL = "http://api.example.com/"


def ports(answer: Any = ANSWER) -> FakePorts:
    return FakePorts(answers={"request": answer})


def sent(config: dict[str, Any], data: Any = None) -> dict[str, Any]:
    """What the node with this config asks for."""
    used = ports()
    run_node(NODE, {"url": URL, **config}, used, data)
    ((kind, payload),) = used.effects
    assert kind == "request"
    return payload


@pytest.mark.parametrize(("config", "result"), [({}, ANSWER), ({"onlyData": False}, ANSWER), ({"onlyData": True}, {"id": 7})])
def test_the_result_is_the_answer_or_only_its_data(config: dict[str, Any], result: Any) -> None:
    assert run_node(NODE, {"url": URL, **config}, ports()) == Outcome(RESOLVED, result)


@pytest.mark.parametrize("only_data", [True, False])
def test_a_dry_run_has_no_answer(only_data: bool) -> None:
    assert run_node(NODE, {"url": URL, "onlyData": only_data}, ports(None)) == Outcome(RESOLVED, None)


@pytest.mark.parametrize(
    ("timed_out", "config", "status"),
    [
        (False, {}, FAILED),
        (True, {}, ABORTED),
        (False, {"ignoreFail": True}, RESOLVED),
        (True, {"ignoreFail": True}, RESOLVED),
        (False, {"ignoreFail": True, "onlyData": True}, RESOLVED),
    ],
)
def test_a_failure_keeps_its_result_whatever_it_ends_as(timed_out: bool, config: dict[str, Any], status: int) -> None:
    assert run_node(NODE, {"url": URL, **config}, ports(EffectFailed(REFUSED, timed_out))) == Outcome(status, REFUSED)


def test_what_is_not_said_has_the_models_defaults() -> None:
    nothing = {"method": "POST", "contentType": "application/json", "headers": [], "params": [], "data": None, "timeout": 5000}
    assert sent({}) == {"url": URL, **nothing}
    assert sent({"method": None, "contentType": None, "headers": None, "params": None, "timeout": None}) == {"url": URL, **nothing}


def test_texts_are_rendered_and_trimmed() -> None:
    config = {
        "url": "  http://{{$context.data.host}}/a ",
        "headers": [{"name": " X-N ", "value": " {{$context.data.n}} "}, {"name": "", "value": "x"}, {"name": "X-None"}],
        "params": [{"name": "q", "value": "{{$context.data.nothing}}"}],
    }
    asked = sent(config, {"host": "a.example.com", "n": 1.0})
    assert asked["url"] == "http://a.example.com/a"
    assert asked["headers"] == [{"name": "X-N", "value": "1"}, {"name": "X-None", "value": ""}]
    assert asked["params"] == [{"name": "q", "value": ""}]


def test_a_content_type_among_the_headers_is_left_out() -> None:
    assert sent({"headers": [{"name": "content-TYPE", "value": "a/b"}, {"name": "Accept", "value": "c"}]})["headers"] == [
        {"name": "Accept", "value": "c"}
    ]


@pytest.mark.parametrize(
    ("given", "full"),
    [("json", "application/json"), ("multipart", "multipart/form-data"), ("text/plain", "text/plain"), ("xml", "application/xml")],
)
def test_content_types_have_short_names(given: str, full: str) -> None:
    assert sent({"contentType": given})["contentType"] == full


def test_data_keeps_its_types_and_is_not_sent_with_get() -> None:
    config = {"data": {"sample": "{{$context.data}}", "n": "{{$context.data.n}}"}}
    assert sent(config, {"n": 1.5})["data"] == {"sample": {"n": 1.5}, "n": 1.5}
    assert sent({**config, "method": "GET"}, {"n": 1.5})["data"] is None


@pytest.mark.parametrize(
    ("url", "bad"),
    [
        (URL, False),
        (" HTTPS://x", False),
        ("{{$context.data.url}}", False),
        ("ftp://x", True),
        ("file:///etc/passwd", True),
        ("example.com", True),
    ],
)
def test_a_url_that_is_none_of_http_is_refused_when_saved(url: str, bad: bool) -> None:
    found = checked(NODE, {"url": url})
    assert [problem.path for problem in found] == (["config.url"] if bad else [])


def test_files_in_a_form_are_refused_when_saved() -> None:
    data = [{"name": "a", "valueType": "text", "text": "x"}, {"name": "b", "valueType": "file", "file": 1}]
    (problem,) = checked(NODE, {"url": URL, "contentType": "multipart", "data": data})
    assert problem.path == "config.data.1.valueType"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": URL, "method": "TRACE"}, "method"),
        ({"url": URL, "contentType": "image/png"}, "contentType"),
        ({"url": URL, "timeout": 0}, "timeout"),
        ({"url": URL, "timeout": 25_001}, "timeout"),
        ({"url": URL, "timeout": "5s"}, "timeout"),
        ({"url": URL, "headers": {"a": 1}}, "headers"),
        ({"url": URL, "headers": [{"value": "x"}]}, "headers.0"),
        ({"url": URL, "params": [{"name": "a", "value": {}}]}, "params.0.value"),
        ({"url": URL, "ignoreFail": "yes"}, "ignoreFail"),
    ],
)
def test_a_config_of_another_form_is_refused_where_it_is_wrong(config: dict[str, Any], path: str) -> None:
    assert any(problem.path.startswith(f"config.{path}") for problem in problems_of_schema(config, SCHEMA, "config"))
