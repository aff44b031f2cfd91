"""No request leads to this machine, its network or a cloud's metadata, however the address is written; nothing is even connected to.

Sources: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html and
https://www.iana.org/assignments/iana-ipv4-special-registry
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.adapters.addresses import is_public, may_be_allowed
from chalicelib.adapters.http_client import HttpClient
from chalicelib.adapters.http_target import AllowedHosts, Target, parse_target
from chalicelib.adapters.outside import whole_request
from chalicelib.domain.ports import EffectFailed
from tests.unit.adapters.web import KEY, Server, answering, client_for, no_connection, send

PUBLIC = "93.184.216.34"
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.localdomain": ["127.0.0.1"],
    "localtest.me": ["127.0.0.1"],
    "169.254.169.254.nip.io": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "internal.example.com": ["10.0.0.7"],
    "mixed.example.com": [PUBLIC, "10.0.0.7"],
    "six.example.com": ["2606:4700::1111", "::1"],
    "public.example.com": [PUBLIC],
    "xn--bcher-kva.example": [PUBLIC],
    "nothing.example.com": [],
}


def resolve(host: str, port: int) -> list[str]:
    """As the system does for addresses in any form; names from the table, never from the network."""
    if host in NAMES:
        return NAMES[host]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(sockaddr[0]) for *_, sockaddr in found]


CLIENT = HttpClient(resolve=resolve, dial=no_connection)

REFUSED_URLS = """
http://127.0.0.1/
http://127.0.0.1:80/
https://127.0.0.1/
http://127.1/
http://127.0.1/
http://127.255.255.254/
http://0/
http://0.0.0.0/
http://2130706433/
http://0x7f000001/
http://0x7f.0.0.1/
http://0x7f.1/
http://017700000001/
http://0177.0.0.1/
http://0177.0.0.01/
http://0x7f.0x0.0x0.0x1/
http://127.000.000.001/
http://①②⑦.⓪.⓪.①/
http://１２７.０.０.１/
http://127。0。0。1/
http://127．0．0．1/
http://127｡0｡0｡1/
http://ｌｏｃａｌｈｏｓｔ/
http://localhost/
http://LOCALHOST/
http://localhost./
http://localhost.localdomain/
http://localtest.me/
http://169.254.169.254/latest/meta-data/
http://2852039166/latest/meta-data/
http://0xa9fea9fe/
http://0251.0376.0251.0376/
http://0xa9.0xfe.0xa9.0xfe/
http://169.254.43518/
http://169.16689662/
http://169.254.169.254.nip.io/
http://metadata.google.internal/computeMetadata/v1/
http://instance-data/
http://169.254.170.2/v2/credentials
http://169.254.79.129:2000/
http://127.0.0.1:9001/2018-06-01/runtime/invocation/next
http://localhost:2773/systemsmanager
http://10.0.0.1/
http://10.1/
http://172.16.0.1/
http://172.31.255.255/
http://192.168.1.1/
http://192.168.257/
http://100.64.0.1/
http://100.100.100.200/
http://168.63.129.16/
http://192.0.0.8/
http://192.0.0.192/
http://192.0.2.1/
http://192.88.99.1/
http://198.18.0.1/
http://198.51.100.7/
http://203.0.113.7/
http://224.0.0.1/
http://239.255.255.250/
http://240.0.0.1/
http://255.255.255.255/
http://[::]/
http://[::1]/
http://[0:0:0:0:0:0:0:1]/
http://[0000::1]:80/
http://[::127.0.0.1]/
http://[::7f00:1]/
http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/
http://[0:0:0:0:0:ffff:127.0.0.1]/
http://[::ffff:169.254.169.254]/
http://[::ffff:a9fe:a9fe]/
http://[::ffff:10.0.0.1]/
http://[::ffff:0:127.0.0.1]/
http://[64:ff9b::127.0.0.1]/
http://[64:ff9b::a9fe:a9fe]/
http://[64:ff9b::10.0.0.1]/
http://[64:ff9b:1::a9fe:a9fe]/
http://[2002:7f00:1::]/
http://[2002:a9fe:a9fe::]/
http://[2002:c0a8:101::1]/
http://[2001:0:a9fe:a9fe::1]/
http://[2001:0:53aa:64c:0:fffe:5601:5601]/
http://[2001:db8::1]/
http://[2001:20::1]/
http://[3fff::1]/
http://[5f00::1]/
http://[100::1]/
http://[fc00::1]/
http://[fd00:ec2::254]/
http://[fe80::1]/
http://[fe80::1%25eth0]/
http://[fec0::1]/
http://[ff02::1]/
http://internal.example.com/
http://mixed.example.com/
http://six.example.com/
http://nothing.example.com/
http://public.example.com:22/
http://public.example.com:6379/
http://public.example.com:8080/
https://public.example.com:9001/
http://public.example.com@127.0.0.1/
http://public.example.com:80@127.0.0.1/
http://user:secret@public.example.com/
http://127.0.0.1#@public.example.com/
http://127.0.0.1?@public.example.com/
http://127.0.0.1\\@public.example.com/
http://public.example.com\\@127.0.0.1/
http:\\\\127.0.0.1\\
http://127.0.0.1%00.public.example.com/
http://127%2e0%2e0%2e1/
http://%6c%6f%63%61%6c%68%6f%73%74/
http://public.example.com:80:80/
http://public.example.com:99999/
http://public.example.com:0/
http://public.example.com:-80/
http://[::1/
http://[127.0.0.1]/
http://::1/
http:///etc/passwd
http:/127.0.0.1/
http:127.0.0.1/
//127.0.0.1/
127.0.0.1
localhost:80
http://
http://.
http://-.
file:///etc/passwd
file://localhost/etc/passwd
ftp://127.0.0.1/
gopher://127.0.0.1:6379/_FLUSHALL
dict://127.0.0.1:11211/stat
ldap://127.0.0.1/
jar:http://127.0.0.1!/
data:text/plain,hi
javascript:alert(1)
unix:///var/run/docker.sock
ws://127.0.0.1/
""".strip().splitlines()

WITH_CONTROLS = [
    "http://127.0.0.1\t/",
    "ht\ntp://public.example.com/",
    "http://public.example.com/\r\nX-Evil: 1",
    "http://public.example.com/a\x7fb",
    "http://public.example.com/a\u0085b",
    "http://public.example.com/?q=a\rb",
    "http://public .example.com/",
    "http://public.example.com :80/",
    "http://public\u00a0.example.com/",
    "http://public\u2028.example.com/",
    "http://public.example.com\\@internal.example.com/",
    "http://exa\x00mple.com/",
    "http://" + "a" * 64 + ".example.com/",
    "http://public.example.com/" + "a" * 9000,
]


def request(url: str, **more: Any) -> dict[str, Any]:
    return whole_request({"url": url, "method": "GET", **more})


@pytest.mark.parametrize("url", REFUSED_URLS + WITH_CONTROLS)
def test_no_connection_is_made_to(url: str) -> None:
    with pytest.raises(EffectFailed) as refused:
        CLIENT.send(request(url), KEY)
    assert refused.value.result["code"] in {"ERR_BLOCKED", "ERR_INVALID_URL", "ERR_BAD_REQUEST", "ENOTFOUND"}
    assert not refused.value.timed_out


def test_the_table_is_as_long_as_was_promised() -> None:
    assert len(set(REFUSED_URLS)) >= 100


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://0x7f.1/",
        "http://2852039166/",
        "http://１２７.０.０.１/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://internal.example.com/",
        "http://mixed.example.com/",
        "http://public.example.com:22/",
    ],
)
def test_a_blocked_request_says_so_and_names_no_address_but_its_own(url: str) -> None:
    with pytest.raises(EffectFailed) as refused:
        CLIENT.send(request(url), KEY)
    assert "blocked" in refused.value.result["message"]
    assert refused.value.result["code"] == "ERR_BLOCKED"
    assert "10.0.0.7" not in refused.value.result["message"]


class Reached(Exception):
    """The client would have connected."""


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://public.example.com/", PUBLIC),
        ("https://PUBLIC.example.com./x", PUBLIC),
        ("http://public.example.com:443/", PUBLIC),
        ("http://bücher.example/", PUBLIC),
        ("http://8.8.8.8/", "8.8.8.8"),
        ("http://134744072/", "8.8.8.8"),
        ("http://[2606:4700::1111]/", "2606:4700::1111"),
        ("http://[64:ff9b::808:808]/", "64:ff9b::808:808"),
    ],
)
def test_the_public_internet_is_connected_to_at_the_checked_address(url: str, address: str) -> None:
    dialled: list[str] = []

    def dial(to: str, port: int, seconds: float) -> socket.socket:
        dialled.append(to)
        raise ConnectionRefusedError(111, "refused")

    with pytest.raises(EffectFailed) as refused:
        HttpClient(resolve=resolve, dial=dial).send(request(url), KEY)
    assert (dialled, refused.value.result["code"]) == ([address], "ECONNREFUSED")


def test_a_name_that_rebinds_is_asked_for_once_and_never_again() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []
    dialled: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    def dial(to: str, port: int, seconds: float) -> socket.socket:
        dialled.append(to)
        raise OSError(101, "unreachable")

    with pytest.raises(EffectFailed):
        HttpClient(resolve=rebinding, dial=dial).send(request("http://rebind.example.com/"), KEY)
    assert (asked, dialled) == (["rebind.example.com"], [PUBLIC])


def test_a_name_that_rebinds_to_this_machine_at_the_first_answer_is_blocked() -> None:
    client = HttpClient(resolve=lambda host, port: ["127.0.0.1"], dial=no_connection)
    with pytest.raises(EffectFailed, match="blocked"):
        client.send(request("http://rebind.example.com/"), KEY)


def test_a_redirect_to_this_machine_is_not_followed() -> None:
    with Server() as inner, Server() as outer:
        outer.answer = answering(b"", status="302 Found", Location=f"http://127.0.0.1:{inner.port}/secret")
        with pytest.raises(EffectFailed) as refused:
            send(outer)
        assert refused.value.result["status"] == 302
        assert refused.value.result["code"] == "ERR_FR_TOO_MANY_REDIRECTS"
        assert "redirects are not followed" in refused.value.result["message"]
        assert (len(outer.requests), inner.requests) == (1, [])


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as proxy, Server() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(server)["data"] == "hi"
        assert (len(server.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize(
    ("entries", "url", "named"),
    [
        (("erp.example.com",), "http://erp.example.com/", True),
        (("erp.example.com",), "https://ERP.example.com./", True),
        (("erp.example.com",), "http://erp.example.com:8080/", False),
        (("erp.example.com:8080",), "http://erp.example.com:8080/", True),
        (("erp.example.com:8080",), "http://erp.example.com/", False),
        (("erp.example.com:80",), "http://erp.example.com/", True),
        (("*.example.com",), "http://erp.example.com/", True),
        (("*.example.com",), "http://a.b.example.com/", True),
        (("*.example.com",), "http://example.com/", False),
        (("*.example.com",), "http://evilexample.com/", False),
        (("*.example.com",), "http://example.com.evil.org/", False),
        (("*.example.com:8443",), "https://a.example.com:8443/", True),
        (("127.0.0.1:8080",), "http://127.0.0.1:8080/", True),
        (("127.0.0.1:8080",), "http://127.1:8080/", False),
        (("[::1]:8080",), "http://[0::1]:8080/", True),
        (("[::1]",), "http://[::1]/", True),
        (("[::1]",), "http://[::1]:8080/", False),
        ((), "http://erp.example.com/", False),
    ],
)
def test_an_entry_names_a_host_and_only_the_port_it_says(entries: tuple[str, ...], url: str, named: bool) -> None:
    assert AllowedHosts(entries).names(parse_target(url)) is named


def test_a_host_that_is_named_may_be_private_but_never_a_metadata_address() -> None:
    def dial(to: str, port: int, seconds: float) -> socket.socket:
        raise ConnectionRefusedError(111, to)

    for address, code in {"10.0.0.7": "ECONNREFUSED", "127.0.0.1": "ECONNREFUSED", "169.254.169.254": "ERR_BLOCKED"}.items():
        client = HttpClient(AllowedHosts(("erp.example.com",)), lambda host, port, found=address: [found], dial)
        with pytest.raises(EffectFailed) as refused:
            client.send(request("http://erp.example.com/"), KEY)
        assert refused.value.result["code"] == code


def test_with_only_allowed_nothing_else_may_be_called() -> None:
    client = HttpClient(AllowedHosts(("erp.example.com",), only=True), resolve, no_connection)
    with pytest.raises(EffectFailed, match="blocked: this deployment calls only the hosts in REQUEST_ALLOWED_HOSTS"):
        client.send(request("http://public.example.com/"), KEY)


def test_a_named_host_is_reached() -> None:
    with Server() as server:
        assert send(server, "erp.example.com", client=client_for(server, "erp.example.com"))["status"] == 200


@pytest.mark.parametrize("text", ["", "localhost", "fe80::1%eth0", "1.2.3", "not an address"])
def test_what_is_no_address_is_neither_public_nor_allowed(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "fe80::1"])
def test_no_deployment_can_allow(address: str) -> None:
    assert not may_be_allowed(address)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("HTTP://Example.COM", Target("http", "example.com", 80, "/")),
        ("https://example.com:8443/a/b?x=1#frag", Target("https", "example.com", 8443, "/a/b?x=1")),
        ("http://example.com/straße?q=ü%20x", Target("http", "example.com", 80, "/stra%C3%9Fe?q=%C3%BC%20x")),
        ("http://example.com/a/../b", Target("http", "example.com", 80, "/a/../b")),
        ("http://[2606:4700:0::1111]:80/", Target("http", "2606:4700::1111", 80, "/")),
        ("http://bücher.example/", Target("http", "xn--bcher-kva.example", 80, "/")),
    ],
)
def test_a_url_is_read_once_into_scheme_host_port_and_path(url: str, target: Target) -> None:
    assert parse_target(url) == target


def test_parameters_join_the_query_encoded() -> None:
    target = parse_target("http://example.com/a?x=1#f", [("q", "a&b=c d"), ("ü", "#?/"), ("tag", "1"), ("tag", "2")])
    assert target.path == "/a?x=1&q=a%26b%3Dc+d&%C3%BC=%23%3F%2F&tag=1&tag=2"


def test_the_hint_for_an_ipv6_address_can_be_copied_into_the_setting() -> None:
    with pytest.raises(EffectFailed) as refused:
        CLIENT.send(request("http://[::1]:3912/"), KEY)
    message = refused.value.result["message"]
    assert message.startswith('Request to "[::1]:3912" is blocked')
    assert "REQUEST_ALLOWED_HOSTS=[::1]:3912 would allow it" in message
    assert AllowedHosts(("[::1]:3912",)).names(parse_target("http://[::1]:3912/"))
