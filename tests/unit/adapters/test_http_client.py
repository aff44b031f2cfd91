"""What goes over the wire and what comes back, against a real server on this machine."""

from __future__ import annotations

import datetime
import gzip
import json
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters.http_answer import MOST_ANSWER_BYTES, data_of
from chalicelib.adapters.http_message import MOST_BODY_BYTES
from chalicelib.adapters.outside import whole_request
from chalicelib.domain.ports import EffectFailed
from tests.unit.adapters.web import KEY, Server, answering, client_for, send


def failure(server: Server, **payload: Any) -> EffectFailed:
    with pytest.raises(EffectFailed) as caught:
        send(server, **payload)
    return caught.value


def test_a_success_has_status_text_headers_and_data() -> None:
    with Server(answering(b'{"id": 7}', "application/json; charset=utf-8", "201 Created", X_Rate="9")) as server:
        answer = send(server, data={"a": 1})
    headers = {"content-type": "application/json; charset=utf-8", "content-length": "9", "x-rate": "9"}
    assert answer == {"status": 201, "statusText": "Created", "headers": headers, "data": {"id": 7}}


def test_the_key_goes_along_and_the_body_is_json() -> None:
    with Server() as server:
        send(server, data={"title": "Größe", "n": 1.5}, path="/a?x=1", params=[{"name": "q", "value": "a b"}])
        (sent,) = server.requests
    assert sent.line == "POST /a?x=1&q=a+b HTTP/1.1"
    assert json.loads(sent.body) == {"title": "Größe", "n": 1.5}
    assert sent.headers["idempotency-key"] == KEY
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == f"127.0.0.1:{server.port}"
    assert sent.headers["user-agent"] == "Stepbase"


def test_a_key_that_no_header_takes_is_encoded() -> None:
    with Server() as server:
        client_for(server).send(whole_request({"url": f"http://127.0.0.1:{server.port}/"}), "1.ü\r\nX: 1")
        assert server.requests[0].headers["idempotency-key"] == "1.%C3%BC%0D%0AX:%201"


def test_a_connection_that_comes_too_late_is_not_used() -> None:
    def slow(address: str, port: int, seconds: float) -> socket.socket:
        made = socket.create_connection((address, port), seconds)
        time.sleep(0.4)
        return made

    with Server() as server:
        with pytest.raises(EffectFailed) as caught:
            send(server, client=client_for(server, dial=slow), timeout=150)
        time.sleep(0.5)
        assert caught.value.timed_out
        assert [request.line for request in server.requests] == [""]


def test_a_header_of_the_node_wins_over_ours() -> None:
    with Server() as server:
        given = {"idempotency-key": "mine", "Accept": "text/csv", "Authorization": "Bearer x"}
        send(server, headers=[{"name": name, "value": value} for name, value in given.items()])
        (sent,) = server.requests
    assert (sent.headers["idempotency-key"], sent.headers["accept"], sent.headers["authorization"]) == ("mine", "text/csv", "Bearer x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nX-Evil: 1"),
        ("X-A", "a\nb"),
        ("X-A", "a\0b"),
        ("X-A", "Grüße €"),
        ("X A", "a"),
        ("X-A:", "a"),
        ("X-A\r\nB", "a"),
        ("Host", "internal"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic x"),
        ("Expect", "100-continue"),
        ("X-Long", "a" * 17_000),
    ],
)
def test_a_header_that_could_change_the_message_is_refused(name: str, value: str) -> None:
    with Server() as server:
        failed = failure(server, headers=[{"name": name, "value": value}])
        assert (failed.result["code"], server.requests) == ("ERR_INVALID_HEADER", [])


