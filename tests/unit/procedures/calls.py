"""A call of a procedure without a database: ports that write down what was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.nodes.base import Child
from chalicelib.procedures import ProcedureCall
from tests.unit.nodes.fakes import FakeRecords

Json = Any


@dataclass
class FakePorts:
    records: Any = field(default_factory=FakeRecords)
    messages: list[str] = field(default_factory=list)
    effects: list[tuple[str, Json]] = field(default_factory=list)
    started: list[tuple[str, Json]] = field(default_factory=list)
    child: Child = field(default_factory=lambda: Child(1, 1, None))

    def effect(self, kind: str, payload: dict[str, Json]) -> Json:
        self.effects.append((kind, payload))
        return {"messageId": "m"}

    def run_workflow(self, key: str, data: Json) -> Child:
        self.started.append((key, data))
        return self.child

    def start_workflow(self, key: str, data: Json) -> int:
        self.started.append((key, data))
        return 7


def call_of(ports: FakePorts, record: Json = None, **values: Json) -> ProcedureCall:
    return ProcedureCall(record, values, {"id": 1, "nickname": "Ada"}, "root", "2026-11-21T00:00:00.000Z", ports)
