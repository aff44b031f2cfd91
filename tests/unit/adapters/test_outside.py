"""Mail and notifications: over SES and SNS as the services want them, or as files; and what is refused before either."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from chalicelib.adapters.aws_services import service_client
from chalicelib.adapters.outbox import Outbox, name_of
from chalicelib.adapters.outside import OutsideServices, whole_mail, whole_request
from chalicelib.adapters.ses import SesMail, email_of
from chalicelib.adapters.sns import SnsNotifications, announcement_message, message_of
from chalicelib.config import ConfigurationError, read_settings
from chalicelib.domain.ports import EffectFailed
from tests.unit.adapters.web import Server

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEY = "42.c~1#welcome"
FAILED_RUN: dict[str, Any] = {"executionId": 42, "key": "nightly", "status": "error", "title": "Prüfung", "message": "no"}
MAIL: dict[str, Any] = {"to": ["ann@example.com"], "subject": "Hi", "text": "Hello"}
ENVIRONMENT = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET": "s" * 32}


@dataclass
class Settings:
    region: str = "eu-west-1"
    request_allowed_hosts: tuple[str, ...] = ()
    request_only_allowed: bool = False
    mail_from: tuple[str, ...] = ()
    notification_topics: dict[str, str] = field(default_factory=dict)
    failed_runs_topic: str | None = None
    outbox_dir: str | None = None


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def refused(outside: OutsideServices, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(EffectFailed) as caught:
        outside.send(kind, payload, KEY)
    return caught.value.result


# --- the folder


def test_a_mail_becomes_one_file_however_often_it_is_sent(tmp_path: Path) -> None:
    outside = OutsideServices(Settings(outbox_dir=str(tmp_path / "data" / "outbox")))
    answers = [outside.send("mail", MAIL | {"text": text}, KEY) for text in ("first", "second")]
    assert answers[0] == answers[1] == {"messageId": name_of("mail", KEY), "accepted": ["ann@example.com"], "rejected": []}
    (file,) = (tmp_path / "data" / "outbox").iterdir()
    assert file.name == f"{answers[0]['messageId']}.json"
    kept = json.loads(file.read_text())
    assert (kept["kind"], kept["key"], kept["text"], kept["from"]) == ("mail", KEY, "first", "Stepbase <stepbase@localhost>")


def test_names_of_files_are_safe_and_differ_by_key() -> None:
    names = {name_of("mail", key) for key in ("1.#a", "1._a", "1.~a", "../../etc/passwd", "1." + "x" * 500, "1." + "x" * 501)}
    assert len(names) == 6
    assert all("/" not in name and len(name) < 120 for name in names)


def test_a_notification_becomes_a_file(tmp_path: Path) -> None:
    outside = OutsideServices(Settings(outbox_dir=str(tmp_path)))
    answer = outside.send("notification", {"channelName": "alerts", "title": "T", "content": "C", "more": 1}, KEY)
    assert answer == {"status": "success", "channelName": "alerts", "messageId": name_of("notification", KEY)}
    kept = json.loads((tmp_path / f"{answer['messageId']}.json").read_text())
    assert (kept["content"], kept["more"]) == ("C", 1)


def test_a_folder_that_cannot_be_written_fails_the_effect(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EffectFailed, match="outbox cannot be written"):
        Outbox(tmp_path / "file").put("mail", MAIL, KEY)


# --- what is not set up, or not allowed


def test_without_a_way_the_settings_are_named() -> None:
    outside = OutsideServices(Settings())
    assert "MAIL_FROM" in refused(outside, "mail", MAIL)["message"]
    assert "OUTBOX_DIR" in refused(outside, "mail", MAIL)["message"]
    assert "NOTIFICATION_TOPICS" in refused(outside, "notification", {"channelName": "x", "content": "y"})["message"]


def test_without_a_topic_nobody_is_told_of_failed_runs_and_that_is_said() -> None:
    assert "FAILED_RUNS_TOPIC" in refused(OutsideServices(Settings()), "failedRun", FAILED_RUN)["message"]


def test_a_kind_that_there_is_not_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="pigeon"):
        OutsideServices(Settings()).send("pigeon", {}, KEY)


def test_a_channel_that_there_is_not_is_answered_with_those_there_are(tmp_path: Path) -> None:
    for folder in (None, str(tmp_path)):
        outside = OutsideServices(Settings(notification_topics={"alerts": TOPIC}, outbox_dir=folder))
        result = refused(outside, "notification", {"channelName": "news", "content": "y"})
        assert result == {"message": 'there is no channel "news"; the channels are alerts', "code": "CHANNEL_NOT_FOUND"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"from": "boss@example.com"}, "SENDER_NOT_ALLOWED"),
        ({"from": "office@example.com\nBcc: x@example.com"}, "INVALID_ADDRESS"),
        ({"to": ["ann@example.com\r\nBcc: x@example.com"]}, "INVALID_ADDRESS"),
        ({"to": ["a@example.com, b@example.com"]}, "INVALID_ADDRESS"),
        ({"to": [7]}, "INVALID_ADDRESS"),
        ({"to": []}, "NO_RECIPIENT"),
        ({"to": [f"a{n}@example.com" for n in range(51)]}, "TOO_MANY_RECIPIENTS"),
        ({"subject": "Hi\r\nBcc: x@example.com"}, "INVALID_SUBJECT"),
        ({"text": "a" * 1_000_001}, "TOO_LARGE"),
        ({"attachments": [{"filename": "a\nb", "content": "", "contentType": "text/csv"}]}, "INVALID_ATTACHMENT"),
        ({"attachments": [{"filename": "a", "content": "", "contentType": "text/csv\r\nX: 1"}]}, "INVALID_ATTACHMENT"),
    ],
)
def test_a_mail_that_must_not_be_sent_is_written_nowhere(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    outside = OutsideServices(Settings(mail_from=("Office <office@example.com>",), outbox_dir=str(tmp_path)))
    assert refused(outside, "mail", MAIL | change)["code"] == code
    assert list(tmp_path.iterdir()) == []


def test_any_of_the_senders_may_be_chosen_under_any_name() -> None:
    senders = ("Office <office@example.com>", "lab@example.com")
    assert whole_mail(MAIL, senders)["from"] == "Office <office@example.com>"
    assert whole_mail(MAIL | {"from": "The Lab <LAB@example.com>"}, senders)["from"] == "The Lab <LAB@example.com>"


# --- SES and SNS: Stubber checks every parameter against the service's own description


@pytest.fixture
def ses() -> Iterator[tuple[SesMail, Stubber]]:
    mail = SesMail("eu-west-1")
    with Stubber(mail._client) as stubber:
        yield mail, stubber


def test_ses_is_given_the_mail_whole(ses: tuple[SesMail, Stubber]) -> None:
    mail, stubber = ses
    file = {"filename": "a.csv", "contentType": "text/csv", "content": base64.b64encode(b"a;b").decode()}
    whole = whole_mail(MAIL | {"bcc": ["Jörg <j@example.com>"], "html": "<p>ü", "attachments": [file]}, ("office@example.com",))
    expected = {
        "FromEmailAddress": "office@example.com",
        "Destination": {"ToAddresses": ["ann@example.com"], "BccAddresses": ["=?utf-8?b?SsO2cmc=?= <j@example.com>"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Hi", "Charset": "UTF-8"},
                "Body": {"Html": {"Data": "<p>ü", "Charset": "UTF-8"}, "Text": {"Data": "Hello", "Charset": "UTF-8"}},
                "Headers": [{"Name": "X-Idempotency-Key", "Value": KEY}],
                "Attachments": [
                    {
                        "FileName": "a.csv",
                        "ContentType": "text/csv",
                        "RawContent": b"a;b",
                        "ContentDisposition": "ATTACHMENT",
                        "ContentTransferEncoding": "BASE64",
                    }
                ],
            }
        },
    }
    stubber.add_response("send_email", {"MessageId": "m-1"}, expected)
    assert mail.send(whole, KEY) == "m-1"
    stubber.assert_no_pending_responses()


def test_what_ses_says_is_the_failure(ses: tuple[SesMail, Stubber]) -> None:
    mail, stubber = ses
    stubber.add_client_error("send_email", "MessageRejected", "Email address is not verified.", 400)
    with pytest.raises(EffectFailed) as caught:
        mail.send(whole_mail(MAIL, ("office@example.com",)), KEY)
    assert caught.value.result == {"message": "Email address is not verified.", "code": "MessageRejected"}


def test_ses_that_does_not_answer_is_a_failure_after_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(b"") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.port}")
        outside = OutsideServices(Settings(mail_from=("office@example.com",)))
        assert "could not be called" in refused(outside, "mail", MAIL)["message"]
        assert len(server.requests) == 1


def test_a_mail_goes_to_the_endpoint_of_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"MessageId":"m-2"}') as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.port}")
        outside = OutsideServices(Settings(mail_from=("office@example.com",)))
        assert outside.send("mail", MAIL, KEY) == {"messageId": "m-2", "accepted": ["ann@example.com"], "rejected": []}
        (sent,) = server.requests
    assert sent.line == "POST /v2/email/outbound-emails HTTP/1.1"
    assert json.loads(sent.body)["Destination"] == {"ToAddresses": ["ann@example.com"]}


@pytest.mark.parametrize(
    ("title", "subject", "message"),
    [("Alarm", "Alarm", "C"), ("", None, "C"), ("Übergröße", None, "Übergröße\n\nC"), ("a" * 101, None, "a" * 101 + "\n\nC")],
)
def test_a_title_is_the_subject_where_sns_takes_it(title: str, subject: str | None, message: str) -> None:
    notifications = SnsNotifications("eu-west-1", {"alerts": TOPIC})
    expected = {
        "TopicArn": TOPIC,
        "Message": message,
        "MessageAttributes": {"idempotencyKey": {"DataType": "String", "StringValue": KEY}},
        **({"Subject": subject} if subject else {}),
    }
    with Stubber(notifications._client) as stubber:
        stubber.add_response("publish", {"MessageId": "n-1"}, expected)
        assert notifications.send({"channelName": "alerts", "title": title, "content": "C"}, KEY) == "n-1"


def test_a_fifo_topic_drops_repeats_by_the_key() -> None:
    notification = {"channelName": "alerts", "title": "", "content": "C"}
    first, again, other = (message_of(notification, f"{TOPIC}.fifo", key)["MessageDeduplicationId"] for key in ("1.#a", "1.#a", "1.#b"))
    assert first == again != other


def test_a_failed_run_is_told_as_json_with_a_subject_and_attributes_to_filter_by() -> None:
    notifications = SnsNotifications("eu-west-1", {})
    expected = {
        "TopicArn": TOPIC,
        "Subject": "Workflow nightly ended with an error: 42",
        "Message": json.dumps(FAILED_RUN, ensure_ascii=False),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in {"key": "nightly", "status": "error", "idempotencyKey": KEY}.items()
        },
    }
    with Stubber(notifications._client) as stubber:
        stubber.add_response("publish", {"MessageId": "n-1"}, expected)
        assert notifications.announce(FAILED_RUN, TOPIC, KEY) == "n-1"


@pytest.mark.parametrize("status", ["failed", "error", "timeout", "aborted"])
def test_the_subject_is_one_that_sns_takes(status: str) -> None:
    longest = FAILED_RUN | {"key": "k" * 64, "executionId": 2**53 - 1, "status": status}
    subject = announcement_message(longest, TOPIC, KEY)["Subject"]
    assert subject.isascii()
    assert len(subject) < 100


def test_a_fifo_topic_of_failed_runs_drops_repeats_by_the_key() -> None:
    first, again = (announcement_message(FAILED_RUN, f"{TOPIC}.fifo", KEY)["MessageDeduplicationId"] for _ in range(2))
    assert first == again


def test_a_failed_run_becomes_a_file_where_there_is_a_folder(tmp_path: Path) -> None:
    outside = OutsideServices(Settings(outbox_dir=str(tmp_path), failed_runs_topic=TOPIC))
    assert [outside.send("failedRun", FAILED_RUN, KEY) for _ in range(2)] == [name_of("failed-run", KEY)] * 2
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["announcement"] == FAILED_RUN


def test_bodies_without_text_have_only_html() -> None:
    whole = whole_mail({"to": ["a@example.com"], "subject": "s", "html": ""}, ("o@example.com",))
    assert set(email_of(whole, KEY)["Content"]["Simple"]["Body"]) == {"Html"}


@pytest.mark.parametrize(
    ("kind", "endpoint", "half"),
    [
        ("notification", "SNS", b"<PublishResponse><PublishResult><MessageId>n-1</Mess"),
        ("mail", "SESV2", b'{"MessageId": "m-'),
    ],
)
def test_an_answer_that_is_cut_short_is_a_failure(monkeypatch: pytest.MonkeyPatch, kind: str, endpoint: str, half: bytes) -> None:
    outside = OutsideServices(Settings(mail_from=("o@example.com",), notification_topics={"alerts": TOPIC}))
    payload = {"channelName": "alerts", "title": "T", "content": "C", "to": ["a@example.com"], "subject": "s", "text": "t"}
    with Server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(half), half)) as server:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{endpoint}", f"http://127.0.0.1:{server.port}")
        with pytest.raises(EffectFailed) as failed:
            outside.send(kind, payload, KEY)
    assert failed.value.result["message"]


def test_clients_make_one_attempt() -> None:
    client = service_client("sns", "eu-west-1")
    assert client.meta.config.retries["total_max_attempts"] == 1
    assert botocore.session.get_session().get_service_model("sesv2").operation_model("SendEmail")


# --- requests through the same door


def test_a_request_goes_where_the_deployment_allows() -> None:
    with Server() as server:
        outside = OutsideServices(Settings(request_allowed_hosts=(f"127.0.0.1:{server.port}",)))
        answer = outside.send("request", {"url": f" http://127.0.0.1:{server.port}/ ", "headers": {"X-A": 1}}, KEY)
        assert (answer["data"], server.requests[0].headers["x-a"]) == ("hi", "1")
        assert "blocked" in refused(OutsideServices(Settings()), "request", {"url": f"http://127.0.0.1:{server.port}/"})["message"]


def test_a_request_has_defaults() -> None:
    whole = whole_request({"url": "http://a/", "params": {"q": None}})
    assert (whole["method"], whole["timeout"], whole["params"]) == ("POST", 5000, [{"name": "q", "value": ""}])


# --- settings


def test_settings_say_what_may_be_reached() -> None:
    more = {
        "REQUEST_ALLOWED_HOSTS": "ERP.example.com, *.lab.example.com:8443,[::1]:80,,127.0.0.1",
        "REQUEST_ONLY_ALLOWED": "1",
        "MAIL_FROM": "Office <office@example.com>,lab@example.com",
        "NOTIFICATION_TOPICS": f"alerts={TOPIC}, news = {TOPIC}2",
        "FAILED_RUNS_TOPIC": f"{TOPIC}.fifo",
        "OUTBOX_DIR": "out",
    }
    found = read_settings(ENVIRONMENT | more)
    assert found.request_allowed_hosts == ("erp.example.com", "*.lab.example.com:8443", "[::1]:80", "127.0.0.1")
    assert (found.request_only_allowed, found.outbox_dir) == (True, "out")
    assert found.mail_from == ("Office <office@example.com>", "lab@example.com")
    assert found.notification_topics == {"alerts": TOPIC, "news": f"{TOPIC}2"}
    assert found.failed_runs_topic == f"{TOPIC}.fifo"


def test_without_them_nothing_private_may_be_reached_and_nothing_is_sent() -> None:
    found = read_settings(ENVIRONMENT)
    assert (found.request_allowed_hosts, found.request_only_allowed, found.mail_from, found.outbox_dir) == ((), False, (), None)
    assert (found.notification_topics, found.failed_runs_topic) == ({}, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUEST_ALLOWED_HOSTS", "http://erp.example.com"),
        ("REQUEST_ALLOWED_HOSTS", "*"),
        ("REQUEST_ALLOWED_HOSTS", "erp.example.com/path"),
        ("REQUEST_ALLOWED_HOSTS", "10.0.0.0/8"),
        ("REQUEST_ALLOWED_HOSTS", "::1"),
        ("REQUEST_ONLY_ALLOWED", "yes"),
        ("MAIL_FROM", "office"),
        ("MAIL_FROM", "office@example.com\nx"),
        ("NOTIFICATION_TOPICS", "alerts"),
        ("NOTIFICATION_TOPICS", "alerts=http://x"),
        ("NOTIFICATION_TOPICS", f"={TOPIC}"),
        ("FAILED_RUNS_TOPIC", "failed-runs"),
        ("FAILED_RUNS_TOPIC", f"alerts={TOPIC}"),
    ],
)
def test_a_setting_that_means_nothing_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_settings(ENVIRONMENT | {name: value})
