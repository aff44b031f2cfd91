"""Rules of API Gateway that neither Chalice nor ``chalice package`` checks; a breach is refused only at deployment.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

import re

import pytest

from app import app

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize("pattern", app.routes)
def test_a_segment_is_literal_or_one_whole_variable(pattern: str) -> None:
    for segment in pattern.strip("/").split("/") if pattern != "/" else ():
        assert re.fullmatch(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9_]+\}", segment), f"{segment} of {pattern}"


def test_siblings_have_at_most_one_variable_and_it_has_one_name() -> None:
    variables: dict[str, set[str]] = {}
    for pattern in app.routes:
        parts = pattern.split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                variables.setdefault("/".join(parts[:depth]), set()).add(part)
    assert {place: names for place, names in variables.items() if len(names) > 1} == {}


def test_there_is_no_greedy_variable() -> None:
    assert not [pattern for pattern in app.routes if "+" in pattern]


def test_the_api_has_one_to_four_segments_and_every_method() -> None:
    served = {pattern: set(methods) for pattern, methods in app.routes.items() if pattern.startswith("/api/")}
    assert served == {
        "/api/{resource}": METHODS,
        "/api/{resource}/{id}": METHODS,
        "/api/{resource}/{id}/{association}": METHODS,
        "/api/{resource}/{id}/{association}/{association_id}": METHODS,
    }


def test_every_route_of_the_api_takes_every_content_type_and_answers_a_preflight() -> None:
    for methods in (methods for pattern, methods in app.routes.items() if pattern.startswith("/api/")):
        for entry in methods.values():
            assert entry.content_types == []
            assert entry.cors is not None
