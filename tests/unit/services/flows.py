"""A workflow with branches, and how its versions and nodes look."""

from __future__ import annotations

from typing import Any

from tests.sessions import Session

Json = Any

SAY = {"key": "say", "type": "response-message", "config": {"message": "{{$context.data.title}}"}}
TREE: list[Json] = [
    {"key": "first", "type": "output", "title": "First", "config": {"value": 1}},
    {
        "key": "meets",
        "type": "condition",
        "config": {"rejectOnFalse": False},
        "branches": {
            "1": [{"key": "yes", "type": "output", "config": {"value": "y"}}, {"key": "yes2", "type": "end", "config": {}}],
            "0": [SAY],
        },
    },
    {"key": "last", "type": "output", "config": {"value": "{{$jobsMapByNodeKey.first}}"}},
]


def rows(root: Session, **wanted: Json) -> list[Json]:
    found: list[Json] = root.call("workflows:list", filter=wanted, paginate="false", sort="id")
    return found


def ids(root: Session, version: int) -> dict[str, int]:
    return {node["key"]: node["id"] for node in root.call("workflows:get", version, appends="nodes")["nodes"]}


def shape(root: Session, version: int) -> Json:
    """The nodes as keys: ``["first", {"meets": {"1": ["yes", "yes2"], "0": ["say"]}}, "last"]``."""

    def line(nodes: list[Json]) -> Json:
        return [
            {node["key"]: {index: line(branch) for index, branch in node["branches"].items()}} if "branches" in node else node["key"]
            for node in nodes
        ]

    return line(root.call("workflows:export", version)["nodes"])


def run(root: Session, version: int, **params: Json) -> Json:
    return root.call("workflows:execute", version, {"userId": 1, "data": {"title": "t"}}, **params)


def revise(root: Session, version: int, key: str = "flow", body: Json = None) -> Json:
    return root.call("workflows:revision", version, body, filter={"key": key})
