from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.status import RESOLVED
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.response_message import NODE
from tests.unit.nodes.fakes import FakePorts, run_node

DATA = {"title": "High", "n": 1.0, "zero": 0, "no": False, "yes": True, "tags": ["a", "b"], "category": {"title": "Blood"}}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Indicator does not meet", "Indicator does not meet"),
        ("First: {{$context.data.title}}", "First: High"),
        ("category {{$context.data.category.title}}", "category Blood"),
        ("by {{$context.user.nickname}} as {{$context.roleName}}", "by Ann as root"),
        ("hello {{$context.data.nothing}}!", "hello !"),
        ("{{$context.data.title}}", "High"),
        ("{{$context.data.n}}", "1"),
        ("{{$context.data.yes}}", "true"),
        ("{{$context.data.tags}}", '["a","b"]'),
        ("{{$context.data.category}}", '{"title":"Blood"}'),
    ],
)
def test_the_text_is_said_and_is_the_result(message: str, text: str) -> None:
    ports = FakePorts()
    assert run_node(NODE, {"message": message}, ports, DATA) == Outcome(RESOLVED, text)
    assert ports.messages == [text]


@pytest.mark.parametrize("message", ["{{$context.data.nothing}}", "{{$context.data.zero}}", "{{$context.data.no}}", "", None])
def test_a_message_that_comes_out_empty_says_nothing(message: Any) -> None:
    ports = FakePorts()
    assert run_node(NODE, {"message": message}, ports, DATA) == Outcome(RESOLVED, None)
    assert ports.messages == []


def test_where_no_call_waits_the_result_is_null() -> None:
    ports = FakePorts(is_awaited=False)
    assert run_node(NODE, {"message": "hello"}, ports) == Outcome(RESOLVED, None)
    assert ports.messages == []


def test_messages_add_up_in_order() -> None:
    ports = FakePorts()
    for message in ("one", "two"):
        run_node(NODE, {"message": message}, ports)
    assert ports.messages == ["one", "two"]
