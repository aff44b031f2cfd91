"""What nodes and triggers are tried against: four collections, records in a dictionary, and ports that write down what was asked.

Records are found by the product's own filter; nothing else of the record layer is imitated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.filter import parse_filter
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.query import parse_sort, sort_rows
from chalicelib.domain.record import Row
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Child, Definitions, NodeType, Outcome, TaskKind


def _collection(name: str, fields: dict[str, str], belongs_to: dict[str, str] | None = None) -> Collection:
    types = {"id": "snowflakeId", "createdAt": "date", "updatedAt": "date", "createdById": "bigInt", "updatedById": "bigInt", **fields}
    known = {field_name: Field(field_name, field_type) for field_name, field_type in types.items()}
    for association, target in (belongs_to or {}).items():
        known[f"{association}Id"] = Field(f"{association}Id", "bigInt")
        known[association] = Field(association, "belongsTo", target=target, foreign_key=f"{association}Id")
    return Collection(name, f"c_{name}", fields=known)


COLLECTIONS = {
    "samples": _collection("samples", {"title": "string", "indicator": "double", "status": "string"}, {"category": "categories"}),
    "inspectionRecords": _collection("inspectionRecords", {"note": "text"}, {"sample": "samples"}),
    "categories": _collection("categories", {"title": "string"}, {"parent": "categories"}),
    "users": _collection("users", {"username": "string", "nickname": "string", "blocked": "boolean"}),
    "workflowCcTasks": _collection("workflowCcTasks", {"userId": "integer", "title": "text", "status": "integer", "readAt": "date"}),
    "workflowManualTasks": _collection(
        "workflowManualTasks", {"userId": "integer", "jobKey": "string", "title": "text", "status": "integer", "result": "json"}
    ),
    "posts": _collection("posts", {"title": "string", "content": "text"}, {"category": "categories"}),
}


def definitions(*known_nodes: str, scopes: Sequence[str] = ()) -> Definitions:
    return Definitions(COLLECTIONS.get, frozenset(known_nodes), frozenset(scopes))


@dataclass
class FakeRecords:
    """Rows by collection; ``calls`` has the arguments of every call, ``tasks`` what was added for users."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    tasks: list[tuple[str, Row]] = field(default_factory=list)

    def find(
        self, collection: str, *, filter: Json = None, sort: Json = None, appends: Sequence[str] = (), page: int = 1, page_size: int = 20
    ) -> list[Row]:
        self.calls.append(("find", collection, filter, sort, list(appends), page, page_size))
        ordered = sort_rows(self._matching(collection, filter), parse_sort(sort, COLLECTIONS[collection]))
        return ordered[(page - 1) * page_size : page * page_size]

    def create(self, collection: str, values: Row, *, appends: Sequence[str] = ()) -> Row:
        self.calls.append(("create", collection, values, list(appends)))
        rows = self.rows.setdefault(collection, [])
        rows.append({"id": len(rows) + 1, **values})
        return rows[-1]

    def update(self, collection: str, filter: Json, values: Row, *, events: bool = True) -> int:
        self.calls.append(("update", collection, filter, values) if events else ("update", collection, filter, values, "no events"))
        matching = self._matching(collection, filter)
        for row in matching:
            row.update(values)
        return len(matching)

    def destroy(self, collection: str, filter: Json) -> int:
        self.calls.append(("destroy", collection, filter))
        matching = self._matching(collection, filter)
        self.rows[collection] = [row for row in self.rows[collection] if row not in matching]
        return len(matching)

    def values(self, collection: str, field: str, *, filter: Json = None, association: tuple[str, Json] | None = None) -> list[Json]:
        """Partners over a belongsTo association: those of the record with the given key."""
        self.calls.append(("values", collection, field, filter, association))
        if association:
            link = COLLECTIONS[collection].fields[association[0]]
            owner: Row = next((row for row in self.rows.get(collection, []) if row["id"] == association[1]), {})
            collection, filter = link.target or "", {"$and": [filter or {}, {"id": {"$in": [owner.get(link.foreign_key or "")]}}]}
        return [row.get(field) for row in self._matching(collection, filter)]

    def add_task(self, kind: TaskKind, values: Row) -> None:
        self.tasks.append((kind, values))

    def _matching(self, collection: str, raw: Json) -> list[Row]:
        parsed = parse_filter(raw, COLLECTIONS[collection], COLLECTIONS.__getitem__)
        return [row for row in self.rows.get(collection, []) if parsed.matches(row)]


@dataclass
class FakePorts:
    """``has_run``: keys of nodes that may be assigned to; ``is_awaited``: a call waits for messages.

    ``answers``: what effects answer by their kind (an `EffectFailed` is raised); ``children``: what workflows end as, by their key."""

    records: FakeRecords = field(default_factory=FakeRecords)
    is_awaited: bool = True
    has_run: tuple[str, ...] = ()
    messages: list[str] = field(default_factory=list)
    outputs: list[Json] = field(default_factory=list)
    assigned: list[tuple[str, Json]] = field(default_factory=list)
    now_ms: int = 1_790_000_000_000
    timezone: str = "+00:00"
    execution_id: int = 700
    workflow_id: int = 8192
    node_id: int = 8193
    job_key: str = "#node"
    answers: dict[str, Json] = field(default_factory=dict)
    effects: list[tuple[str, Row]] = field(default_factory=list)
    children: dict[str, Child] = field(default_factory=dict)
    started: list[tuple[str, Json]] = field(default_factory=list)

    def effect(self, kind: str, payload: Row) -> Json:
        self.effects.append((kind, payload))
        answer = self.answers.get(kind)
        if isinstance(answer, EffectFailed):
            raise answer
        return answer

    def run_workflow(self, key: str, data: Json) -> Child:
        self.started.append((key, data))
        return self.children[key]

    def respond(self, message: str) -> bool:
        if self.is_awaited:
            self.messages.append(message)
        return self.is_awaited

    def set_output(self, value: Json) -> None:
        self.outputs.append(value)

    def assign(self, node_key: str, value: Json) -> bool:
        if node_key in self.has_run:
            self.assigned.append((node_key, value))
        return node_key in self.has_run


def scope_of(data: Json = None, **results: Json) -> dict[str, Json]:
    """A scope with ``$context.data`` and the results of earlier nodes."""
    context = {"data": data, "user": {"id": 1, "nickname": "Ann"}, "roleName": "root"}
    return {"$context": context, "$jobsMapByNodeKey": results, "$system": {}, "$scopes": {}, "$env": {}}


def run_node(node: NodeType, config: dict[str, Json], ports: FakePorts, data: Json = None, **results: Json) -> Outcome:
    """The node as an engine runs it: prepared, then run."""
    return node.run(node.prepare(config), scope_of(data, **results), ports)


def checked(node: NodeType, config: dict[str, Json], *known_nodes: str) -> list[Problem]:
    """What the type's own check says, with the config at the path ``config``."""
    return node.check(config, "config", definitions(*known_nodes))


def paths_and_messages(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in problems]