@pytest.mark.parametrize(
    ("content_type", "data", "sent_type", "body"),
    [
        ("application/json", [1, None], "application/json", b"[1, null]"),
        ("application/json", "text", "application/json", b'"text"'),
        ("application/json", ' {"a": 1} ', "application/json", b'{"a": 1}'),
        ("application/json", False, "application/json", b"false"),
        (
            "application/x-www-form-urlencoded",
            [{"name": "a", "value": "1&2"}, {"name": "b", "value": 3}, {"name": "", "value": "x"}, {"name": "c"}],
            "application/x-www-form-urlencoded",
            b"a=1%262&b=3",
        ),
        ("application/x-www-form-urlencoded", {"a": "ü"}, "application/x-www-form-urlencoded", b"a=%C3%BC"),
        ("application/xml", "<a>ü</a>", "application/xml; charset=utf-8", "<a>ü</a>".encode()),
        ("text/plain", {"a": 1}, "text/plain; charset=utf-8", b'{"a":1}'),
    ],
)
def test_the_body_is_written_as_its_content_type_says(content_type: str, data: Any, sent_type: str, body: bytes) -> None:
    with Server() as server:
        send(server, contentType=content_type, data=data)
        (sent,) = server.requests
    assert (sent.headers["content-type"], sent.body) == (sent_type, body)


def test_a_form_of_parts_has_a_part_per_entry() -> None:
    data = [{"name": "title", "valueType": "text", "text": "Größe"}, {"name": 'a"\r\nb', "value": 1}]
    with Server() as server:
        send(server, contentType="multipart/form-data", data=data)
        (sent,) = server.requests
    boundary = sent.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    parts = sent.body.split(b"--" + boundary.encode())
    assert len(parts) == 4
    assert parts[1] == '\r\nContent-Disposition: form-data; name="title"\r\n\r\nGröße\r\n'.encode()
    assert b'name="a%22%0D%0Ab"\r\n\r\n1' in parts[2]


