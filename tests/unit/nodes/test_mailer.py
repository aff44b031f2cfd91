from __future__ import annotations

import base64
from typing import Any

import pytest

from chalicelib.domain.mail import Mailbox, mailbox
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.status import FAILED, RESOLVED
from chalicelib.engine.schema_problems import problems_of_schema
from chalicelib.nodes.base import Outcome
from chalicelib.nodes.mailer import NODE, SCHEMA
from tests.unit.nodes.fakes import FakePorts, checked, run_node

SENT = {"messageId": "m-1", "accepted": ["ann@example.com"], "rejected": []}
CONFIG: dict[str, Any] = {"to": ["ann@example.com"], "subject": "Hi", "contentType": "text", "text": "Hello"}


def ports(answer: Any = SENT) -> FakePorts:
    return FakePorts(answers={"mail": answer})


def sent(config: dict[str, Any], data: Any = None) -> dict[str, Any]:
    used = ports()
    assert run_node(NODE, CONFIG | config, used, data) == Outcome(RESOLVED, SENT)
    ((kind, mail),) = used.effects
    assert kind == "mail"
    return mail


def test_the_mail_is_sent_whole() -> None:
    assert sent({}) == {
        "from": None,
        "to": ["ann@example.com"],
        "cc": [],
        "bcc": [],
        "subject": "Hi",
        "text": "Hello",
        "attachments": [],
    }


def test_the_content_type_says_which_body_goes_out() -> None:
    both = {"html": "<b>{{$context.data.n}}</b>", "text": "n"}
    assert [name for name in ("html", "text") if name in sent({**both, "contentType": "text"})] == ["text"]
    assert sent({**both, "contentType": None}, {"n": 1.0})["html"] == "<b>1</b>"


def test_recipients_may_come_from_templates_as_one_or_a_list() -> None:
    data = {"one": "a@example.com", "many": ["b@example.com", None, "a@example.com"]}
    mail = sent({"to": ["{{$context.data.one}}", "{{$context.data.many}}", ""], "cc": "{{$context.data.many}}", "bcc": None}, data)
    assert (mail["to"], mail["cc"], mail["bcc"]) == (["a@example.com", "b@example.com"], ["b@example.com", "a@example.com"], [])


def test_attachments_are_sent_as_base64() -> None:
    files = [
        {"filename": "a.json", "content": "{{$context.data}}", "contentType": "application/json"},
        {"filename": "b.bin", "content": "AAE=", "encoding": "base64"},
    ]
    first, second = sent({"attachments": files}, {"n": 1})["attachments"]
    assert (base64.b64decode(first["content"]), first["contentType"]) == (b'{"n":1}', "application/json")
    assert (second["content"], second["contentType"]) == ("AAE=", "application/octet-stream")


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"to": ["{{$context.data.evil}}"]}, "to.0"),
        ({"cc": ["{{$context.data.evil}}"]}, "cc.0"),
        ({"from": "{{$context.data.evil}}"}, "from"),
        ({"subject": "About {{$context.data.evil}}"}, "subject"),
        ({"to": ["{{$context.data.nothing}}"]}, "to"),
        ({"to": ["{{$context.data.crowd}}"]}, "to"),
        ({"attachments": [{"filename": "{{$context.data.evil}}", "content": "x"}]}, "attachments.0.filename"),
        ({"text": " {{$context.data.nothing}}\n"}, "text"),
        ({"contentType": "html", "html": "{{$context.data.nothing}}"}, "html"),
    ],
)
@pytest.mark.parametrize("ignore", [True, False])
def test_a_mail_that_values_made_wrong_is_not_sent(config: dict[str, Any], path: str, ignore: bool) -> None:
    data = {"evil": "a@example.com\r\nBcc: all@example.com", "crowd": [f"a{n}@example.com" for n in range(51)]}
    used = ports()
    outcome = run_node(NODE, CONFIG | config | {"ignoreFail": ignore}, used, data)
    assert (outcome.status, used.effects) == (RESOLVED if ignore else FAILED, [])
    assert [problem["path"] for problem in outcome.result["errors"]] == [path]


def test_a_file_that_is_no_base64_fails_the_node() -> None:
    files = [{"filename": "b.bin", "content": "???", "encoding": "base64"}]
    outcome = run_node(NODE, CONFIG | {"attachments": files}, ports())
    assert (outcome.status, outcome.result["code"]) == (FAILED, "INVALID_ATTACHMENT")


