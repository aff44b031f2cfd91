"""What signed-in users do with what is theirs: password, profile, API keys. No permission but being oneself.

These are no definitions: no epoch is raised, and nothing but the caller's own records is in reach of the code that is given.
Source: https://docs.nocobase.com/users-permissions/user
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from chalicelib.engine.commit import commit, store_errors, walk_until_committed
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.permitted import PermittedRecords
from chalicelib.services.session import Caller, signed_in


def own(backend: Backend, call: Call, act: Callable[[Caller, PermittedRecords], Answer]) -> Answer:
    """``act``'s answer, after what it staged is committed. Raises Unauthenticated, and what ``act`` raises."""

    def walk(number: int) -> Answer:
        reads, definitions = backend.reading()
        caller = signed_in(backend, reads, definitions, call)
        now_ms = backend.clock.now_ms()
        unit = backend.unit(reads, user_id=caller.id, at_ms=now_ms, seed=secrets.token_hex(8))
        answer = act(caller, PermittedRecords(unit, definitions, caller, call, now_ms))
        commit(backend.store, backend.clock, unit.writes(), call.deadline_ms)
        return answer

    return store_errors(lambda: walk_until_committed(backend.clock, call.deadline_ms, walk))
