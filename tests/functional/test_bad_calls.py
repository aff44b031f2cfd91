"""Calls by nobody, of nothing, for no workflow, or by a method or with a header that makes no sense.

Each gets the right status and a message that names what is wrong, and nothing is written. Never a 5xx.
"""

from __future__ import annotations

import pytest

from tests.functional.client import Client, Json
from tests.functional.conftest import Sealed, refused
from tests.functional.model import Model, make_user

FOUR_HUNDRED, NOT_FOUND = (400,), (404,)


ROUTES: list[tuple[str, Json]] = [
    ("samples:list", None),
    ("samples:get/{sample}", None),
    ("samples:create", {"title": "x"}),
    ("samples:update/{sample}", {"title": "x"}),
    ("samples:destroy/{sample}", None),
    ("samples:trigger/{sample}?triggerWorkflows=note", None),
    ("samples:trigger?triggerWorkflows=note", {"title": "x"}),
    ("workflows:trigger?triggerWorkflows=global", {"name": "x"}),
    ("workflows:create", {"title": "x", "type": "custom-action", "config": {"type": 0}}),
    ("workflows:list", None),
    ("collections:create", {"name": "forbidden"}),
    ("executions:list", None),
    ("users:create", {"username": "forbidden", "password": "long enough 1"}),
    ("auth:check", None),
]
ROUTE_NAMES = [path.partition("?")[0] + (" with a body" if path.startswith("samples:trigger?") else "") for path, _ in ROUTES]


@pytest.fixture(scope="module")
def callers(model: Model, stranger: Client) -> dict[str, tuple[Client, int, str]]:
    signed_out = make_user(model.root, stranger, "signedout", ["admin"])
    signed_out.post("auth:signOut").ok()
    return {
        "no token": (stranger, 401, "EMPTY_TOKEN"),
        "bad token": (stranger.with_token("nonsense"), 401, "INVALID_TOKEN"),
        "revoked token": (signed_out, 401, "BLOCKED_TOKEN"),
        "unknown role": (model.root.using(X_Role="nosuch"), 401, "ROLE_NOT_FOUND_FOR_USER"),
        "another's role": (model.users["viewer"].using(X_Role="admin"), 401, "ROLE_NOT_FOUND_FOR_USER"),
    }


@pytest.mark.usefixtures("nothing_written")
class TestWhoCalls:
    @pytest.mark.parametrize("caller", ["no token", "bad token", "revoked token", "unknown role", "another's role"])
    def test_who_is_not_known_gets_nothing(self, sealed: Sealed, callers: dict[str, tuple[Client, int, str]], caller: str) -> None:
        client, status, code = callers[caller]
        for path, body in ROUTES:
            answer = client.post(path.format(sample=sealed.sample), body)
            refused(answer, (status,))
            assert answer.codes == [code], path

    @pytest.mark.parametrize(("path", "body"), [route for route in ROUTES if ":list" not in route[0] and ":get" not in route[0]][:5])
    def test_a_role_without_the_right_is_a_403(self, model: Model, sealed: Sealed, path: str, body: Json) -> None:
        refused(model.users["viewer"].post(path.format(sample=sealed.sample), body), (403,), "No permissions")


IDS = {
    "unknown": "99999",
    "zero": "0",
    "negative": "-1",
    "no number": "abc",
    "a fraction": "1.5",
    "a power": "1e3",
    "a slash": "1/2",
    "an encoded slash": "1%2F2",
    "a blank": "%20",
    "blanks around": "%201%20",
    "200 characters": "x" * 200,
    "200 digits": "9" * 200,
    "two": "1,2",
    "beyond 53 bits": "9007199254740993",
    "a null byte": "%00",
    "no utf-8": "%ff%fe",
    "dots": "%2e%2e",
    "an operator": "%7B%22%24gt%22%3A0%7D",
    "a broken escape": "%zz",
    "null": "null",
    "true": "true",
    "other digits": "%D9%A1%D9%A2",
    "a hash": "1%23v",
}


