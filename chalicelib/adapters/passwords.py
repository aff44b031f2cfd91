"""Passwords, hashed by argon2id with OWASP's parameters: 19 MiB of memory, two passes, one lane.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html. ``argon2`` is imported when the
first password is hashed: of all calls only sign-in needs it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, Json

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 6, 200
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
PREFIX = "$argon2id$"
# The hash of 32 random bytes that nobody kept: checking against it takes as long as against a real one.
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$aL3Hh2f7SXC3IO9dD4kbEA$EYTe+gvViSJVwIrbNvrfbPwWUwqLV4pYn5oeW4T8tKU"


def check_password(text: Json) -> None:
    """Raises Invalid (path ``password``) for what may not become a password."""
    if not isinstance(text, str) or not SHORTEST <= len(text) <= LONGEST:
        raise Invalid(f"a password must be text of {SHORTEST} to {LONGEST} characters", path="password")
    if _encoded(text) is None:
        raise Invalid("a password must be valid Unicode text", path="password")


class Argon2Passwords:
    """Hashes and verifies passwords; one object per process."""

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

    def check(self, password: Json) -> None:
        """Raises Invalid as `check_password`."""
        check_password(password)

    def hash(self, password: str) -> str:
        """The hash to store, salt and parameters inside. Raises Invalid as `check_password`."""
        check_password(password)
        return self._hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        """Whether ``password`` is the one of ``hashed``; False for anything malformed.

        ``hashed = ""`` (no such user, no password) takes as long as a wrong password, so that the time tells nothing.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        encoded = _encoded(password)
        if encoded is None or not isinstance(hashed, str) or len(password) > LONGEST:
            return False
        known = hashed.startswith(PREFIX)
        try:
            return self._hasher.verify(hashed if known else NOBODYS_HASH, encoded) and known
        except (VerificationError, InvalidHashError, ValueError):
            return False


def _encoded(text: Json) -> bytes | None:
    """The text in UTF-8; None for what is no text or holds half of a surrogate pair."""
    try:
        return text.encode() if isinstance(text, str) else None
    except UnicodeEncodeError:
        return None
