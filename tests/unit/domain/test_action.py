"""Actions by themselves: what is wrong with one, and the texts and addresses that name what it works on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.domain.action import Action, problems_of_parts, with_defaults
from chalicelib.domain.action_text import filled, filled_url, is_url, problems_of_text, problems_of_url
from chalicelib.errors import Invalid

Json = Any
ROOTS = {"record": "the record"}
CLIENT: Json = {
    "name": "a",
    "kind": "client",
    "collection": "samples",
    "client": {"type": "openUrl", "url": "https://example.com/{{record.id}}"},
}
FLOW: Json = {"name": "a", "kind": "workflow", "collection": "samples", "workflows": [{"key": "k"}]}


def paths(data: Json) -> list[str]:
    return [problem.path for problem in problems_of_parts(with_defaults(data))]


class TestTexts:
    def test_values_take_the_place_of_their_variables(self) -> None:
        scope = {"record": {"title": "A", "tags": ["x", "y"], "none": None}, "messages": "said"}
        text = "{{record.title}}, {{ record.tags.1 }}, {{record.none}}, {{record.nosuch.more}}, {{messages}}"
        assert filled(text, scope) == "A, y, , , said"

    def test_a_value_is_never_read_as_a_variable(self) -> None:
        assert filled("{{record.title}}", {"record": {"title": "{{user.email}}"}, "user": {"email": "secret"}}) == "{{user.email}}"

    @pytest.mark.parametrize("text", ["{{record.title", "{{1 + 1}}", "{{$user.id}}", "{{record['title']}}", "{{nobody.title}}"])
    def test_what_is_no_variable_is_told(self, text: str) -> None:
        (problem,) = problems_of_text(text, "onResult.message", ROOTS)
        assert problem.path == "onResult.message"


class TestAddresses:
    SAFE = (
        "https://example.com",
        "https://example.com/orders/{{record.id}}?q={{record.title}}#{{record.title}}",
        "http://127.0.0.1:8080/x",
        "HTTPS://EXAMPLE.COM/",
        "https://[2001:db8::1]:8443/x",
        "/orders/{{record.id}}",
        "/{{record.title}}",
        "?page=2",
        "#top",
    )
    UNSAFE = (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://{{record.host}}/x",
        "https://example.com{{record.host}}",
        "https://example.com.{{record.host}}/",
        "https://example.com:{{record.port}}/",
        "https://user@evil.example/",
        "https://example.com@evil.example/",
        "https://example.com\\@evil.example/",
        "{{record.url}}",
        "{{record.url}}/x",
        "https://example.com/a b",
        "https://example.com/\n",
        "/a/../b",
        "/a/%2e%2E/b",
        "mailto:a@example.com",
        "orders/1",
        "",
    )

    @pytest.mark.parametrize("url", SAFE)
    def test_http_and_places_on_the_same_host_are_taken(self, url: str) -> None:
        assert problems_of_url(url, "client.url", ROOTS) == []

    @pytest.mark.parametrize("url", UNSAFE)
    def test_anything_else_is_refused(self, url: str) -> None:
        assert {problem.path for problem in problems_of_url(url, "client.url", ROOTS)} == {"client.url"}

    @pytest.mark.parametrize(
        "value", ["//evil.example", "\\evil", "@evil.example", "javascript:alert(1)", "a b&c=d#e?f/g", "é\n", "%2e%2e"]
    )
    @pytest.mark.parametrize("template", ["https://example.com/x/{{record.v}}", "/{{record.v}}", "?q={{record.v}}"])
    def test_a_value_stays_a_value(self, template: str, value: str) -> None:
        """However it is written, it leads no browser to another host, and adds no part to the address."""
        url = filled_url(template, {"record": {"v": value}})
        before, after = urlsplit(template.replace("{{record.v}}", "v")), urlsplit(url)
        assert (after.scheme, after.netloc, after.fragment) == (before.scheme, before.netloc, "")
        assert after.path.count("/") == before.path.count("/")
        assert is_url(url)

    @pytest.mark.parametrize("values", [{"a": "..", "b": ""}, {"a": ".", "b": "."}, {"a": ".", "b": ""}])
    def test_a_value_that_leads_out_of_the_path_is_refused(self, values: Json) -> None:
        with pytest.raises(Invalid) as refused:
            filled_url("https://example.com/a/{{record.a}}{{record.b}}/b", {"record": values})
        assert refused.value.code == "UNSAFE_URL"

    def test_a_whole_address_is_taken_from_a_procedure_only_and_only_when_it_is_safe(self) -> None:
        assert problems_of_url("{{result.url}}", "p", {"result": ""}, "result") == []
        assert problems_of_url("{{record.url}}", "p", ROOTS, "result") != []
        assert (
            filled_url("{{result.url}}", {"result": {"url": "https://files.example.com/a?sig=b%2Fc"}})
            == "https://files.example.com/a?sig=b%2Fc"
        )
        for url in ("javascript:alert(1)", "//evil.example", None, 5, "https://a@b/"):
            with pytest.raises(Invalid):
                filled_url("{{result.url}}", {"result": {"url": url}})


class TestDefinitions:
    def test_what_is_left_open_is_filled_in(self) -> None:
        assert with_defaults({"name": "a", "collection": "c"}) == {
            "name": "a",
            "collection": "c",
            "label": "a",
            "context": "single",
            "placement": "row",
            "enabled": True,
        }
        assert with_defaults({"name": "a"})["context"] == "none"

    def test_sound_ones_have_no_problems(self) -> None:
        assert paths(CLIENT) == paths(FLOW) == []

    @pytest.mark.parametrize(
        ("data", "wrong"),
        [
            (FLOW | {"workflows": None}, ["workflows"]),
            (FLOW | {"procedure": "p"}, ["procedure"]),
            (FLOW | {"client": {"type": "message", "message": "m"}}, ["client"]),
            (FLOW | {"collection": None, "context": "multiple"}, ["collection"]),
            (FLOW | {"context": "none", "enabledWhen": {"id": 1}, "visibleWhen": {"id": 1}}, ["visibleWhen", "enabledWhen"]),
            (FLOW | {"form": {"type": "string"}}, ["form"]),
            (FLOW | {"form": {"type": "object", "properties": {"a": {"$ref": "http://example.com/x"}}}}, ["form.properties.a.$ref"]),
            (FLOW | {"form": {"type": "object", "properties": {}, "$id": "x"}}, ["form.$id"]),
            (FLOW | {"form": {"type": "object", "properties": {f"f{n}": {} for n in range(101)}}}, ["form.properties"]),
            (FLOW | {"onResult": {"message": "{{result.id}}"}}, ["onResult.message"]),
            (
                FLOW | {"onResult": {"redirect": "javascript:x", "download": {"url": "//e", "filename": "{{x}}"}}},
                ["onResult.download.filename", "onResult.redirect", "onResult.download.url"],
            ),
            (FLOW | {"context": "multiple", "onResult": {"message": "{{record.id}}"}}, ["onResult.message"]),
            (CLIENT | {"client": {"type": "openUrl"}}, ["client.url"]),
            (CLIENT | {"client": {"type": "message"}}, ["client.message"]),
            (CLIENT | {"context": "none", "client": {"type": "openRecord"}}, ["client.id"]),
            (CLIENT | {"context": "none"}, ["client.url"]),
        ],
    )
    def test_every_mistake_is_told_with_its_place(self, data: Json, wrong: list[str]) -> None:
        assert paths(data) == wrong

    def test_actions_stand_by_their_position_then_by_name(self) -> None:
        rows = [{"name": "b"}, {"name": "c", "sort": 2}, {"name": "a"}, {"name": "d", "sort": 1.5}]
        assert [one.name for one in sorted(map(Action, rows), key=lambda one: one.order)] == ["d", "c", "a", "b"]
