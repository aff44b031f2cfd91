"""A request becomes the event that API Gateway would send, and the function's answer becomes HTTP."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from local.gateway import Context, Request, from_result, match_route, to_event

PATTERNS = [
    "/api/{resource}",
    "/api/{resource}/{id}",
    "/api/{resource}/{id}/{association}",
    "/api/{resource}/{id}/{association}/{association_id}",
]


def event_of(target: str, method: str = "GET", body: bytes = b"", **headers: str) -> dict[str, Any]:
    request = Request(method, target, headers, body)
    found = match_route(request.path, PATTERNS)
    assert found is not None
    return to_event(request, *found, request_id="r-1")


@pytest.mark.parametrize(
    ("target", "pattern", "parameters"),
    [
        ("/api/samples:list", "/api/{resource}", {"resource": "samples:list"}),
        ("/api/samples%3Alist", "/api/{resource}", {"resource": "samples%3Alist"}),
        ("/api/samples:get/a%2Fb", "/api/{resource}/{id}", {"resource": "samples:get", "id": "a%2Fb"}),
        ("/api/samples:get/a%252Fb", "/api/{resource}/{id}", {"resource": "samples:get", "id": "a%252Fb"}),
        ("/api/samples/1/", "/api/{resource}/{id}", {"resource": "samples", "id": "1"}),
        ("/api/samples:get/%E2%82%AC", "/api/{resource}/{id}", {"resource": "samples:get", "id": "%E2%82%AC"}),
        ("/api/samples:get/\xe2\x82\xac", "/api/{resource}/{id}", {"resource": "samples:get", "id": "%E2%82%AC"}),
        (
            "/api/posts/1/comments:get/5?x=1",
            PATTERNS[3],
            {"resource": "posts", "id": "1", "association": "comments:get", "association_id": "5"},
        ),
        ("http://localhost:3000/api/samples:list?a=1", "/api/{resource}", {"resource": "samples:list"}),
    ],
)
def test_path_parameters_stay_as_they_were_on_the_wire(target: str, pattern: str, parameters: dict[str, str]) -> None:
    event = event_of(target)
    assert event["requestContext"]["resourcePath"] == pattern
    assert event["pathParameters"] == parameters


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api//1", "/other/x", "/api/a/b/c/d/e", "//api/samples:list"])
def test_a_path_that_no_pattern_serves_matches_nothing(path: str) -> None:
    assert match_route(Request("GET", path).path, PATTERNS) is None


def test_a_fixed_segment_beats_a_variable_one() -> None:
    assert match_route("/api/uploads", ["/api/{resource}", "/api/uploads"]) == ("/api/uploads", {})


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", None),
        ("?", None),
        ("?a=1&a=2", {"a": ["1", "2"]}),
        ("?filterByTk[]=1&filterByTk%5B%5D=2", {"filterByTk[]": ["1", "2"]}),
        ("?paginate", {"paginate": [""]}),
        ("?empty=", {"empty": [""]}),
        ("?a=x+y&b=x%2By", {"a": ["x y"], "b": ["x+y"]}),
        ("?twice=%252F", {"twice": ["%2F"]}),
        ("?filter=%7B%22a%22%3A%22%3F%22%7D", {"filter": ['{"a":"?"}']}),
    ],
)
def test_query_values_are_decoded_once_and_repeated_keys_are_kept(query: str, values: dict[str, list[str]] | None) -> None:
    event = event_of("/api/samples:list" + query)
    assert event["multiValueQueryStringParameters"] == values
    assert event["queryStringParameters"] == ({name: many[-1] for name, many in values.items()} if values else None)


@pytest.mark.parametrize(
    ("body", "text", "encoded"),
    [
        (b"", None, False),
        (b'{"a":1}', '{"a":1}', False),
        ("é €".encode(), "é €", False),
        (b"\xff\x00\xfe", base64.b64encode(b"\xff\x00\xfe").decode(), True),
    ],
)
def test_a_body_is_text_or_base64(body: bytes, text: str | None, encoded: bool) -> None:
    event = event_of("/api/samples:create", "POST", body)
    assert (event["body"], event["isBase64Encoded"]) == (text, encoded)


def test_an_event_carries_method_headers_path_and_request_id() -> None:
    event = event_of("/api/samples:get/a%2Fb/", "PUT", **{"x-role": "viewer", "user-agent": "curl"})
    context = event["requestContext"]
    assert event["headers"]["x-role"] == "viewer"
    assert event["multiValueHeaders"]["x-role"] == ["viewer"]
    assert (context["httpMethod"], context["path"], context["requestId"]) == ("PUT", "/api/samples:get/a%2Fb", "r-1")
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "curl"}


def test_an_answer_keeps_repeated_headers_and_decodes_base64() -> None:
    answer = from_result(
        {
            "statusCode": 200,
            "headers": {"X-One": "1"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "body": base64.b64encode(b"\xff").decode(),
            "isBase64Encoded": True,
        }
    )
    assert answer.headers == (("X-One", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    assert answer.body == b"\xff"


def test_a_context_counts_down_from_29_seconds() -> None:
    assert 28_000 < Context("r-1").get_remaining_time_in_millis() <= 29_000
