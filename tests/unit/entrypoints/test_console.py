"""The console's page and files over the real app: what is served, where the page says it lies, and under which headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app import app
from chalicelib.entrypoints import console
from local.front import answer_to
from local.gateway import Answer, Context, Request, from_result, to_event

PAGE = '<base href="__BASE__"><meta property="csp-nonce" nonce="__NONCE__"><script type="module" src="./main-Ab_3-f9x.js"></script>'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "main-Ab_3-f9x.js").write_text("start()")
    (folder / "logo.svg").write_text("<svg/>")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.txt").write_text("hidden")
    monkeypatch.setattr(console, "STATIC", folder)
    return folder


def get(path: str, method: str = "GET") -> Answer:
    return answer_to(app, Request(method, path))


def deployed(pattern: str, parameters: dict[str, str], seen: str) -> Answer:
    """The answer behind a stage: the browser's path differs from the function's."""
    event: dict[str, Any] = to_event(Request("GET", seen), pattern, parameters, "1")
    event["requestContext"]["path"] = seen
    return from_result(app(event, Context("1")))


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/index.html"])
def test_the_page_is_never_kept_and_every_answer_has_a_nonce_of_its_own(built: Path, path: str) -> None:
    first, second = get(path), get(path)
    assert first.status == 200
    assert (first.header("Content-Type"), first.header("Cache-Control")) == ("text/html; charset=utf-8", "no-cache")
    nonces = [re.search(rb'nonce="([^"]+)"', answer.body) for answer in (first, second)]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    assert f"'nonce-{nonces[0][1].decode()}'" in (first.header("Content-Security-Policy") or "")


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(built: Path) -> None:
    answer = get("/console/")
    rules = dict(rule.strip().split(" ", 1) for rule in (answer.header("Content-Security-Policy") or "").split(";"))
    assert "unsafe" not in str(rules)
    assert rules["default-src"] == rules["object-src"] == rules["frame-ancestors"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["base-uri"] == "'self'"
    assert (answer.header("X-Content-Type-Options"), answer.header("X-Frame-Options")) == ("nosniff", "DENY")
    assert answer.header("Referrer-Policy") == "no-referrer"


def test_a_file_named_by_its_content_is_kept_for_good(built: Path) -> None:
    answer = get("/console/main-Ab_3-f9x.js")
    assert (answer.status, answer.body) == (200, b"start()")
    assert answer.header("Content-Type") == "text/javascript; charset=utf-8"
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_an_open_page_goes_on_with_the_files_of_the_two_builds_before(built: Path) -> None:
    for age in ("1", "2", "3"):
        (built / "before" / age).mkdir(parents=True)
        (built / "before" / age / f"old-Ab_3-f9{age}.js").write_text(f"from({age})")
    (built / "before" / "1" / "main-Ab_3-f9x.js").write_text("older()")
    answers = [get(f"/console/old-Ab_3-f9{age}.js") for age in ("1", "2", "3")]
    assert [(one.status, one.body) for one in answers[:2]] == [(200, b"from(1)"), (200, b"from(2)")]
    assert answers[2].status == 404
    assert get("/console/main-Ab_3-f9x.js").body == b"start()"


def test_a_missing_file_is_not_the_page_and_is_not_kept(built: Path) -> None:
    answer = get("/console/TableScreen-12345678.js")
    assert (answer.status, answer.header("Content-Type")) == (404, "text/plain; charset=utf-8")
    assert answer.header("Cache-Control") == "no-cache"


def test_any_other_file_is_asked_for_again(built: Path) -> None:
    assert get("/console/logo.svg").header("Cache-Control") == "no-cache"


@pytest.mark.parametrize(
    "name",
    [
        "%2e%2e%2fsecret.txt",
        "..%2Fsecret.txt",
        "picture.png",
        "gone-12345678.js",
        "before",
        "1",
        "before%2F1%2Fx.js",
        "%00",
        ".gitkeep",
        "workflows",
    ],
)
def test_nothing_but_built_text_is_served(built: Path, name: str) -> None:
    answer = get(f"/console/{name}")
    assert answer.status == 404
    assert b"hidden" not in answer.body


def test_a_console_that_is_not_built_says_how_to_build_it(built: Path) -> None:
    (built / "index.html").unlink()
    answer = get("/console/")
    assert answer.status == 503
    assert b"make console" in answer.body
    assert "script-src 'self'" in (answer.header("Content-Security-Policy") or "")


@pytest.mark.parametrize(
    ("pattern", "parameters", "seen", "base"),
    [
        ("/console", {}, "/console/", b'<base href="/console/">'),
        ("/console", {}, "/dev/console", b'<base href="/dev/console/">'),
        ("/console/{file}", {"file": "index.html"}, "/a/b.c/console/index.html", b'<base href="/a/b.c/console/">'),
        ("/console", {}, '/"><script>/console', b'<base href="/console/">'),
        ("/console", {}, "//elsewhere.example/console", b'<base href="/console/">'),
    ],
)
def test_the_page_says_where_it_lies(built: Path, pattern: str, parameters: dict[str, str], seen: str, base: bytes) -> None:
    assert base in deployed(pattern, parameters, seen).body


@pytest.mark.parametrize(("seen", "target"), [("/", "/console/"), ("/dev/", "/dev/console/"), ("/dev", "/dev/console/")])
def test_the_root_leads_to_the_console(seen: str, target: str) -> None:
    answer = deployed("/", {}, seen)
    assert (answer.status, answer.header("Location")) == (302, target)


def test_a_head_request_is_answered_and_a_post_is_not(built: Path) -> None:
    assert (get("/console/", "HEAD").status, get("/console/", "POST").status) == (200, 405)
