"""Variables in filters keep their type, and unknown ones are refused."""

from __future__ import annotations

import pytest

from chalicelib.domain.filter import substitute
from chalicelib.errors import Invalid, Json

VARIABLES: dict[str, Json] = {
    "$user": {"id": 7, "name": "Ann", "boss": None, "teams": [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": ["b", "c"]}]},
    "$nRole": "member",
    "$now": "2026-11-21T02:04:48.219Z",
    "$yes": True,
}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"createdById": "{{$user.id}}"}, {"createdById": 7}),
        ({"createdById": {"$in": ["{{ $user.id }}", 8]}}, {"createdById": {"$in": [7, 8]}}),
        ("{{$nRole}}", "member"),
        ("{{$user.boss}}", None),
        ("{{$user.boss.id}}", None),
        ("{{$user.teams.id}}", [1, 2]),
        ("{{$user.teams.tags}}", ["a", "b", "c"]),
        ("{{$user.teams.0.id}}", 1),
        ("{{$user.teams.9.id}}", None),
        ("{{$yes}}", True),
        ("by {{$user.name}} ({{$user.id}})", "by Ann (7)"),
        ("x{{$user.boss}}y", "xy"),
        ("is {{$yes}}", "is true"),
        ("{{$user.name}}{{$user.id}}", "Ann7"),
        ("has {{$user.teams.id}}", "has [1,2]"),
        (5, 5),
        ("no {braces}", "no {braces}"),
        (None, None),
    ],
)
def test_a_template_becomes_the_value_it_names(raw: Json, expected: Json) -> None:
    assert substitute(raw, VARIABLES) == expected


def test_every_unknown_variable_is_named() -> None:
    raw = {"a": "{{$user.nosuch}}", "$or": [{"b": "x {{$nosuch}}"}], "c": "{{$nRole.id}}", "d": "{{$user.teams.nosuch}}", "e": "{{}}"}
    with pytest.raises(Invalid) as caught:
        substitute(raw, VARIABLES)
    problems = caught.value.problems()
    assert [problem.path for problem in problems] == ["filter.a", "filter.$or.0.b", "filter.c", "filter.d", "filter.e"]
    assert problems[0].message == "unknown variable '$user.nosuch'; variables here: $user, $nRole, $now, $yes"


def test_the_filter_given_stays_as_it_was() -> None:
    raw = {"a": ["{{$user.id}}"]}
    substitute(raw, VARIABLES)
    assert raw == {"a": ["{{$user.id}}"]}


def test_a_filter_nested_without_end_is_refused() -> None:
    raw: Json = "x"
    for _ in range(500):
        raw = [raw]
    with pytest.raises(Invalid, match="nested"):
        substitute(raw, VARIABLES)
