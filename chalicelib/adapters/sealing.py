"""Short texts that leave the house and come back: nobody reads what is in them, and nobody changes it.

Encrypted in counter mode under HMAC-SHA-256 and authenticated by the initialisation vector itself, which is the MAC of the text (the
construction of RFC 5297 with HMAC in the place of AES): the same text is sealed the same way, and nothing else is told. The text is
padded, so that its length is not told either. Sources: https://www.rfc-editor.org/rfc/rfc5297, https://www.rfc-editor.org/rfc/rfc2104
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

PADDED_BYTES = 128
TAG_BYTES = 16
LONGEST = 16_384
END = b"\x80"  # in no UTF-8 text by itself, and before the padding


def seal(key: bytes, about: str, text: str) -> str:
    """The sealed text, URL-safe. ``about`` (what it is for) is not in it but must be the same to open it."""
    plain = text.encode() + END
    plain += b"\x00" * (-len(plain) % PADDED_BYTES)
    tag = _tag(key, about, plain)
    return base64.urlsafe_b64encode(tag + _mixed(key, tag, plain)).decode().rstrip("=")


def unseal(keys: Iterable[bytes], about: str, sealed: str) -> str | None:
    """The text; ``None`` for what none of the keys has sealed for ``about``."""
    if len(sealed) > LONGEST or not sealed.isascii():
        return None
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    tag = raw[:TAG_BYTES]
    for key in keys:
        plain = _mixed(key, tag, raw[TAG_BYTES:])
        if plain and hmac.compare_digest(tag, _tag(key, about, plain)):
            return plain.rstrip(b"\x00").removesuffix(END).decode()
    return None


def _tag(key: bytes, about: str, plain: bytes) -> bytes:
    named = about.encode(errors="replace")
    return hmac.digest(_derived(key, b"seal mac"), len(named).to_bytes(4, "big") + named + plain, "sha256")[:TAG_BYTES]


def _mixed(key: bytes, tag: bytes, data: bytes) -> bytes:
    """``data`` with the key stream of ``tag`` laid over it; twice is ``data`` again."""
    secret = _derived(key, b"seal stream")
    blocks = [hmac.digest(secret, tag + number.to_bytes(4, "big"), "sha256") for number in range(-(-len(data) // 32))]
    return bytes(one ^ other for one, other in zip(data, b"".join(blocks), strict=False))


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose, so that no token is ever a seal."""
    return hmac.digest(key, b"stepbase " + purpose, "sha256")