@pytest.mark.parametrize(
    "payload",
    [
        {"contentType": "application/x-www-form-urlencoded", "data": "text"},
        {"contentType": "multipart/form-data", "data": [{"name": "f", "valueType": "file"}]},
        {"contentType": "application/json", "data": float("nan")},
        {"contentType": "image/png", "data": "x"},
        {"method": "TRACE"},
        {"method": "GET / HTTP/1.1\r\nX: "},
        {"timeout": 0},
        {"timeout": 26_000},
        {"timeout": "soon"},
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_sent(payload: dict[str, Any]) -> None:
    with Server() as server:
        failed = failure(server, **payload)
        assert failed.result["code"].startswith("ERR_BAD_OPTION")
        assert server.requests == []


def test_get_has_no_body() -> None:
    with Server() as server:
        send(server, method="GET", data={"a": 1})
        (sent,) = server.requests
    assert (sent.line, sent.body, "content-type" in sent.headers) == ("GET / HTTP/1.1", b"", False)


@pytest.mark.parametrize(
    ("status", "code"), [("400 Bad Request", "ERR_BAD_REQUEST"), ("404 Not Found", "ERR_BAD_REQUEST"), ("503 Busy", "ERR_BAD_RESPONSE")]
)
def test_a_refusal_of_the_service_is_a_failure_with_what_it_said(status: str, code: str) -> None:
    number, _, text = status.partition(" ")
    with Server(answering(b'{"why": "x"}', status=status, Set_Cookie="a=1")) as server:
        failed = failure(server)
    message = f"Request failed with status code {number}"
    assert failed.result == {"message": message, "code": code, "status": int(number), "statusText": text, "data": {"why": "x"}}


def test_cookies_are_a_list() -> None:
    with Server(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n") as server:
        headers = send(server)["headers"]
    assert (headers["set-cookie"], headers["x-a"]) == (["a=1", "b=2"], "1, 2")


def test_no_content_is_an_empty_text() -> None:
    with Server(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        assert (send(server)["status"], send(server)["data"]) == (204, "")


# --- limits


def test_an_answer_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    with Server(answering(b"a" * MOST_ANSWER_BYTES, "text/plain")) as server:
        assert len(send(server)["data"]) == MOST_ANSWER_BYTES
        server.answer = answering(b"a" * (MOST_ANSWER_BYTES + 1), "text/plain")
        failed = failure(server)
    assert (failed.result["message"], failed.result["status"]) == (f"maxContentLength size of {MOST_ANSWER_BYTES} exceeded", 200)


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with Server(pieces=[head, *[chunk] * 200]) as server:
        assert "exceeded" in failure(server).result["message"]


def test_a_small_packed_answer_that_is_huge_unpacked_is_refused() -> None:
    with Server(answering(gzip.compress(b"a" * 50_000_000), "text/plain", Content_Encoding="gzip")) as server:
        assert "exceeded" in failure(server).result["message"]
        server.answer = answering(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")
        assert send(server)["data"] == {"a": 1}


def test_a_body_over_the_limit_is_not_sent() -> None:
    with Server() as server:
        failed = failure(server, contentType="text/plain", data="a" * (MOST_BODY_BYTES + 1))
        assert (failed.result["code"], server.requests) == ("ERR_FR_MAX_BODY_LENGTH_EXCEEDED", [])


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [
        ([b""], 5.0),
        ([b"HTTP/1.1 200 OK\r\n", b"X"], 5.0),
        (list(map(bytes, zip(b"HTTP/1.1 200 OK\r\nX-Drip: 1" * 9))), 0.05),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", *[b"a"] * 90], 0.05),
    ],
    ids=["silent", "half a head", "a dripping head", "a dripping body"],
)
def test_the_timeout_spans_the_whole_exchange(pieces: list[bytes], pause: float) -> None:
    with Server(pieces=pieces, pause_seconds=pause) as server:
        began = time.monotonic()
        failed = failure(server, timeout=300)
        assert time.monotonic() - began < 4  # what the server takes
    assert failed.timed_out
    assert failed.result == {"message": "timeout of 300ms exceeded", "code": "ECONNABORTED"}


def test_a_resolver_that_does_not_answer_counts_too_and_nothing_is_sent_later() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(0.4)
        return ["127.0.0.1"]

    with Server() as server:
        with pytest.raises(EffectFailed) as caught:
            send(server, client=client_for(server, resolve=slow), timeout=100)
        time.sleep(0.6)
        assert (caught.value.timed_out, server.requests) == (True, [])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "ECONNRESET"),
        (b"SSH-2.0-OpenSSH_9.0\r\n", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ERR_BAD_RESPONSE"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", "ERR_BAD_RESPONSE"),
    ],
)
def test_an_answer_that_is_no_http_is_a_failure(answer: bytes, code: str) -> None:
    with Server(answer) as server:
        failed = failure(server)
        assert (failed.result["code"], failed.timed_out) == (code, False)


def test_nobody_listening_is_a_failure_without_an_address() -> None:
    with Server() as server:
        port = server.port
        client = client_for(server, "erp.example.com")
    with pytest.raises(EffectFailed) as caught:
        client.send({"url": f"http://erp.example.com:{port}/", "method": "GET", "contentType": "", "timeout": 2000}, KEY)
    assert caught.value.result == {"message": "connect ECONNREFUSED", "code": "ECONNREFUSED"}


def test_the_next_checked_address_is_tried_when_one_does_not_answer() -> None:
    with Server() as server:
        client = client_for(server, resolve=lambda host, port: ["127.0.0.77", "127.0.0.1"])
        assert send(server, client=client)["data"] == "hi"


# --- data


@pytest.mark.parametrize(
    ("content", "content_type", "data"),
    [
        (b'{"a": [1, 2.5, null]}', "application/json", {"a": [1, 2.5, None]}),
        (b'{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        (b'{"a": 1}', "application/jsonlines", '{"a": 1}'),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", {"a": 1}),
        (b"{broken", "application/json", "{broken"),
        (b"", "application/json", ""),
        (b"NaN", "application/json", "NaN"),
        (b'{"a": "x\\ud800y", "\\udc00": "\\ud83d\\ude00"}', "application/json", {"a": "x\ufffdy", "\ufffd": "😀"}),
        (b"9" * 308, "application/json", int("9" * 308)),
        ("Grüße".encode("latin-1"), "text/html; charset=ISO-8859-1", "Grüße"),
        (b"\xff\xfe!", "text/plain; charset=nosuch", "��!"),
        (b"\xff!", "", "�!"),
        (b"x", "text/plain; charset=hex", "x"),
    ],
)
def test_data_is_json_where_the_answer_says_so_and_can_be_kept(content: bytes, content_type: str, data: Any) -> None:
    assert data_of(content, content_type) == data


@pytest.mark.parametrize("number", ["1e999", "-1e400", "9" * 309, "-" + "9" * 5000])
def test_a_number_that_nothing_can_hold_is_a_failure_that_names_it(number: str) -> None:
    with Server(answering(f'{{"a": [1, {number}]}}'.encode())) as server:
        failed = failure(server)
    assert failed.result["message"].startswith(f"the answer is JSON that cannot be kept: the number {number[:39]}")
    assert (failed.result["code"], failed.result["status"]) == ("ERR_BAD_RESPONSE", 200)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/a b/c?q=x y", "GET /a%20b/c?q=x%20y HTTP/1.1"),
        ('/"<>`{}^|?"<>`{}', "GET /%22%3C%3E%60%7B%7D%5E%7C?%22%3C%3E%60%7B%7D HTTP/1.1"),
        ("/a%20b\u00a0\u2028é", "GET /a%20b%C2%A0%E2%80%A8%C3%A9 HTTP/1.1"),
    ],
)
def test_what_a_path_may_not_hold_is_percent_encoded(path: str, line: str) -> None:
    with Server() as server:
        send(server, path=path, method="GET")
    assert server.requests[0].line == line


