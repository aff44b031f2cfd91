"""Ids: 53-bit, ordered by time, safe as JSON numbers.

An id is ``milliseconds since 2026-01-01 << 13 | 13 bits``; 40 bits of milliseconds last until 2060. Ids made inside
a run derive from the execution, the job and a running number, so that a walk that starts again makes the same ones;
the running number moves the milliseconds, so records made by one run sort in the order they were made.
"""

from __future__ import annotations

import hashlib
import secrets

LOW_BITS = 13
BASE_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def time_of(snowflake: int) -> int:
    """Milliseconds since 1970 in the id."""
    return (snowflake >> LOW_BITS) + BASE_MS


def fresh_id(now_ms: int) -> int:
    return (now_ms - BASE_MS) << LOW_BITS | secrets.randbits(LOW_BITS)


def derived_id(at_ms: int, seed: str, n: int) -> int:
    """The n-th id of a run that began at ``at_ms``; ``seed`` names execution, job and try."""
    digest = hashlib.sha256(f"{seed}/{n}".encode()).digest()
    return (at_ms - BASE_MS + n) << LOW_BITS | int.from_bytes(digest[:2], "big") & (1 << LOW_BITS) - 1


def derived_pair(left: object, right: object) -> int:
    """The id of the pair: 53 bits that are the same whoever derives them."""
    digest = hashlib.sha256(f"{left!r}/{right!r}".encode()).digest()
    return int.from_bytes(digest[:7], "big") >> 3


def fresh_key() -> str:
    """11 characters a-z0-9, beginning with a letter: keys of workflows and nodes, uids of collections."""
    return secrets.choice(KEY_ALPHABET[:26]) + "".join(secrets.choice(KEY_ALPHABET) for _ in range(10))
