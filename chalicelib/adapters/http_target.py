"""Where a request goes: the URL, read once and strictly, and the deployment's word on which hosts may be called.

What is read here is what is connected to; nothing reads the URL again. Blanks and other characters that a path or query may not hold are
percent-encoded there, as https://url.spec.whatwg.org/#path-percent-encode-set has it; control characters and backslashes are refused.
Sources: https://www.rfc-editor.org/rfc/rfc3986 and
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from chalicelib.domain.ports import EffectFailed

PORTS = {"http": 80, "https": 443}
MOST_URL = 8_192
HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
NOT_IN_A_URL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
BLANK = re.compile(r"\s")
PATH_SAFE = "/%:@!$&'()*+,;=~"
QUERY_SAFE = PATH_SAFE + "?"


@dataclass(frozen=True)
class Target:
    """``host`` in lower case and ASCII, an IPv6 address without brackets; ``path`` with the query, encoded."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def bracketed_host(self) -> str:
        """The host as it stands before a port: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts that a deployment names: ``erp.example.com``, ``*.example.com``, ``127.0.0.1:8080``, ``[::1]:8080``.

    A named host may have an address that is not public, and the port that is named with it. ``only``: no other may be called."""

    entries: tuple[str, ...] = ()
    only: bool = False

    def names(self, target: Target) -> bool:
        """Whether an entry names the host, and the port unless it is the scheme's own."""
        host = target.bracketed_host
        own_port = target.port == PORTS[target.scheme]
        return any(_matches(entry, host, target.port, own_port) for entry in self.entries)


def _matches(entry: str, host: str, port: int, own_port: bool) -> bool:
    name, colon, number = entry.rpartition(":")
    if not colon or entry.endswith("]"):
        name, number = entry, ""
    if number != str(port) and (number or not own_port):
        return False
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name


def failed(message: str, code: str) -> EffectFailed:
    return EffectFailed({"message": message, "code": code})


def blocked(target: Target, why: str) -> EffectFailed:
    return failed(f'Request to "{target.bracketed_host}:{target.port}" is blocked: {why}', "ERR_BLOCKED")


def parse_target(url: str, params: Iterable[tuple[str, str]] = ()) -> Target:
    """The target of the URL with ``params`` added to its query. Raises EffectFailed: ``ERR_INVALID_URL``, ``ERR_BAD_REQUEST``."""
    if len(url) > MOST_URL or NOT_IN_A_URL.search(url):
        raise failed("Invalid URL", "ERR_INVALID_URL")
    try:
        parts = urlsplit(url)
        host, port = _host(parts), parts.port
    except ValueError:
        raise failed("Invalid URL", "ERR_INVALID_URL") from None
    if parts.scheme and parts.scheme not in PORTS:
        raise failed(f"Unsupported protocol {parts.scheme}:", "ERR_BAD_REQUEST")
    if not parts.scheme or not host or port == 0:
        raise failed("Invalid URL", "ERR_INVALID_URL")
    if "@" in parts.netloc:
        raise failed("Invalid URL: it must not hold a user or a password; send them in a header", "ERR_INVALID_URL")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], _path(parts, list(params)))


def _host(parts: SplitResult) -> str:
    """In ASCII; empty when there is none. Raises ValueError."""
    if BLANK.search(parts.netloc):
        raise ValueError
    raw = parts.hostname or ""
    if ":" in raw:
        if "%" in raw or "[" not in parts.netloc:
            raise ValueError
        return IPv6Address(raw).compressed
    host = raw.encode("idna").decode().lower().removesuffix(".") if raw else ""
    if host and (len(host) > 253 or not HOST.fullmatch(host)):
        raise ValueError
    return host


def _path(parts: SplitResult, params: Sequence[tuple[str, str]]) -> str:
    queries = [quote(parts.query, safe=QUERY_SAFE, errors="replace"), urlencode(params, errors="replace")]
    query = "&".join(text for text in queries if text)
    path = quote(parts.path, safe=PATH_SAFE, errors="replace") or "/"
    return f"{path}?{query}" if query else path


def check_target(target: Target, allowed: AllowedHosts) -> bool:
    """Whether the deployment names the host. Raises EffectFailed when neither it nor the general rule lets the request go there."""
    named = allowed.names(target)
    if not named and allowed.only:
        raise blocked(target, "this deployment calls only the hosts in REQUEST_ALLOWED_HOSTS")
    if not named and target.port not in PORTS.values():
        entry = f"{target.bracketed_host}:{target.port}"
        raise blocked(target, f"only the ports 80 and 443 may be called; REQUEST_ALLOWED_HOSTS={entry} would allow it")
    return named
