"""Log lines: one line each, with the keys of the call and the run, and nothing that an exception says."""

from __future__ import annotations

import threading

import pytest

from chalicelib.domain.ports import TransactionRefused
from chalicelib.errors import Invalid, Unavailable
from chalicelib.observability import about, configure, logger, note, observed
from tests.unit.observability.conftest import Told


def fail(canary: str) -> None:
    try:
        raise KeyError(canary)
    except KeyError as error:
        raise Unavailable(f"no answer about {canary}") from error


def test_a_line_has_the_keys_of_the_call_and_of_what_is_around_it(told: Told) -> None:
    with observed("call", "api_handler", "r-1"), about(executionId=91, workflow="submit"):
        note(userId=5)
        with about(node="n1", attempt=2):
            logger.warning("inside")
        logger.warning("around")
    inside, around, end = told.lines
    keys = {"requestId": "r-1", "function": "api_handler", "userId": 5}
    assert keys.items() <= inside.items()
    assert {"executionId": 91, "workflow": "submit", "node": "n1", "attempt": 2}.items() <= inside.items()
    assert "node" not in around
    assert (end["message"], "executionId" in end) == ("call", False)
    assert keys.items() <= end.items()


def test_keys_of_another_thread_are_not_ours(told: Told) -> None:
    with observed("call", "api_handler", "r-1"):
        thread = threading.Thread(target=lambda: logger.warning("elsewhere"))
        thread.start()
        thread.join()
    assert "requestId" not in told.lines[0]


def test_only_the_first_call_of_a_process_is_cold(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.observability.observation._began", threading.Event())
    for number in range(2):
        with observed("call", "api_handler", str(number)):
            pass
    assert [line.get("coldStart") for line in told.lines] == [True, None]


def test_of_an_exception_stand_its_class_its_code_and_where_it_was_raised(told: Told) -> None:
    try:
        fail("canary")
    except Unavailable as error:
        logger.exception("it failed: %s", error)
        logger.warning("again: %s", error)
    first, second = told.lines
    assert first["message"] == "it failed: Unavailable[UNAVAILABLE] from KeyError"
    assert [cause["type"] for cause in first["exception"]] == ["Unavailable[UNAVAILABLE]", "KeyError"]
    assert first["exception"][0]["at"][-1].endswith(" fail")
    assert "exception" not in second
    assert "canary" not in told.text


def test_no_handler_gets_what_an_exception_says(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    try:
        fail("canary")
    except Unavailable as error:
        logger.error("it failed: %s", error, exc_info=True)
    assert "Unavailable[UNAVAILABLE]" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (Invalid("no", code="NOT_UNIQUE"), "Invalid[NOT_UNIQUE]"),
        (TransactionRefused(["condition", None, "conflict"]), "TransactionRefused[condition-conflict]"),
        (type("Odd", (Exception,), {"code": "a secret\nline"})(), "Odd"),
        (ValueError("canary"), "ValueError"),
    ],
)
def test_a_code_is_told_when_it_looks_like_one(told: Told, error: Exception, shown: str) -> None:
    logger.warning("%s", error)
    assert told.lines[0]["message"] == shown


@pytest.mark.parametrize("as_json", [True, False])
def test_no_text_begins_a_line_of_its_own(told: Told, as_json: bool) -> None:
    configure(level="INFO", as_json=as_json, metrics=False, stage="", traces=False)
    odd = 'a\n{"level":"ERROR"}\r\x1b[31m\u2028\u202e\x85b'
    with observed("call", "api_handler", odd), about(workflow=odd):
        logger.warning("the workflow %s", odd, extra={"named": odd})
    assert len(told.text.splitlines()) == 2
    assert not set(told.text) & set("\r\x1b\u2028\u202e\x85")


def test_a_terminal_shows_what_exceptions_say_when_it_is_asked_to(told: Told) -> None:
    for level, shows in (("INFO", False), ("DEBUG", True)):
        configure(level=level, as_json=False, metrics=False, stage="", traces=False)
        try:
            fail("something")
        except Unavailable:
            logger.exception("it failed")
        assert ("something" in told.text) is shows
    configure(level="DEBUG", as_json=True, metrics=False, stage="", traces=False)
    try:
        fail("canary")
    except Unavailable:
        logger.exception("it failed")
    assert "canary" not in told.text


def test_what_is_no_json_is_named_and_not_written_out(told: Told) -> None:
    logger.info("odd", extra={"thing": {"inner": Invalid("canary")}})
    logger.info("too few %s %s", "one")
    assert (told.lines[0]["thing"], told.lines[1]["message"]) == ({"inner": "Invalid"}, "too few %s %s")
