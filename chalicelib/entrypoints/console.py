"""The web console: one page and its assets, as they were built into ``chalicelib/static/``.

The page says where it lies (``<base href>``), since a deployed API has its stage in front of every path, and carries a fresh nonce, without
which the component library's style elements would be refused. Everything else that it loads has a file of its own, named by its content.
Sources: https://www.w3.org/TR/CSP3/ and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from chalice.app import Blueprint, Request, Response

STATIC = Path(__file__).resolve().parent.parent / "static"
PAGE = "index.html"
BEFORE, AGES = "before", ("1", "2")  # where console/scripts/publish.js keeps what the last two builds replaced
BASE, NONCE = "__BASE__", "__NONCE__"  # what the built page has where the server writes
METHODS = ["GET", "HEAD"]
# Text only: API Gateway takes anything else as base64, and only of registered media types.
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".txt": "text/plain"}
FILE_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
HASHED = re.compile(r".+-[A-Za-z0-9_-]{8}\.(js|css|svg)")
PLACE = re.compile(r"((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/console(?:/.*)?")
FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
FIXED_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Stepbase</title></head><body>
<h1>The web console is not built</h1>
<p>The API under <code>api/</code> works without it. To build it, install Node 20 or later,
run <code>make console</code> and reload.</p>
</body></html>
"""

console = Blueprint(__name__)


@console.route("/", methods=METHODS)
def root() -> Response:
    """The way to the console."""
    return Response("", {"Location": _base(console.current_request, "/"), "Cache-Control": ASK_AGAIN}, HTTPStatus.FOUND)


@console.route("/console", methods=METHODS)
def page() -> Response:
    """The console's page."""
    return page_of(STATIC, _base(console.current_request, "/console"))


@console.route("/console/{file}", methods=METHODS)
def asset(file: str) -> Response:
    """A file that the page loads."""
    if file == PAGE:
        return page_of(STATIC, _base(console.current_request, f"/console/{file}"))
    return asset_of(STATIC, file)


def page_of(folder: Path, base: str) -> Response:
    """The page in ``folder``, seen under ``base`` (``/dev/console/``); 503 with how to build it when it is not there."""
    try:
        text = (folder / PAGE).read_text()
    except FileNotFoundError:
        return _html(NOT_BUILT, "", HTTPStatus.SERVICE_UNAVAILABLE)
    nonce = secrets.token_urlsafe(18)
    return _html(text.replace(BASE, base).replace(NONCE, nonce), nonce, HTTPStatus.OK)


def asset_of(folder: Path, name: str) -> Response:
    """The built file of this name, for good when its name has its hash; 404 for any other name.

    Pages that were opened before an update go on with the files of the builds before, where those are kept."""
    kind = MEDIA_TYPES.get(Path(name).suffix) if FILE_NAME.fullmatch(name) else None
    text = _first_text([folder, *(folder / BEFORE / age for age in AGES)], name) if kind else None
    if kind is None or text is None:
        return Response("There is no such file.\n", _headers("text/plain", ASK_AGAIN), HTTPStatus.NOT_FOUND)
    return Response(text, _headers(kind, FOREVER if HASHED.fullmatch(name) else ASK_AGAIN))


def _first_text(folders: list[Path], name: str) -> str | None:
    """The text of the file in the first folder that has it; a build may move it from one to the next meanwhile."""
    for folder in folders:
        with suppress(OSError):
            return (folder / name).read_text()
    return None


def policy(nonce: str) -> str:
    """The Content-Security-Policy of the page: nothing from elsewhere, nothing inline but style elements with the nonce."""
    styles = f"style-src 'self' 'nonce-{nonce}'" if nonce else "style-src 'none'"
    return (
        f"default-src 'none'; script-src 'self'; {styles}; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
        "object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
    )


def _html(text: str, nonce: str, status: HTTPStatus) -> Response:
    return Response(text, _headers("text/html", ASK_AGAIN) | {"Content-Security-Policy": policy(nonce)}, status)


def _headers(kind: str, cache: str) -> dict[str, str | list[str]]:
    return {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": cache, **FIXED_HEADERS}


def _base(request: Request, path: str) -> str:
    """Where the console lies as the browser sees it: ``/console/``, behind a stage or a base path ``/dev/console/``."""
    seen = str((request.context or {}).get("path") or path)
    return base_of(seen if path != "/" else seen.rstrip("/") + "/console")


def base_of(path: str) -> str:
    """``/dev/console/main.js`` → ``/dev/console/``; ``/console/`` for what no gateway sends."""
    match = PLACE.fullmatch(path)
    return f"{match[1] if match else ''}/console/"