@pytest.mark.usefixtures("nothing_written")
class TestWhatIsCalled:
    @pytest.mark.parametrize(
        ("path", "named"),
        [
            ("nosuch:list", "nosuch"),
            ("nosuch:create", "nosuch"),
            ("nosuch:trigger/1?triggerWorkflows=note", "nosuch"),
            ("nosuch", "nosuch"),
            ("samples:nosuch", "nosuch"),
            ("samples:nosuch/1", "nosuch"),
            ("workflows:nosuch", "nosuch"),
            ("auth:nosuch", "nosuch"),
            ("samples/1/nosuch:list", "nosuch"),
            ("collections/samples/nosuch:list", "nosuch"),
            ("collections/nosuch/fields:list", "nosuch"),
            ("samples:trigger/1/2/3/4?triggerWorkflows=note", ""),
            ("samples:", ""),
            (":list", ""),
            ("a/b/c/d/e/f/g", ""),
            ("%00:list", ""),
            ("..%2f..%2fetc:list", ""),
            ("samples%20:list", ""),
            ("Samples:list", "Samples"),
            ("n" * 300 + ":list", ""),
            ("__proto__:list", ""),
            ("users:trigger/1?triggerWorkflows=note", ""),
        ],
    )
    def test_what_there_is_not_is_a_404_by_name(self, model: Model, path: str, named: str) -> None:
        refused(model.root.post(path), (404, 400), named)

    @pytest.mark.parametrize("identity", IDS.values(), ids=IDS.keys())
    def test_an_id_that_names_nothing_is_no_record_or_a_clear_refusal(self, model: Model, identity: str) -> None:
        nothing: list[tuple[str, Json, Json]] = [
            ("samples:get", None, None),
            ("samples:update", {"title": "x"}, []),
            ("samples:destroy", None, 0),
            ("workflows:get", None, None),
            ("executions:get", None, None),
            ("collections:get", None, None),
        ]
        for action, body, empty in nothing:
            answer = model.root.post(f"{action}/{identity}", body)
            if answer.status == 200:
                assert answer.json == {"data": empty}, action
            else:
                refused(answer, (400, 404))
        for path in (f"samples:trigger/{identity}?triggerWorkflows=note", f"samples:trigger?filterByTk={identity}&triggerWorkflows=note"):
            refused(model.root.post(path), (400, 404))

    @pytest.mark.parametrize(
        "query",
        ["filterByTk[a]=1", "filterByTk[]=abc", "filterByTk[]=", "filterByTk=", "filterByTk=[", "filterByTk={}", "filterByTk[][]=1"],
    )
    def test_a_list_of_ids_that_is_none_is_a_400_or_404(self, model: Model, query: str) -> None:
        for key in ("note", "multi"):
            refused(model.root.send("POST", f"samples:trigger?{query}&triggerWorkflows={key}"), (400, 404))
        for action in ("update", "destroy"):
            answer = model.root.send("POST", f"samples:{action}?{query}", b'{"title": "x"}')
            assert answer.status in (400, 404) or answer.data in ([], 0)


KEYS: list[tuple[str, str, str]] = [
    ("unknown", "samples:trigger/{sample}?triggerWorkflows=nosuchkey", "nosuchkey"),
    ("disabled", "samples:trigger/{sample}?triggerWorkflows=disabled", "disabled"),
    ("another collection's", "samples:trigger/{sample}?triggerWorkflows=category", "category"),
    ("global on a collection", "samples:trigger/{sample}?triggerWorkflows=global", "global"),
    ("a record's on the global action", "workflows:trigger?triggerWorkflows=note", "note"),
    ("several records' for one", "samples:trigger/{sample}?triggerWorkflows=multi", "multi"),
    ("one record's for several", "samples:trigger?filterByTk[]={sample}&filterByTk[]={sample}&triggerWorkflows=note", "note"),
    ("unknown on the global action", "workflows:trigger?triggerWorkflows=nosuchkey", "nosuchkey"),
    ("very long", "samples:trigger/{sample}?triggerWorkflows=" + "k" * 2000, "kkkk"),
    ("an id", "samples:trigger/{sample}?triggerWorkflows=12345", "12345"),
    ("with a slash", "samples:trigger/{sample}?triggerWorkflows=a%2Fb", "a/b"),
]


