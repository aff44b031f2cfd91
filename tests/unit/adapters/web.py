"""A web server on this machine for tests of the HTTP client, and the client that may or may not reach it.

The server keeps what it was asked, byte for byte, and answers what the test wrote, byte for byte.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.http_client import HttpClient
from chalicelib.adapters.http_target import AllowedHosts
from chalicelib.adapters.outside import whole_request

KEY = "42.#call"


@dataclass
class Request:
    """What came in: ``headers`` with lower-case names."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers every connection once with ``answer``, in pieces ``pause_seconds`` apart; ``tls`` makes it an HTTPS server."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    pieces: Sequence[bytes] = ()
    pause_seconds: float = 0.0
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def __enter__(self) -> Server:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        if self.tls:
            self.tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
                with connection:
                    wrapped = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
                    with wrapped:
                        self._talk(wrapped)
            except OSError:  # the other side, or the end of the test
                continue

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        self.requests.append(_read(connection))
        for piece in self.pieces or [self.answer]:
            connection.sendall(piece)
            if self._ended.wait(self.pause_seconds):
                return


def _read(connection: socket.socket) -> Request:
    raw = b""
    while b"\r\n\r\n" not in raw and not raw.startswith(b"\x16"):  # a TLS client hello has no end of a head
        raw += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in fields)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Request(line, headers, body)


def answering(body: bytes, content_type: str = "application/json", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer as it goes over the wire."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def no_connection(address: str, port: int, seconds: float) -> socket.socket:
    """A dial that must never be called."""
    raise AssertionError(f"a connection to {address}:{port} was made")


def client_for(server: Server, host: str = "127.0.0.1", **settings: Any) -> HttpClient:
    """A client whose deployment allows the server under ``host``, which resolves to it."""
    settings.setdefault("resolve", lambda host, port: ["127.0.0.1"])
    return HttpClient(AllowedHosts((f"{host}:{server.port}",)), **settings)


def send(server: Server, host: str = "127.0.0.1", path: str = "/", client: HttpClient | None = None, **payload: Any) -> Any:
    """What a request to the server gives."""
    scheme = "https" if server.tls else "http"
    request = whole_request({"url": f"{scheme}://{host}:{server.port}{path}", "timeout": 4000, **payload})
    return (client or client_for(server, host)).send(request, KEY)
