"""What leaves a running server: mail and notifications as files in the outbox, and no request into its own network."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.client import Json
from tests.functional.model import Model
from tests.instances import Instance

MAIL: Json = {
    "key": "mail",
    "type": "mailer",
    "config": {
        "to": ["Ann <ann@example.com>"],
        "subject": "Sample {{$context.data.title}}",
        "contentType": "text",
        "text": "n = {{$context.data.indicator}}",
    },
}
NOTE: Json = {"type": "notification", "config": {"channelName": "alerts", "title": "High", "content": "{{$context.data.title}}"}}


def request_to(url: str, **config: Json) -> Json:
    return {"key": "call", "type": "request", "config": {"url": url, "method": "GET", **config}}


@pytest.fixture
def outbox(server: Instance) -> Path:
    """The folder beside the running server's database."""
    return server.data_dir / "outbox"


class Listener:
    """Somebody on this machine who must not be called; counts who connects."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.callers = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # the end of the test
                return
            self.callers += 1
            connection.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.shutdown(socket.SHUT_RDWR)
    made.socket.close()


def test_a_mail_and_a_notification_of_a_run_are_files_in_the_outbox(model: Model, outbox: Path) -> None:
    workflow, sample = model.workflow([MAIL, NOTE]), model.sample("Mailed", 95.5)
    answer = model.root.trigger(f"samples/{sample}", workflow["key"]).ok()
    (execution,) = answer.executions
    mailed, notified = (job["result"] for job in model.last_run(workflow["key"])["jobs"])
    mail = json.loads((outbox / f"{mailed['messageId']}.json").read_text())
    assert (mail["to"], mail["subject"], mail["text"]) == (["Ann <ann@example.com>"], "Sample Mailed", "n = 95.5")
    assert mail["key"] == f"{execution['id']}.#mail"
    assert mailed["accepted"] == ["Ann <ann@example.com>"]
    note = json.loads((outbox / f"{notified['messageId']}.json").read_text())
    assert (note["channelName"], note["title"], note["content"]) == ("alerts", "High", "Mailed")


def test_a_mail_with_a_line_break_in_its_subject_fails_the_run_and_is_no_file(model: Model, outbox: Path) -> None:
    workflow, sample = model.workflow([MAIL]), model.sample("a\nBcc: all@example.com")
    before = set(outbox.glob("*")) if outbox.exists() else set()
    answer = model.root.trigger(f"samples/{sample}", workflow["key"])
    assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
    assert model.last_run(workflow["key"])["jobs"][0]["result"]["code"] == "INVALID_SUBJECT"
    assert (set(outbox.glob("*")) if outbox.exists() else set()) == before


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "017700000001", "１２７.０.０.１", "[::1]", "[::ffff:127.0.0.1]", "127.1"]
)
def test_a_request_to_this_machine_is_refused_without_a_connection(model: Model, listener: Listener, host: str) -> None:
    for url in (f"http://{host}:{listener.port}/", f"http://{host}/"):
        workflow, sample = model.workflow([request_to(url)]), model.sample()
        answer = model.root.trigger(f"samples/{sample}", workflow["key"])
        assert (answer.status, answer.codes) == (500, ["WORKFLOW_FAILED"])
        job = model.last_run(workflow["key"])["jobs"][0]
        assert (job["status"], job["result"]["code"]) == (-1, "ERR_BLOCKED")
        assert "blocked" in job["result"]["message"]
    assert listener.callers == 0


def test_a_refused_request_takes_the_runs_writes_back_unless_it_is_ignored(model: Model) -> None:
    change = {
        "type": "update",
        "config": {"collection": "samples", "params": {"filter": {"id": "{{$context.data.id}}"}, "values": {"status": "Sent"}}},
    }
    for ignored, status in ((False, "Collected"), (True, "Sent")):
        workflow = model.workflow([change, request_to("http://169.254.169.254/latest/meta-data/", ignoreFail=ignored)])
        sample = model.sample()
        assert model.root.trigger(f"samples/{sample}", workflow["key"]).status == (200 if ignored else 500)
        assert model.read(sample)["status"] == status


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (request_to("ftp://example.com/"), "nodes.0.config.url"),
        (request_to("http://example.com/", timeout=60_000), "nodes.0.config.timeout"),
        (request_to("http://example.com/", headers=[{"value": "x"}]), "nodes.0.config.headers.0"),
        ({"type": "mailer", "config": {"to": ["ann"], "subject": "x"}}, "nodes.0.config.to.0"),
        ({"type": "mailer", "config": {"to": ["a@example.com"], "provider": {"host": "smtp"}}}, "nodes.0.config.provider"),
        ({"type": "notification", "config": {"content": "x"}}, "nodes.0.config"),
    ],
)
def test_a_config_that_cannot_work_is_refused_when_saved(model: Model, node: Json, path: str) -> None:
    document = {"title": "x", "type": "custom-action", "config": {"type": 0}, "nodes": [node]}
    answer = model.root.post("workflows:create", document)
    assert answer.status == 400
    assert any(entry.get("path", "").startswith(path) for entry in answer.errors), answer.errors