@pytest.mark.usefixtures("nothing_written")
class TestWhichWorkflow:
    @pytest.mark.parametrize(("path", "named"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
    def test_a_key_that_cannot_run_is_a_400_that_names_it_and_why(self, model: Model, sealed: Sealed, path: str, named: str) -> None:
        answer = model.root.post(path.format(sample=sealed.sample))
        refused(answer, FOUR_HUNDRED, named)
        assert answer.codes == ["NO_WORKFLOW_TRIGGERED"]

    def test_of_several_keys_that_cannot_run_each_has_its_entry_and_its_reason(self, model: Model, sealed: Sealed) -> None:
        answer = model.root.trigger(f"samples/{sealed.sample}", "nosuchkey,disabled,category,global,multi")
        refused(answer, FOUR_HUNDRED)
        assert answer.codes == ["NO_WORKFLOW_TRIGGERED"] * 5
        assert (
            len(
                {
                    entry["message"].replace(key, "")
                    for entry, key in zip(answer.errors, ("nosuchkey", "disabled", "category", "global", "multi"), strict=True)
                }
            )
            == 5
        )

    @pytest.mark.parametrize(
        "query",
        ["", "?triggerWorkflows=", "?triggerWorkflows=,", "?triggerWorkflows=%20", "?triggerWorkflows[]=", "?triggerWorkflows[a]=note"],
    )
    @pytest.mark.parametrize("path", ["samples:trigger/{sample}", "samples:trigger", "workflows:trigger"])
    def test_no_key_at_all_is_a_400_that_names_the_parameter(self, model: Model, sealed: Sealed, path: str, query: str) -> None:
        refused(model.root.post(path.format(sample=sealed.sample) + query), FOUR_HUNDRED, "triggerWorkflows")

    def test_a_record_that_is_not_there_is_a_404_that_names_it(self, model: Model) -> None:
        refused(model.root.trigger("samples/99999", "note"), NOT_FOUND, "99999")
        refused(model.root.trigger("samples", "multi", filterByTk=[99998, 99999]), NOT_FOUND, "99999")
        refused(model.root.trigger("posts/99999", "category!category"), NOT_FOUND, "99999")


class TestHeadersAndMethods:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "nonsense"},
            {"Content-Type": "application/json; charset=nosuch"},
            {"Content-Type": "application/json; charset=utf-16"},
            {"Content-Type": "multipart/form-data; boundary=x"},
            {"Content-Encoding": "gzip"},
            {"X-Role": ""},
            {"X-Role": "r" * 3000},
            {"X-Locale": "nosuch"},
            {"X-Timezone": "nosuch"},
            {"X-Authenticator": "nosuch"},
            {"If-Match": '"'},
            {"If-None-Match": "*"},
            {"X-HTTP-Method-Override": "DELETE"},
        ],
        ids=lambda headers: str(headers)[:50],
    )
    def test_a_strange_header_is_no_failure_of_the_server(self, model: Model, headers: dict[str, str]) -> None:
        answer = model.root.send("POST", "samples:create", b'{"title": "x"}', headers)
        assert answer.status < 500
        if answer.status != 200:
            refused(answer, (400, 401, 403, 412, 415, 431))

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["samples", "samples/{sample}/category", "samples/{sample}/category/1", "", "samples/", "/samples"])
    def test_a_method_that_a_path_does_not_know_is_no_failure_of_the_server(self, model: Model, method: str, path: str) -> None:
        sample = model.sample("Here")
        answer = model.root.send(method, path.format(sample=sample))
        if answer.status != 200:
            refused(answer, (400, 403, 404, 405))
        assert model.read(sample)["title"] == "Here"
