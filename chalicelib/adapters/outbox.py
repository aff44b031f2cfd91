"""A folder in place of the mail and notification services: one JSON file each, for one machine and for tests.

A file's name comes from the key, so a repeat of the same effect is the file that is already there. A file appears whole or not at all.
Source: https://man7.org/linux/man-pages/man2/link.2.html
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from pathlib import Path

from chalicelib.domain.ports import EffectFailed
from chalicelib.errors import Json

MOST_NAME = 80


class Outbox:
    """``folder`` is made when first written to, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, kind: str, payload: dict[str, Json], key: str) -> str:
        """The message id, which is the file's name without ``.json``. Raises EffectFailed when the folder cannot be written."""
        name = name_of(kind, key)
        text = json.dumps({"kind": kind, "key": key, "messageId": name, **payload}, ensure_ascii=False, indent=2) + "\n"
        try:
            self._write(name, text.encode("utf-8", "replace"))
        except OSError as error:
            raise EffectFailed({"message": f"the outbox cannot be written: {error.strerror}", "code": "OUTBOX"}) from None
        return name

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self._folder / f".{secrets.token_hex(8)}"
        try:
            half.write_bytes(content)
            os.link(half, self._folder / f"{name}.json")
        except FileExistsError:  # the same effect, done before
            return
        finally:
            half.unlink(missing_ok=True)


def name_of(kind: str, key: str) -> str:
    """Readable and of one key only: ``mail-123.#welcome`` is ``mail-123._welcome-<digest>``."""
    readable = re.sub(r"[^A-Za-z0-9.-]", "_", key)[:MOST_NAME]
    return f"{kind}-{readable}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
