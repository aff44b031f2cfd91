"""The gateway's own answers, and that several threads may call one app, over a small app of our own."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice, Response

from local.front import Wsgi, front
from local.gateway import BODY_LIMIT_BYTES


@pytest.fixture(scope="module")
def wsgi() -> Wsgi:
    app = Chalice("small", configure_logs=False, env={})
    together = threading.Barrier(4)

    @app.route("/api/{resource}", methods=["GET", "POST"], content_types=[])
    def of_resource(resource: str) -> Response:
        if resource == "crash":
            raise MemoryError
        if resource == "unserialisable":
            return Response({"at": object()})
        request = app.current_request
        if resource == "together":
            together.wait(5)
        return Response({"resource": resource, "query": app.current_request.query_params["n"], "same": request is app.current_request})

    @app.route("/api/{resource}/{id}")
    def of_record(resource: str, id: str) -> Response:
        return Response("", headers={"X-Request-Id": "from the function", "Vary": "Accept"}, status_code=204)

    return front(app)


def call(wsgi: Wsgi, method: str, target: str, body: bytes = b"", **environ: Any) -> tuple[int, dict[str, str], bytes]:
    seen: list[Any] = []
    defaults = {"REQUEST_METHOD": method, "RAW_URI": target, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body) or "")}
    answer = b"".join(wsgi(defaults | environ, lambda status, headers: seen.extend((status, headers))))
    return int(seen[0].split()[0]), dict(seen[1]), answer


def code_of(body: bytes) -> str:
    (error,) = json.loads(body)["errors"]
    assert error["message"]
    return str(error["code"])


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/api", 404, "NOT_FOUND"),
        ("DELETE", "/api/samples:list", 405, "METHOD_NOT_ALLOWED"),
        ("BREW", "/api/samples:list", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/unserialisable?n=1", 502, "INTERNAL"),
    ],
)
def test_what_the_gateway_answers_itself_is_in_the_error_envelope(wsgi: Wsgi, method: str, target: str, status: int, code: str) -> None:
    got, headers, body = call(wsgi, method, target)
    assert (got, code_of(body)) == (status, code)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-Id"]


def test_a_head_request_is_405_without_a_body(wsgi: Wsgi) -> None:
    status, headers, body = call(wsgi, "HEAD", "/api/samples:list")
    assert (status, headers["Allow"], body) == (405, "GET, POST", b"")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_10_mb_is_413(wsgi: Wsgi, chunked: bool) -> None:
    body = b"x" * (BODY_LIMIT_BYTES + 1)
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True} if chunked else {}
    status, headers, answer = call(wsgi, "POST", "/api/samples:create", body, **environ)
    assert (status, code_of(answer)) == (413, "BODY_TOO_LARGE")
    assert headers["X-Request-Id"]


def test_a_preflight_reflects_origin_and_headers(wsgi: Wsgi) -> None:
    asked = {"HTTP_ORIGIN": "http://example.com", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization,x-role"}
    status, headers, body = call(wsgi, "OPTIONS", "/api/samples:list", **asked)
    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == "http://example.com"
    assert headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,POST,DELETE,PATCH"
    assert headers["Access-Control-Allow-Headers"] == "authorization,x-role"
    assert headers["Vary"] == "Origin"
    assert "Content-Length" not in headers


def test_the_functions_own_headers_win(wsgi: Wsgi) -> None:
    status, headers, _ = call(wsgi, "GET", "/api/samples/1", HTTP_ORIGIN="http://example.com")
    assert (status, headers["X-Request-Id"], headers["Vary"]) == (204, "from the function", "Accept")


def test_threads_do_not_see_each_others_requests(wsgi: Wsgi) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: call(wsgi, "GET", f"/api/together?n={n}"), range(4)))
    assert [json.loads(body) for _, _, body in answers] == [{"resource": "together", "query": str(n), "same": True} for n in range(4)]
