"""Sends one HTTP request where it may go, and nowhere else.

The name is resolved once; every address must be allowed; the connection is made to one of those very addresses, so a name that
resolves to something else a moment later changes nothing. Host, SNI and the certificate are those of the name. No redirect is followed,
no proxy of the environment used, no connection kept. The timeout spans everything: a thread does the work, the caller waits no longer.
Sources: https://urllib3.readthedocs.io/en/stable/reference/urllib3.connection.html and
https://owasp.org/Top10/A10_2021-Server-Side_Request_Forgery_%28SSRF%29/
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as SilentAnswer

from chalicelib.adapters.addresses import is_public, may_be_allowed
from chalicelib.adapters.http_answer import read_answer
from chalicelib.adapters.http_message import body_of, headers_of
from chalicelib.adapters.http_target import AllowedHosts, Target, blocked, check_target, failed, parse_target
from chalicelib.domain.ports import EffectFailed
from chalicelib.errors import Json

Resolve = Callable[[str, int], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]

CONNECT_SECONDS = 3.0
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def resolve_host(host: str, port: int) -> list[str]:
    """Every address of the host, as texts. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to the address. Raises OSError."""
    return socket.create_connection((address, port), seconds)


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """What certificates are checked against: those the system trusts."""
    return ssl.create_default_context()


@dataclass(frozen=True)
class HttpClient:
    """The `Outside` of requests. ``resolve``, ``dial`` and ``tls`` are for tests."""

    allowed: AllowedHosts = field(default_factory=AllowedHosts)
    resolve: Resolve = resolve_host
    dial: Dial = dial
    tls: Callable[[], ssl.SSLContext] = trusted

    def send(self, payload: Mapping[str, Json], key: str) -> Json:
        """``{"url", "method", "contentType", "headers", "params", "data", "timeout"}`` (ms) → ``{status, statusText, headers, data}``.

        Raises EffectFailed with what axios would say."""
        if payload["method"] not in METHODS:
            raise failed(f'the method "{payload["method"]}" is not offered', "ERR_BAD_OPTION_VALUE")
        pairs = [(pair["name"], pair["value"]) for pair in payload.get("params") or ()]
        target = parse_target(payload["url"], pairs)
        named = check_target(target, self.allowed)
        headers = headers_of(payload, key)
        body, content_type = body_of(payload)
        headers |= {"Content-Type": content_type} if content_type else {}
        exchange = _Exchange(self, target, named, payload["method"], headers, body, time.monotonic() + payload["timeout"] / 1000)
        answer = exchange.wait()
        if answer is None:
            raise EffectFailed({"message": f"timeout of {payload['timeout']}ms exceeded", "code": "ECONNABORTED"}, timed_out=True)
        return answer


class _Exchange:
    """One request and its answer, made in a thread of its own so that neither a slow resolver nor a dripping answer holds the caller."""

    def __init__(
        self,
        client: HttpClient,
        target: Target,
        named: bool,
        method: str,
        headers: dict[str, str],
        body: bytes | None,
        ends: float,
    ) -> None:
        self._client, self._target, self._named, self._ends = client, target, named, ends
        self._method, self._headers, self._body = method, headers, body
        self._given_up = threading.Event()
        self._socket: socket.socket | None = None
        self._answer: Json = None
        self._error: BaseException | None = None

    def wait(self) -> Json:
        """The answer, or ``None`` when the time was over. Raises EffectFailed."""
        worker = threading.Thread(target=self._work, name="request", daemon=True)
        worker.start()
        worker.join(max(0.0, self._ends - time.monotonic()))
        if worker.is_alive():
            self._give_up()
            return None
        if isinstance(self._error, TimeoutError | SilentAnswer):
            return None
        if self._error is not None:
            raise _failure(self._error, self._target)
        return self._answer

    def _give_up(self) -> None:
        self._given_up.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:  # it ended by itself
                return

    def _work(self) -> None:
        try:
            self._answer = self._exchange(self._addresses())
        except BaseException as error:
            self._error = error

    def _addresses(self) -> list[str]:
        """The host's addresses, all of which may be connected to. Raises EffectFailed, OSError."""
        found = list(self._client.resolve(self._target.host, self._target.port))
        may = may_be_allowed if self._named else is_public
        if not found or not all(map(may, found)):
            raise blocked(self._target, _why(self._named))
        return found

    def _exchange(self, addresses: Sequence[str]) -> Json:
        connection = self._connection(addresses)
        try:
            connection.request(self._method, self._target.path, self._body, self._headers, preload_content=False)
            with connection.getresponse() as response:
                return read_answer(response)
        finally:
            connection.close()

    def _connection(self, addresses: Sequence[str]) -> HTTPConnection:
        target = self._target

        def connect() -> socket.socket:
            self._socket = self._connect(addresses)
            return self._socket

        if target.scheme == "http":
            return _Pinned(connect, target.host, target.port, timeout=self._seconds())
        return _PinnedTls(connect, target.host, target.port, timeout=self._seconds(), ssl_context=self._client.tls())

    def _connect(self, addresses: Sequence[str]) -> socket.socket:
        """A connection to the first of the checked addresses that takes one; the name is not looked at again. Raises OSError."""
        last: OSError = OSError(errno.EHOSTUNREACH, "no address")
        for address in addresses:
            if self._given_up.is_set():
                raise TimeoutError
            try:
                made = self._client.dial(address, self._target.port, min(CONNECT_SECONDS, self._seconds()))
            except OSError as error:
                last = error
            else:
                return self._taken(made)
        raise last

    def _taken(self, made: socket.socket) -> socket.socket:
        """The connection, unless the caller gave up while it was made: then nothing is sent. Raises TimeoutError."""
        left = self._ends - time.monotonic()
        if self._given_up.is_set() or left <= 0:
            made.close()
            raise TimeoutError
        made.settimeout(left)
        return made

    def _seconds(self) -> float:
        """What is left. Raises TimeoutError when nothing is."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Pinned(HTTPConnection):
    """Connects only where ``connect`` does."""

    def __init__(self, connect: Callable[[], socket.socket], host: str, port: int, *, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._connect_to_checked = connect

    def _new_conn(self) -> socket.socket:
        return self._connect_to_checked()


class _PinnedTls(HTTPSConnection):
    """The same over TLS; the certificate must be valid for the name, not for the address."""

    def __init__(self, connect: Callable[[], socket.socket], host: str, port: int, *, timeout: float, ssl_context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout, ssl_context=ssl_context)
        self._connect_to_checked = connect

    def _new_conn(self) -> socket.socket:
        return self._connect_to_checked()


def _why(named: bool) -> str:
    if named:
        return "link-local, multicast and metadata addresses are never called"
    return "it does not lead to a public address; a deployment may allow the host in REQUEST_ALLOWED_HOSTS"


def _failure(error: BaseException, target: Target) -> BaseException:
    """The error in axios's words, without a word about addresses; a bug of ours stays what it is."""
    if isinstance(error, EffectFailed):
        return error
    if isinstance(error, socket.gaierror | UnicodeError):
        temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        code = "EAI_AGAIN" if temporary else "ENOTFOUND"
        return failed(f"getaddrinfo {code} {target.host}", code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return failed(f"the certificate is not valid: {error.verify_message}", "ERR_TLS_CERTIFICATE")
    if isinstance(error, ssl.SSLError):
        return failed(f"TLS failed: {error.reason or 'no secure connection'}", "ERR_TLS")
    if isinstance(error, OSError):
        return _lost(error)
    if isinstance(error, http.client.HTTPException | HTTPError):
        return failed("the answer broke off or is not HTTP", "ERR_BAD_RESPONSE")
    return error


def _lost(error: OSError) -> EffectFailed:
    code = errno.errorcode.get(error.errno or 0, "ECONNRESET")
    said = {"ECONNREFUSED": "connect ECONNREFUSED", "ECONNRESET": "socket hang up"}
    return failed(said.get(code, f"connection failed: {code}"), code)
