"""Which network addresses a workflow may reach: public ones, and with the deployment's leave some that are not.

Addresses are judged, never the text of a host: ``0x7f.1``, ``2130706433`` and full-width digits all resolve to 127.0.0.1. An IPv6
address that carries an IPv4 address inside (mapped, NAT64) is judged by that one; forms that were retired (6to4, Teredo,
IPv4-compatible) are refused whole. ``ipaddress.is_global`` alone lets some of these through.
Sources: https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
and https://www.rfc-editor.org/rfc/rfc6052
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
# Not for the public, whatever `is_global` says: protocol assignments, the 6to4 relay, a cloud's own wire server, documentation, class E.
NOT_PUBLIC_V4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "240.0.0.0/4")))
NOT_PUBLIC_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")))
# Where clouds keep their credentials; nobody's service.
INSTANCE_METADATA = IPv6Address("fd00:ec2::254")


def carried(address: Address) -> Address:
    """The IPv4 address inside a mapped or NAT64 one, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address


def is_public(text: str) -> bool:
    """Whether the address, as a resolver gives it, is one of the public internet. Text that is no address is not."""
    address = _address(text)
    if address is None or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    return address in UNICAST and not any(address in network for network in NOT_PUBLIC_V6)


def may_be_allowed(text: str) -> bool:
    """Whether a deployment may allow the address: its own network and machine, but no link-local, multicast or metadata address."""
    address = _address(text)
    if address is None or address == INSTANCE_METADATA:
        return False
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _address(text: str) -> Address | None:
    try:
        return carried(ip_address(text))
    except ValueError:
        return None
