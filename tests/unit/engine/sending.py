"""Tagged writes of every purpose, and a store that follows a script: what the tests of `commit` are made of."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.memory import FixedClock, MemoryStore
from chalicelib.domain.collection import Field
from chalicelib.domain.keys import execution_key, guard_key, record_key
from chalicelib.domain.ports import (
    EXECUTIONS,
    RECORDS,
    Absent,
    Check,
    Equals,
    Exists,
    Key,
    Put,
    Update,
)
from chalicelib.engine.commit import (
    commit,
)
from chalicelib.engine.unit_of_work import Tagged
from tests.stores import Sending, WatchedStore
from tests.unit.engine.fakes import NOW_MS

EXECUTION = execution_key(77)
RECORD = record_key("c_items", 1)
CODE = Field("code", "string", unique=True)


def execution(token: str = "ours") -> Tagged:
    return Tagged(Put(EXECUTIONS, {"pk": EXECUTION.pk, "sk": EXECUTION.sk, "id": 77, "doc": token}, Absent()), "execution")


def record(version: int = 2) -> Tagged:
    item = {"pk": RECORD.pk, "sk": RECORD.sk, "version": version, "data": {"title": "ours"}}
    return Tagged(Put(RECORDS, item, Equals({"version": version - 1})), "record")


def guard(value: str = "a", condition: Any = None) -> Tagged:
    key = guard_key("c_items", "code", value)
    return Tagged(Put(RECORDS, {"pk": key.pk, "sk": key.sk, "value": 1}, condition or Absent()), "guard", CODE, value)


def idempotency() -> Tagged:
    return Tagged(Put(EXECUTIONS, {"pk": "idem#1#x", "sk": "idem", "doc": "kept"}, Absent()), "idempotency")


def check() -> Tagged:
    return Tagged(Check(record_key("c_items", 2), Equals({"version": 1})), "check")


def definition() -> Tagged:
    return Tagged(Update(record_key("workflows", 8192), set={"frozen": True}, condition=Exists()), "definition")


def counter() -> Tagged:
    return Tagged(Update(Key(RECORDS, "stats#k#00", "1"), add={"value": 1}), "other")


class Bench:
    """A store that follows a script, and a clock whose sleeps take no time."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.store = WatchedStore(self.memory)
        self.clock = FixedClock(NOW_MS)
        self.put({"pk": RECORD.pk, "sk": RECORD.sk, "version": 1})

    def put(self, item: dict[str, Any], table: Any = RECORDS) -> None:
        self.memory.transact([Put(table, item)])

    def get(self, key: Key) -> dict[str, Any] | None:
        return self.memory.batch_get([key]).get(key)

    def commit(self, *tagged: Tagged, script: tuple[Sending, ...] = (), deadline_ms: int | None = None) -> None:
        self.store.sendings.extend(script)
        commit(self.store, self.clock, tagged, deadline_ms)

    @property
    def sends(self) -> int:
        return len(self.store.transactions)
