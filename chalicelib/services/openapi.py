"""``GET /api/openapi.json``: the HTTP surface as an OpenAPI 3.1 document; kept in the process while no definition changes.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.domain.definition import parse_collection
from chalicelib.domain.filter import EVERYTHING
from chalicelib.domain.system_collections import COLLECTIONS, USERS
from chalicelib.engine.commit import store_errors
from chalicelib.engine.finder import Search, find
from chalicelib.errors import Json
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call
from chalicelib.services.session import signed_in

MOST_KEPT = 16
Documents = dict[tuple[int, tuple[str, ...]], Json]


class OpenApi:
    """The use case. ``handlers()`` are the product's actions by name; their docstrings become descriptions."""

    def __init__(self, backend: Backend, handlers: Callable[[], Mapping[str, Callable[[Call], Answer]]]) -> None:
        self._backend = backend
        self._handlers = handlers
        self._kept: Documents = {}

    def document(self, call: Call) -> Answer:
        """Only collections that the role may view are in it, with the fields and actions that it may use."""
        return store_errors(lambda: Answer(whole=self._document(call)))

    def _document(self, call: Call) -> Json:
        reads, definitions = self._backend.reading()
        caller = signed_in(self._backend, reads, definitions, call)
        key = (definitions.snapshot.epoch, tuple(sorted(role.name for role in caller.roles)))
        if key not in self._kept:
            # Loaded by the first such call: no other needs it, and a cold start should not pay for it.
            from chalicelib.services.openapi_document import Usable, describing, document

            unit = self._backend.unit(reads, user_id=None, at_ms=self._backend.clock.now_ms(), seed="")
            records = find(unit, Search(COLLECTIONS, EVERYTHING)).records
            collections = [USERS, *(parse_collection(record.item["data"]) for record in records)]
            usable = [Usable.by(caller.roles, caller.is_root, one) for one in collections]
            # Another process's change may be in what was just read: then the epoch has moved, and this copy is never asked for.
            self._kept = dict(list(self._kept.items())[1 - MOST_KEPT :]) | {key: document(usable, describing(self._handlers()))}
        return self._kept[key]
