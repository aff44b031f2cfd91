"""The product without HTTP, for tests: any store, any clock, signed in as root, with the definitions of the example.

A session stands for one process: its copies of the definitions are its own. `Session.process` is another one over the same database.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.adapters.passwords import check_password
from chalicelib.adapters.tokens import TokenSigner
from chalicelib.domain.keys import counter_key, execution_key
from chalicelib.domain.ports import EXECUTIONS, Clock, Outside, Store, Write
from chalicelib.engine.execution import public_execution
from chalicelib.services import installation
from chalicelib.services.backend import Backend, NothingOutside
from chalicelib.services.call import Answer, Call
from chalicelib.services.product import Product
from tests.machines import FakeMachines
from tests.schedules import FakeSchedules
from tests.stores import WatchedStore

EXAMPLE = Path(__file__).resolve().parent.parent / "example"
NOW_MS = 1_795_219_200_000  # 2026-11-21
SECRET = secrets.token_hex(32)

Json = Any


class PlainPasswords:
    """Hashing is not what these tests are about."""

    def check(self, password: Json) -> None:
        check_password(password)

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def verify(self, hashed: str, password: str) -> bool:
        return hashed == f"plain:{password}"


class Session:
    """Calls as one user sends them to one process."""

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        user_id: int = 1,
        machines: FakeMachines | None = None,
        outside: Outside | None = None,
        schedules: FakeSchedules | None = None,
    ) -> None:
        self.store = store
        self.clock = clock or FixedClock(NOW_MS)
        self.machines = machines or FakeMachines()
        outside = outside or NothingOutside()
        self.schedules = schedules or FakeSchedules(self.clock)
        self.backend = Backend(
            store,
            self.clock,
            TokenSigner(SECRET),
            PlainPasswords(),
            machines=self.machines,
            schedules=self.schedules,
            outside=outside,
        )
        self.product = Product(self.backend)
        self.token = self.backend.tokens.issue(user_id, secrets.token_hex(8), self.clock.now_ms() // 1000, 24)
        self._mark = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def process(self, store: Store | None = None, user_id: int = 1) -> Session:
        """Another process over the same database, seen through ``store`` when given; cold."""
        return Session(store or self.store, self.clock, user_id, self.machines, schedules=self.schedules)

    def answer(
        self, name: str, record_id: Json = None, body: Json = None, *, key: str | None = None, if_match: str | None = None, **params: Json
    ) -> Answer:
        """``answer("samples:trigger", 1, triggerWorkflows="k")``, ``answer("posts/1/category:get")``. ``key``: the Idempotency-Key."""
        path, action = name.split(":")
        owner, *association = path.split("/")
        owner_id, association_name = association or (record_id, None)
        return self.product.answer(
            Call(
                owner,
                action,
                None if owner_id is None else str(owner_id),
                association_name,
                None if association_name is None or record_id is None else str(record_id),
                params=params,
                body=body,
                token=self.token,
                idempotency_key=key,
                if_match=if_match,
                request_id=f"{self._mark}-{next(self._numbers)}",
            )
        )

    def call(self, name: str, record_id: Json = None, body: Json = None, **params: Json) -> Json:
        """The data of the answer."""
        return self.answer(name, record_id, body, **params).data

    def trigger(self, name: str, record_id: Json, workflows: str, body: Json = None, *, key: str | None = None, **params: Json) -> Answer:
        return self.answer(f"{name}:trigger", record_id, body, key=key, triggerWorkflows=workflows, **params)

    def install(self) -> Session:
        """The first user, and the example's collections, records and workflows: written as they were written the first time."""
        for writes in _installation():
            self.store.transact(writes)
        return self

    def workflow(self, key: str, nodes: Json, collection: str | None = "samples", **more: Json) -> int:
        """Makes an enabled synchronous workflow on single records (without a collection: a global one); its version's id."""
        config = {"type": 1, "collection": collection} if collection else {"type": 0}
        body = {"key": key, "title": key, "type": "custom-action", "sync": True, "enabled": True, "config": config, "nodes": nodes} | more
        version: int = self.call("workflows:create", None, body)["id"]
        return version

    def execution(self, execution_id: int) -> Json:
        """The stored execution as the API shows it, ``None`` when there is none."""
        key = execution_key(execution_id)
        item = self.store.batch_get([key]).get(key)
        return public_execution(item) if item else None

    def executions(self, workflow_key: str) -> list[Json]:
        """Every stored execution of a key, oldest first."""
        found: list[Json] = []
        start = None
        while True:
            page = self.store.query(EXECUTIONS, workflow_key, index="byWorkflow", start=start)
            found += map(public_execution, page.items)
            start = page.next
            if start is None:
                return found

    def executed(self, workflow_key: str, version_id: int) -> int:
        """What the counter of a version says."""
        keys = [counter_key(workflow_key, version_id, shard) for shard in range(16)]
        return sum(item["value"] for item in self.store.batch_get(keys).values())


@lru_cache(maxsize=1)
def _installation() -> Sequence[Sequence[Write]]:
    """The transactions that install the product and load the example."""
    store = WatchedStore(MemoryStore())
    session = Session(store)
    installation.install(session.backend, "root@example.com", "secret password")
    for kind, bodies in _example():
        for body in bodies:
            session.answer(f"{kind}:create", None, body)
    return store.transactions


def _example() -> Iterator[tuple[str, list[Json]]]:
    """What to make, by resource, in order; the records of the example have ids of their own."""
    files = [json.loads(path.read_text()) for path in sorted(EXAMPLE.glob("*.json"))]
    for kind in ("collections", "workflows", "actions"):
        yield kind, [body for file in files for body in file.get(kind, [])]
    for file in files:
        yield from file.get("records", {}).items()
