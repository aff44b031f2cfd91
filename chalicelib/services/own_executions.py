"""How an execution stands, for who made the call that it was spilled from: the call's answer told them to ask.

They see that it goes on or how it ended, and nothing of what it read or did: that is for who manages workflows.
Source of the address: https://www.rfc-editor.org/rfc/rfc9110#section-15.3.3
"""

from __future__ import annotations

import json
import re

from chalicelib.domain.keys import execution_key
from chalicelib.domain.ports import Item
from chalicelib.engine.commit import store_errors
from chalicelib.engine.execution import is_kept, public_execution
from chalicelib.errors import Forbidden
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import NO_PERMISSIONS, signed_in

ID = re.compile("[0-9]{1,16}")
SEEN = ("id", "key", "status", "spilled", "createdAt", "startedAt", "updatedAt")


def own_state(backend: Backend, call: Call) -> Answer:
    """``id key status spilled createdAt startedAt updatedAt``. Raises Forbidden for any other execution, whether it is there or not."""

    def act() -> Answer:
        reads, definitions = backend.reading()
        caller, named = signed_in(backend, reads, definitions, call), call.target_key or ""
        key = execution_key(int(named)) if ID.fullmatch(named) else None
        item = backend.store.batch_get([key]).get(key) if key else None
        if item is None or not is_kept(item, backend.clock.now_ms()) or not _is_spilled_from(item, caller.id):
            raise Forbidden(NO_PERMISSIONS)
        row = public_execution(item)
        return Answer({name: row[name] for name in SEEN})

    return store_errors(act)


def _is_spilled_from(item: Item, user_id: int) -> bool:
    doc = json.loads(item["doc"])
    return doc.get("spilled") is not None and ((doc.get("context") or {}).get("user") or {}).get("id") == user_id
