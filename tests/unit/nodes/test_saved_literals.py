"""What no template changes and can never work is refused when a workflow is saved, where it stands in the config."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.mail import MOST_RECIPIENTS
from chalicelib.errors import Invalid
from chalicelib.nodes import NODE_TYPES
from chalicelib.nodes.notification import MOST_BYTES
from tests.unit.nodes.fakes import FakePorts, FakeRecords, checked, paths_and_messages, run_node

URL = "http://api.example.com/"
TO = {"to": ["ann@example.com"], "html": "x"}
NOTE = {"channelName": "alerts", "content": "x"}
TEMPLATE = "{{$context.data.x}}"


def paths(type: str, config: dict[str, Any]) -> list[str]:
    return [path.removeprefix("config.") for path, _ in paths_and_messages(checked(NODE_TYPES[type], config))]


def samples(**params: Any) -> dict[str, Any]:
    return {"collection": "samples", "params": params}


@pytest.mark.parametrize(
    ("type", "config", "expected"),
    [
        ("query", samples(filter="junk"), ["params.filter"]),
        ("query", samples(page="x", pageSize="0"), ["params.page", "params.pageSize"]),
        ("query", samples(filter=TEMPLATE, page="2", pageSize=TEMPLATE), []),
        ("aggregate", samples(filter="junk") | {"aggregator": "count"}, ["params.filter"]),
        ("aggregate", {"collection": "nosuch", "aggregator": "count", "precision": "x"}, ["precision", "collection"]),
        ("aggregate", samples() | {"aggregator": "count", "precision": "3"}, []),
        ("aggregate", samples(filter=TEMPLATE) | {"aggregator": "count", "precision": TEMPLATE}, []),
        ("update", samples(filter="junk", values="junk"), ["params.filter", "params.values"]),
        ("update", samples(filter={"id": 1}, values=""), ["params.values"]),
        ("update", samples(filter=TEMPLATE, values=TEMPLATE), []),
        ("destroy", samples(filter="junk"), ["params.filter"]),
        ("create", samples(values="junk"), ["params.values"]),
        ("create", {"collection": "nosuch", "params": {"values": "junk"}}, ["params.values", "collection"]),
        ("create", samples(values=TEMPLATE), []),
    ],
)
def test_a_text_is_no_filter_no_values_and_no_number(type: str, config: dict[str, Any], expected: list[str]) -> None:
    assert paths(type, config) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (10_000, []),
        (10_001, ["target"]),
        (10_000.9, []),
        ([0] * 10_000, []),
        ([0] * 10_001, ["target"]),
        ("x" * 20_000, []),
        (-1, ["target"]),
    ],
)
def test_a_loop_has_at_most_10000_rounds(target: Any, expected: list[str]) -> None:
    assert paths("loop", {"target": target}) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://", "names no host"),
        ("http:///x", "names no host"),
        ("http://user:secret@example.com/", "must not hold a user"),
        ("http://example.com:99999/", "the port of the URL"),
        ("http://example.com:0/", "the port of the URL"),
        ("http://[::1]:70000/", "the port of the URL"),
        ("http://example.com:http/", "the port of the URL"),
        ("http://[::1/", "cannot be read"),
        ("http://example.com/a\r\nb", "a line break"),
        ("ftp://example.com/", "must begin with http"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str, why: str) -> None:
    ((path, message),) = paths_and_messages(checked(NODE_TYPES["request"], {"url": url}))
    assert (path, why in message) == ("config.url", True)


@pytest.mark.parametrize("url", [URL, "https://[::1]:8080/a?b=c#d", "http://x:/", f"http://u:p@{TEMPLATE}", "http://example.com/a b"])
def test_a_url_that_may_lead_somewhere_is_not(url: str) -> None:
    assert paths("request", {"url": url}) == []


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ({"name": "Host", "value": "x"}, "name"),
        ({"name": "Content-Length", "value": "5"}, "name"),
        ({"name": "a b", "value": "x"}, "name"),
        ({"name": "X-A", "value": "a\r\nX-B: c"}, "value"),
        ({"name": "X-A", "value": "…"}, "value"),
        ({"name": TEMPLATE, "value": "a\nb"}, "value"),
    ],
)
def test_a_header_that_cannot_be_set_is_refused(header: dict[str, Any], part: str) -> None:
    assert paths("request", {"url": URL, "headers": [{"name": "X-Ok", "value": 1}, header]}) == [f"headers.1.{part}"]


def test_headers_that_templates_complete_or_that_are_left_out_are_not() -> None:
    headers = [
        {"name": TEMPLATE, "value": TEMPLATE},
        {"name": " "},
        {"name": "Content-Type", "value": "x"},
        {"name": " X-A ", "value": " a "},
    ]
    assert paths("request", {"url": URL, "headers": headers}) == []


@pytest.mark.parametrize("kind", ["multipart", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [("x", ["data"]), (5, ["data"]), (["a", {"name": "b"}], ["data.0"]), ([TEMPLATE], []), (TEMPLATE, []), ({"a": 1}, []), (None, [])],
)
def test_a_form_is_made_of_names_and_values(kind: str, data: Any, expected: list[str]) -> None:
    assert paths("request", {"url": URL, "contentType": kind, "data": data}) == expected
    assert paths("request", {"url": URL, "contentType": kind, "data": data, "method": "GET"}) == []
    assert paths("request", {"url": URL, "contentType": "text", "data": data}) == []


def test_a_mail_has_at_most_50_recipients() -> None:
    many = [f"a{number}@example.com" for number in range(MOST_RECIPIENTS)]
    assert paths("mailer", TO | {"to": many, "cc": [TEMPLATE, None, ""]}) == []
    assert paths("mailer", TO | {"to": many, "cc": ["b@example.com"], "bcc": ["c@example.com"]}) == ["cc"]
    assert paths("mailer", TO | {"to": [*many, "b@example.com"]}) == ["to"]


@pytest.mark.parametrize("nobody", [[None], [""], [None, "", [None]]])
def test_a_mail_to_nobody_is_refused(nobody: Any) -> None:
    assert paths("mailer", TO | {"to": nobody}) == ["to"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({"filename": "a", "content": "%%%", "encoding": "base64"}, ["content"]),
        ({"filename": "a", "content": "%%%"}, []),
        ({"filename": "a", "content": TEMPLATE, "encoding": "base64"}, []),
        ({"filename": "a\r\nb", "content": "x"}, ["filename"]),
        ({"filename": "a" * 300, "content": "x"}, ["filename"]),
        ({"filename": f"a\n{TEMPLATE}", "content": "x"}, []),
        ({"filename": "a", "content": "x", "contentType": "nonsense"}, ["contentType"]),
        ({"filename": "a", "content": "x", "contentType": ""}, []),
    ],
)
def test_an_attachment_that_cannot_be_sent_is_refused(file: dict[str, Any], expected: list[str]) -> None:
    assert paths("mailer", TO | {"attachments": [file]}) == [f"attachments.0.{name}" for name in expected]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"title": "a\nb"}, ["title"]),
        ({"title": f"a\n{TEMPLATE}"}, []),
        ({"content": "ü" * (MOST_BYTES // 2)}, []),
        ({"content": "ü" * (MOST_BYTES // 2) + "!"}, ["content"]),
        ({"content": ["x" * MOST_BYTES]}, ["content"]),
    ],
)
def test_a_notification_that_nobody_could_send_is_refused(config: dict[str, Any], expected: list[str]) -> None:
    assert paths("notification", NOTE | config) == expected


@pytest.mark.parametrize("operands", [None, [], [1]])
def test_a_calculator_compares_two_values(operands: Any) -> None:
    calculation = {"calculator": "equal"} | ({} if operands is None else {"operands": operands})
    assert paths("condition", {"rejectOnFalse": False, "calculation": calculation}) == ["calculation.operands"]
    assert paths("multi-conditions", {"conditions": [{}, {"calculation": calculation}]}) == ["conditions.1.calculation.operands"]
    assert paths("loop", {"target": 1, "condition": {"calculation": calculation}}) == ["condition.calculation.operands"]


@pytest.mark.parametrize("type", ["cc", "manual"])
def test_a_filter_that_a_template_made_wrong_is_named_where_it_stands(type: str) -> None:
    name = {"cc": "users", "manual": "assignees"}[type]
    config = {name: [1, {"filter": {"username": "{{$context.data.x}}"}}]}
    with pytest.raises(Invalid) as refused:
        run_node(NODE_TYPES[type], config, FakePorts(FakeRecords()), {"x": {"$ne": ""}})
    assert [problem.path for problem in refused.value.problems()] == [f"{name}.1.filter.username"]
    with pytest.raises(Invalid) as refused:
        run_node(NODE_TYPES[type], {name: [{"filter": {"id": {"$in": "{{$context.data.x}}"}}}]}, FakePorts(FakeRecords()), {"x": "no list"})
    assert [problem.path for problem in refused.value.problems()] == [f"{name}.0.filter.id.$in"]


@pytest.mark.parametrize(("hooks", "events"), [(None, True), (True, True), (False, False)])
def test_an_update_without_hooks_sets_off_no_record_events(hooks: Any, events: bool) -> None:
    ports = FakePorts(FakeRecords({"samples": [{"id": 1}]}))
    run_node(NODE_TYPES["update"], samples(filter={"id": 1}, values={"status": "x"}, individualHooks=hooks), ports)
    assert [call[-1] == "no events" for call in ports.records.calls] == [not events]
