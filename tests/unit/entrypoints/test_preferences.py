"""``Prefer: wait=<seconds>`` as RFC 7240 has it, and what a call that took too long tells a browser."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.app import Request, Response

from chalicelib.adapters.memory import MemoryStore
from chalicelib.entrypoints.http import respond
from chalicelib.entrypoints.path import prefix_of
from chalicelib.entrypoints.preferences import MOST_SECONDS, wait_of
from tests.sessions import Session

Json = Any


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], None),
        ([""], None),
        (["wait=5"], 5),
        (["wait=0"], 0),
        (["WAIT = 3"], 3),
        (['wait="7"'], 7),
        (["wait=4; foo=bar"], 4),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (['foo="a, wait=9", wait=2'], 2),
        ([", , wait=2"], 2),
        (["wait=1, wait=2"], 1),
        (["wait=1", "wait=2"], 1),
        (["wait=0005"], 5),
        (["wait=" + "9" * 1_000], MOST_SECONDS),
        (["handling=lenient; wait=4"], None),
        (["wait"], None),
        (["wait="], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=soon, wait=3"], None),
        (["wait=3 seconds"], None),
        (["wait=\u0663"], None),
        (["awaits=3"], None),
        (["a" + ";  " * 5_000], None),
    ],
)
def test_the_seconds_to_wait_are_read_and_the_rest_is_ignored(values: list[str], seconds: int | None) -> None:
    assert wait_of(values) == seconds


@pytest.mark.parametrize(
    ("context", "prefix"),
    [
        ({"path": "/api/samples:trigger/1", "stage": "local"}, ""),
        ({"path": "/prod/api/samples:trigger/1", "stage": "prod"}, "/prod"),
        ({"path": "/api/api/samples:trigger/1", "stage": "api"}, "/api"),
        ({"path": "/stepbase/v1/api/samples:trigger/1", "stage": "prod"}, "/stepbase/v1"),
        ({"path": "/api/samples:trigger/1", "stage": "prod"}, ""),
        ({}, ""),
    ],
)
def test_what_stands_before_the_api_is_the_stage_or_a_base_path(context: Json, prefix: str) -> None:
    assert prefix_of(context) == prefix


def request(session: Session, path: str, headers: dict[str, list[str]]) -> Request:
    many = {"authorization": [f"Bearer {session.token}"], **headers}
    event = {
        "multiValueQueryStringParameters": {"triggerWorkflows": ["slow"]},
        "headers": {name: values[-1] for name, values in many.items() if values},
        "multiValueHeaders": many,
        "pathParameters": {},
        "requestContext": {"httpMethod": "POST", "resourcePath": "/api/{resource}/{id}", "path": path, "stage": "prod", "requestId": "r"},
        "body": "{}",
        "stageVariables": None,
    }
    return Request(event)


def answer(prefer: list[str], path: str = "/prod/api/samples:trigger/1") -> Response:
    session = Session(MemoryStore()).install()
    session.workflow("slow", [{"type": "output", "config": {"value": 1}}], options={"spillToAsync": True})
    sent = request(session, path, {"Origin": ["https://app.example.com"], "Prefer": prefer})
    return respond(lambda: session.product, sent, ["samples:trigger", "1"])


def test_a_browser_may_read_where_to_ask_below_the_stage() -> None:
    found = answer(["respond-async", "wait=0"])
    assert found.status_code == 202
    assert str(found.headers["Location"]).startswith("/prod/api/executions:get/")
    assert found.headers["Preference-Applied"] == "wait=0"
    exposed = str(found.headers["Access-Control-Expose-Headers"]).split(",")
    assert {"location", "preference-applied"} <= set(exposed)


@pytest.mark.parametrize("prefer", [[], ["respond-async"], ["wait=never"], ["wait=20"]])
def test_a_preference_that_says_nothing_changes_nothing(prefer: list[str]) -> None:
    found = answer(prefer)
    assert (found.status_code, "Location" in found.headers, "Preference-Applied" in found.headers) == (200, False, False)