@pytest.mark.parametrize(("ignore", "status"), [(False, FAILED), (True, RESOLVED)])
@pytest.mark.parametrize("timed_out", [True, False])
def test_a_mail_that_could_not_be_sent_is_a_failure_or_a_result(ignore: bool, status: int, timed_out: bool) -> None:
    why = {"message": "Email address is not verified.", "code": "MessageRejected"}
    assert run_node(NODE, CONFIG | {"ignoreFail": ignore}, ports(EffectFailed(why, timed_out))) == Outcome(status, why)


def test_a_sound_mail_has_no_problems() -> None:
    assert checked(NODE, CONFIG | {"provider": None, "cc": ["Ann <a@example.com>", "{{$context.data.x}}"], "from": ""}) == []


def test_every_mistake_is_found_when_saved() -> None:
    config = {
        "html": "x",
        "provider": {"host": "smtp.example.com"},
        "from": "office",
        "to": ["ann", "b@example.com"],
        "cc": "c@",
        "subject": "a\nb",
        "attachments": [{"filename": "a", "path": "/etc/passwd"}, {"filename": "b", "href": "http://127.0.0.1/"}],
    }
    found = {problem.path: problem.message for problem in checked(NODE, config)}
    assert set(found) == {
        "config.provider",
        "config.from",
        "config.to.0",
        "config.cc",
        "config.subject",
        "config.attachments.0.path",
        "config.attachments.1.href",
    }
    assert "Amazon SES" in found["config.provider"]
    assert "MAIL_FROM" in found["config.provider"]


def test_nobody_to_send_to_is_found_when_saved() -> None:
    assert [problem.path for problem in checked(NODE, {"to": [], "html": "x"})] == ["config.to"]
    assert checked(NODE, {"to": [], "bcc": ["a@example.com"], "html": "x"}) == []


@pytest.mark.parametrize(
    ("body", "path", "hint"),
    [
        ({}, "html", False),
        ({"text": "Hello"}, "html", True),
        ({"contentType": "text", "html": "<b>x</b>"}, "text", True),
        ({"contentType": "html", "html": " \n"}, "html", False),
        ({"contentType": "text", "text": None}, "text", False),
    ],
)
def test_a_mail_without_the_body_it_is_to_send_is_found_when_saved(body: dict[str, Any], path: str, hint: bool) -> None:
    (problem,) = checked(NODE, {"to": ["a@example.com"], **body})
    assert (problem.path, problem.code) == (f"config.{path}", "EMPTY_BODY")
    assert ("is sent when" in problem.message) is hint


def test_a_body_of_templates_is_looked_at_when_it_is_filled_in() -> None:
    assert checked(NODE, {"to": ["a@example.com"], "html": "{{$context.data.x}}"}) == []


@pytest.mark.parametrize("config", [{}, {"to": [7]}, {"to": ["a@b"], "contentType": "markdown"}, {"to": ["a@b"], "attachments": [{}]}])
def test_a_config_of_another_form_is_refused(config: dict[str, Any]) -> None:
    assert problems_of_schema(config, SCHEMA, "config")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann@example.com", Mailbox("", "ann@example.com")),
        (" ann+x@example.com ", Mailbox("", "ann+x@example.com")),
        ("Ann Lee <ann@example.com>", Mailbox("Ann Lee", "ann@example.com")),
        ('"Lee, Ann" <ann@example.com>', Mailbox("Lee, Ann", "ann@example.com")),
        ("Jörg <j@example.com>", Mailbox("Jörg", "j@example.com")),
        ("<j@example.com>", Mailbox("", "j@example.com")),
        ("ann", None),
        ("ann@", None),
        ("@example.com", None),
        ("ann@example..com", None),
        ("ann@exämple.com", None),
        ("a b@example.com", None),
        ("a@example.com,b@example.com", None),
        ("a@example.com <b@example.com>", None),
        ("Ann <a@example.com> <b@example.com>", None),
        ("a@example.com\n", None),
        ("Ann\r\nBcc: x <a@example.com>", None),
        ("a@example.com\u2028", None),
        ("", None),
        ("a" * 65 + "@example.com", None),
    ],
)
def test_one_mailbox_is_what_a_text_must_be(text: str, found: Mailbox | None) -> None:
    assert mailbox(text) == found
