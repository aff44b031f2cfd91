"""Bodies, values, filters and pages that make no sense, on every route that takes them.

Each gets the right status and a message that names what is wrong, and nothing is written. Never a 5xx.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.functional.client import Json
from tests.functional.conftest import Sealed, refused
from tests.functional.model import Model, record

FOUR_HUNDRED, TOO_LARGE = (400,), (413,)


BODY_ROUTES = [
    "samples:create",
    "samples:update/{sample}",
    "samples:trigger/{sample}?triggerWorkflows=note",
    "samples:trigger?triggerWorkflows=note",
    "workflows:trigger?triggerWorkflows=global",
    "workflows:create",
    "collections:create",
    "users:create",
    "roles:create",
    "auth:signIn",
]


def nested(depth: int, inner: str = "1") -> bytes:
    return ('{"a":' * depth + inner + "}" * depth).encode()


BODIES: dict[str, tuple[bytes, tuple[int, ...], str]] = {
    "not JSON": (b"{bad", FOUR_HUNDRED, "JSON"),
    "half of it": (b'{"title": "x"', FOUR_HUNDRED, "JSON"),
    "more than one": (b'{"title": "x"} {}', FOUR_HUNDRED, "JSON"),
    "null": (b"null", FOUR_HUNDRED, ""),
    "a number": (b"5", FOUR_HUNDRED, ""),
    "text": (b'"title"', FOUR_HUNDRED, ""),
    "true": (b"true", FOUR_HUNDRED, ""),
    "half a character": (rb'{"title": "\ud800"}', FOUR_HUNDRED, ""),
    "no utf-8": (b'{"title": "\xff\xfe"}', FOUR_HUNDRED, ""),
    "NaN": (b'{"title": NaN}', FOUR_HUNDRED, ""),
    "a number that no double holds": (b'{"indicator": 1e400}', FOUR_HUNDRED, ""),
    "infinity": (b'{"indicator": -Infinity}', FOUR_HUNDRED, ""),
    "2 MB": (b'{"title": "' + b"x" * 2_000_000 + b'"}', TOO_LARGE, ""),
    "2 MB of blanks": (b" " * 2_000_000 + b"{}", TOO_LARGE, ""),
    "40 deep": (nested(40), FOUR_HUNDRED, ""),
    "1,000 deep": (nested(1_000), FOUR_HUNDRED, ""),
    "100,000 deep": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", FOUR_HUNDRED, ""),
}


@pytest.mark.usefixtures("nothing_written")
class TestBodies:
    @pytest.mark.parametrize(("body", "statuses", "named"), BODIES.values(), ids=BODIES.keys())
    def test_a_bad_body_is_refused_everywhere(
        self, model: Model, sealed: Sealed, body: bytes, statuses: tuple[int, ...], named: str
    ) -> None:
        for path in BODY_ROUTES:
            for headers in ({}, {"Content-Type": "application/json"}):
                refused(model.root.send("POST", path.format(sample=sealed.sample), body, headers), statuses, named)

    @pytest.mark.parametrize(
        "path",
        [
            "samples:create",
            "samples:update/{sample}",
            "workflows:create",
            "collections:create",
            "users:create",
            "roles:create",
            "auth:signIn",
        ],
    )
    def test_a_list_is_no_record(self, model: Model, sealed: Sealed, path: str) -> None:
        for body in (b"[]", b"[1]", b'[{"title": "x"}]'):
            refused(model.root.send("POST", path.format(sample=sealed.sample), body), FOUR_HUNDRED)


VALUES: list[tuple[str, Json]] = [
    ("nosuch", 1),
    ("createdAt", "2026-01-01T00:00:00.000Z"),
    ("updatedAt", "2026-01-01T00:00:00.000Z"),
    ("createdById", 7),
    ("updatedById", 7),
    ("__proto__", {}),
    ("", 1),
    ("$set", 1),
    ("string", {"a": 1}),
    ("string", ["a"]),
    ("integer", "abc"),
    ("integer", 1.5),
    ("integer", 2**60),
    ("integer", True),
    ("integer", []),
    ("double", "abc"),
    ("double", {}),
    ("double", 10**400),
    ("double", "NaN"),
    ("double", "Infinity"),
    ("boolean", "perhaps"),
    ("boolean", 7),
    ("date", "yesterday"),
    ("date", "2026-13-45"),
    ("date", []),
    ("date", "2026-02-30T00:00:00Z"),
    ("code", {"a": 1}),
]


@pytest.mark.usefixtures("nothing_written")
class TestValues:
    @pytest.mark.parametrize(("field", "value"), VALUES, ids=[f"{field}={str(value)[:30]!r}" for field, value in VALUES])
    def test_a_wrong_value_is_a_400_that_names_the_field(self, model: Model, sealed: Sealed, field: str, value: Json) -> None:
        for action in ("create", f"update/{sealed.identity}"):
            answer = model.root.post(f"sealed:{action}", {"string": "x", field: value})
            refused(answer, FOUR_HUNDRED, field)

    @pytest.mark.parametrize(("field", "value"), [("id", "abc"), ("id", -5), ("id", 1.5), ("id", {}), ("id", 2**60), ("id", "")])
    def test_a_bad_id_for_a_new_record_is_a_400(self, model: Model, field: str, value: Json) -> None:
        refused(model.root.post("sealed:create", {field: value}), FOUR_HUNDRED, field)

    def test_a_record_does_not_change_its_id(self, model: Model, sealed: Sealed) -> None:
        refused(model.root.post(f"sealed:update/{sealed.identity}", {"id": sealed.identity + 1}), FOUR_HUNDRED, "id")

    @pytest.mark.parametrize("value", ["abc", True, [1], {"id": "abc"}, 1.5, {"nosuch": 1}])
    def test_a_bad_association_is_a_400_that_names_it(self, model: Model, value: Json) -> None:
        refused(model.root.post("samples:create", {"title": "x", "category": value}), FOUR_HUNDRED, "category")

    def test_every_wrong_value_has_its_entry(self, model: Model) -> None:
        answer = model.root.post("sealed:create", {"integer": "abc", "date": "never", "nosuch": 1})
        refused(answer, FOUR_HUNDRED)
        assert {"integer", "date", "nosuch"} <= {str(entry.get("path", entry["message"])) for entry in answer.errors}


FILTERS: list[tuple[str, str]] = [
    ("{bad", "filter"),
    ("5", "filter"),
    ('"x"', "filter"),
    ("null7", "filter"),
    ('{"nosuch":1}', "nosuch"),
    ('{"indicator":{"$nosuch":1}}', "$nosuch"),
    ('{"$nosuch":[]}', "$nosuch"),
    ('{"$and":5}', "$and"),
    ('{"$or":[5]}', "$or"),
    ('{"title":{"$in":5}}', "$in"),
    ('{"indicator":{"$gt":"abc"}}', "indicator"),
    ('{"indicator":{"$gt":{"a":1}}}', "indicator"),
    ('{"createdAt":{"$gt":"never"}}', "createdAt"),
    ('{"category":{"nosuch":1}}', "nosuch"),
    ('{"category.nosuch":1}', "nosuch"),
    ('{"title.nosuch":1}', "title"),
    ('{"title":{"nosuch":1}}', "nosuch"),
    ('{"__proto__":1}', "__proto__"),
    ('{"indicator":NaN}', ""),
    ('{"$and":[' * 40 + "{}" + "]}" * 40, ""),
    ('{"$and":[' * 200 + "{}" + "]}" * 200, ""),
    ("[" * 1500, ""),
]


@pytest.mark.usefixtures("nothing_written")
class TestLists:
    @pytest.mark.parametrize(("text", "named"), FILTERS, ids=[text[:40] for text, _ in FILTERS])
    def test_a_bad_filter_is_a_400_that_names_what_is_wrong(self, model: Model, text: str, named: str) -> None:
        for action, body in (("list", None), ("update", {"title": "x"}), ("destroy", None)):
            refused(model.root.post(f"samples:{action}", body, filter=text), FOUR_HUNDRED, named)

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("page=-1", "page"),
            ("page=0", "page"),
            ("page=abc", "page"),
            ("page=1.5", "page"),
            ("page=1e400", "page"),
            ("page=99999999999999999999", ""),
            ("pageSize=-1", "pageSize"),
            ("pageSize=0", "pageSize"),
            ("pageSize=abc", "pageSize"),
            ("page=5000&pageSize=100", "cursor"),
            ("sort=nosuch", "nosuch"),
            ("sort=-nosuch", "nosuch"),
            ("sort=category.nosuch", "nosuch"),
            ("fields=nosuch", "nosuch"),
            ("fields=category.nosuch", "nosuch"),
            ("appends=nosuch", "nosuch"),
            ("appends=title", "title"),
            ("appends=category.nosuch", "nosuch"),
            ("filter[nosuch]=1", "nosuch"),
            ("filter[indicator][$nosuch]=1", "$nosuch"),
            ("filter" + "[a]" * 200 + "=1", ""),
        ],
    )
    def test_a_bad_page_order_or_choice_of_fields_is_a_400_by_name(self, model: Model, query: str, named: str) -> None:
        refused(model.root.send("GET", f"samples:list?{query}"), FOUR_HUNDRED, named)

    @pytest.mark.parametrize(
        "query",
        [
            "%",
            "%zz=1",
            "a[b=1",
            "[]=1",
            "=1",
            "&&&",
            "a=" + "x" * 4000,
            "&".join(f"p{n}=1" for n in range(500)),
            "pageSize=100000",
            "except=nosuch",
            "paginate=perhaps",
            "filter=",
            "sort=",
            "fields=",
            "page=",
        ],
    )
    def test_a_strange_query_is_read_or_refused(self, model: Model, query: str) -> None:
        answer = model.root.send("GET", f"samples:list?{query}")
        if answer.status != 200:
            refused(answer, (400, 414, 431))

    def test_a_request_line_that_is_too_long_is_refused_in_the_envelope_too(self, model: Model) -> None:
        refused(model.root.send("GET", "samples:list?filter=" + "x" * 20_000), (400, 414, 431))

    @pytest.mark.parametrize("name", ["users", "workflows", "collections", "roles", "executions"])
    @pytest.mark.parametrize(
        "query",
        [
            "filter={bad",
            "filter=%7B%22nosuch%22%3A1%7D",
            "page=-1",
            "pageSize=abc",
            "sort=nosuch",
            "filter=%7B%22id%22%3A%7B%22%24nosuch%22%3A1%7D%7D",
        ],
    )
    def test_the_systems_own_lists_are_as_strict(self, model: Model, name: str, query: str) -> None:
        answer = model.root.send("GET", f"{name}:list?{query}")
        refused(answer, FOUR_HUNDRED)


@pytest.mark.parametrize(
    ("body", "make"),
    [
        ({"title": ["a", "list"]}, lambda: record("{{$context.data.title}}")),
        ({"title": "x" * 1000}, lambda: record("x", id="{{$context.data.title}}")),
        ({}, lambda: record("x", id="{{$context.data.nosuch.deeper}}")),
        ({"sampleId": "abc"}, lambda: record("x", sampleId="{{$context.data.sampleId}}")),
    ],
)
def test_data_that_a_node_cannot_take_is_that_workflows_failure_with_its_node_named(
    model: Model, body: Json, make: Callable[[], Json]
) -> None:
    workflow = model.workflow([make()])
    before = model.root.count("inspectionRecords")
    answer = model.root.trigger("samples", workflow["key"], body)
    if answer.status == 500:
        assert answer.codes == ["WORKFLOW_FAILED"]
        assert model.root.count("inspectionRecords") == before
        assert model.last_run(workflow["key"])["status"] == -2
    else:
        assert answer.status == 200
