"""How an execution stands, for the user in whose name it runs: a button, a form or a call of theirs started it, and they may ask on.

They see that it goes on or how it ended, and what it said to them; nothing of what it read or did: that is for who manages workflows.
Source of the address: https://www.rfc-editor.org/rfc/rfc9110#section-15.3.3
"""

from __future__ import annotations

import json
import re

from chalicelib.domain.keys import execution_key, record_key
from chalicelib.domain.ports import Item
from chalicelib.domain.retention import TIMEOUT
from chalicelib.domain.system_collections import WORKFLOWS
from chalicelib.engine.commit import store_errors
from chalicelib.engine.execution import is_kept, public_execution
from chalicelib.errors import Forbidden, Json
from chalicelib.services.admission import REPLACED, SKIPPED
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.endings import CANCELED_BY_HAND, PARENT_ABORTED, VERSION_GONE
from chalicelib.services.session import NO_PERMISSIONS, signed_in

ID = re.compile("[0-9]{1,16}")
REASONS = frozenset((CANCELED_BY_HAND, PARENT_ABORTED, VERSION_GONE, SKIPPED, REPLACED, TIMEOUT))  # any other is what an error says
SEEN = ("id", "key", "status", "reason", "spilled", "createdAt", "startedAt", "updatedAt")


def own_state(backend: Backend, call: Call) -> Answer:
    """``id key status reason spilled messages workflow createdAt startedAt updatedAt``, whatever fields the call asks for; ``reason`` is
    null unless it is one of ``REASONS``; ``workflow`` is ``{"title"}``, null when the version is gone.

    Raises Forbidden for any other execution, whether it is there or not."""

    def act() -> Answer:
        reads, definitions = backend.reading()
        caller, named = signed_in(backend, reads, definitions, call), call.target_key or ""
        key = execution_key(int(named)) if ID.fullmatch(named) else None
        item = backend.store.batch_get([key]).get(key) if key else None
        if item is None or not is_kept(item, backend.clock.now_ms()):
            raise Forbidden(NO_PERMISSIONS)
        doc = json.loads(item["doc"])
        if _user_of(doc) != caller.id:
            raise Forbidden(NO_PERMISSIONS)
        return Answer(_state(item, doc) | {"workflow": _workflow(backend, item)})

    return store_errors(act)


def _state(item: Item, doc: dict[str, Json]) -> dict[str, Json]:
    row = public_execution(item)
    reason = row["reason"] if row["reason"] in REASONS else None
    return {name: row[name] for name in SEEN} | {"reason": reason, "messages": doc.get("messages") or []}


def _workflow(backend: Backend, item: Item) -> dict[str, Json] | None:
    key = record_key(WORKFLOWS.uid, item["workflowId"])
    found = backend.store.batch_get([key]).get(key)
    return {"title": found["data"].get("title")} if found else None


def _user_of(doc: dict[str, Json]) -> Json:
    """The id of the user in the execution's context; ``None`` where nobody is: a schedule, a message, a context that was cut."""
    user = (doc.get("context") or {}).get("user")
    return user.get("id") if isinstance(user, dict) else None
