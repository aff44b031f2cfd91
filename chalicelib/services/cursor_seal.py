"""Cursors as clients see them: sealed on the way out, opened on the way in, here for every list there is.

A cursor holds where a read stopped, which may be at a record that the caller may not see; what clients get tells nothing of it, and
counts for the list that gave it only. Source: https://cheatsheetseries.owasp.org/cheatsheets/Authorization_Cheat_Sheet.html
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call

# No JSON, so every list refuses it, after it has asked who calls.
REFUSED = "refused"


def with_opened_cursor(backend: Backend, call: Call) -> Call:
    """The call of a list with its ``cursor`` opened; one that this list did not give becomes one that it refuses."""
    cursor = call.params.get("cursor")
    if not call.action.startswith("list") or not isinstance(cursor, str) or not cursor:
        return call
    opened = backend.tokens.unseal(_about(call), cursor)
    return replace(call, params=call.params | {"cursor": REFUSED if opened is None else opened})


def with_sealed_cursor(backend: Backend, call: Call, answer: Answer) -> Answer:
    """The answer with its ``meta.cursor`` sealed."""
    cursor = (answer.meta or {}).get("cursor")
    if not isinstance(cursor, str):
        return answer
    return replace(answer, meta={**(answer.meta or {}), "cursor": backend.tokens.seal(_about(call), cursor)})


def _about(call: Call) -> str:
    return "/".join(["cursor", call.resource, call.record_id or "", call.association or "", call.action])