def test_json_deeper_than_32_levels_is_refused() -> None:
    assert data_of(b"[" * 32 + b"]" * 32, "application/json")
    for depth in (33, 100_000):
        with pytest.raises(EffectFailed, match="32 levels"):
            data_of(b"[" * depth + b"]" * depth, "application/json")


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of ``erp.example.com`` and 127.0.0.1, signed by itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("erp.example.com"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(names, False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    return path


def secure(certificate: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return Server(tls=context)


def test_over_tls_the_name_is_asked_for_and_checked_though_the_address_is_connected_to(certificate: Path) -> None:
    with secure(certificate) as server:
        client = client_for(server, "erp.example.com", tls=lambda: ssl.create_default_context(cafile=certificate))
        assert send(server, "erp.example.com", client=client)["data"] == "hi"
        assert server.names == ["erp.example.com"]
        assert server.requests[0].headers["host"] == f"erp.example.com:{server.port}"


def test_a_certificate_of_another_name_or_of_nobody_is_refused(certificate: Path) -> None:
    with secure(certificate) as server:
        for host, tls in (
            ("crm.example.com", ssl.create_default_context(cafile=certificate)),
            ("erp.example.com", ssl.create_default_context()),
        ):
            with pytest.raises(EffectFailed) as caught:
                send(server, host, client=client_for(server, host, tls=lambda trusted=tls: trusted))
            assert caught.value.result["code"] == "ERR_TLS_CERTIFICATE"
        assert server.requests == []


def test_a_server_without_tls_is_a_failure(certificate: Path) -> None:
    with Server() as server:
        client = client_for(server)
        payload = {"url": f"https://127.0.0.1:{server.port}/", "method": "GET", "contentType": "", "timeout": 3000}
        with pytest.raises(EffectFailed) as caught:
            client.send(payload, KEY)
        assert caught.value.result["code"] in ("ERR_TLS", "ECONNRESET")
