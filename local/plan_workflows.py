"""The workflows' part of a plan. A version that has run is never changed: it gets a next version, enabled when the one before was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from local.definitions import Body
from local.steps import Caller, Step, diff, differing, made

# What makes a run go another way: a version that has run keeps it. The rest may change at any time.
CONTENT = ("config", "sync", "nodes")


class Plan:
    """``wanted``: the definitions by key."""

    def __init__(self, client: Caller, wanted: dict[str, Body]) -> None:
        self._client = client
        self._wanted = wanted
        current = json.dumps({"current": True})
        rows = client.call("workflows:list", paginate="false", filter=current, appends="stats,versionStats")["data"]
        self._there: dict[str, Body] = {row["key"]: row for row in rows}

    def steps(self) -> Iterator[Step]:
        for key, body in self._wanted.items():
            if key not in self._there:
                yield Step("+", f"workflow {key}", made(self._client, "workflows:import", body), diff({}, body))
            elif step := self._change(key, body):
                yield step

    def _change(self, key: str, body: Body) -> Step | None:
        row = self._there[key]
        there = self._client.call(f"workflows:export/{row['id']}")["data"] | {"enabled": row["enabled"]}
        wanted = body | {"options": there["options"] | (body.get("options") or {})}
        if "nodes" in body and _same_nodes(body["nodes"], there["nodes"]):
            wanted["nodes"] = there["nodes"]
        wanted["config"] = there.get("config", {}) if body.get("config") is None else body["config"]
        different = differing(wanted, {"sync": False, "config": {}} | there)
        if not different:
            return None
        lines = diff({name: there.get(name) for name in different}, different)
        if "type" in different:
            return Step("~", f"workflow {key}", _nothing, lines, impossible="the type of a workflow cannot change; use another key")
        if not different.keys() & set(CONTENT):
            return Step("~", f"workflow {key}", made(self._client, f"workflows:update/{row['id']}", different), lines)
        return self._other_content(row, there | wanted | {"current": True}, lines)

    def _other_content(self, row: Body, document: Body, lines: list[str]) -> Step:
        if row["versionStats"]["executed"]:
            run = made(self._client, "workflows:import", document)
            return Step("~", f"workflow {row['key']}: a next version, since this one has run", run, lines)
        run = made(self._client, "workflows:import", document, filterByTk=row["id"])
        return Step("~", f"workflow {row['key']}", run, lines)

    def extra(self) -> list[Step]:
        """The removal of what no file names; executions stay."""
        steps = []
        for key, row in self._there.items():
            if key not in self._wanted:
                runs = row["stats"]["executed"]
                loses = f"every version of {key}, which {runs} execution{'s' if runs != 1 else ''} ran" if runs else ""
                steps.append(Step("-", f"workflow {key}", made(self._client, f"workflows:destroy/{row['id']}", {}), loses=loses))
        return steps


def _nothing() -> None:
    return None


def _same_nodes(wanted: list[Body], there: list[Body]) -> bool:
    """Whether the nodes are as wanted; a key counts only where the file gives one."""
    return len(wanted) == len(there) and all(_same_node(one, other) for one, other in zip(wanted, there, strict=True))


def _same_node(wanted: Body, there: Body) -> bool:
    if _content(wanted) != _content(there) or wanted.get("key", there["key"]) != there["key"]:
        return False
    one, other = wanted.get("branches") or {}, there.get("branches") or {}
    return one.keys() == other.keys() and all(_same_nodes(one[index], other[index]) for index in one)


def _content(node: Body) -> tuple[Any, ...]:
    return node["type"], node.get("title"), node.get("config") or {}
