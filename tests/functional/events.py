"""A small blog of its own for each test file, so that workflows on its records disturb nobody else's."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.functional.client import Client, Json, Reply

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Blog:
    """Names of its collections; posts have a category and comments, ``log`` is where workflows write."""

    root: Client
    posts: str
    categories: str
    comments: str
    log: str

    def workflow(self, kind: str, config: Json, *nodes: Json, **more: Json) -> str:
        """An enabled synchronous workflow on posts unless the config names another collection; its key."""
        key = f"{self.posts}_{next(_NUMBERS)}"
        config = {"collection": self.posts} | config
        body: dict[str, Any] = {
            "key": key,
            "title": key,
            "type": kind,
            "sync": True,
            "enabled": True,
            "config": config,
            "nodes": list(nodes),
        }
        self.root.post("workflows:create", body | more).ok()
        return key

    def after(self, *nodes: Json, **config: Json) -> str:
        """A post-action workflow."""
        return self.workflow("action", config, *nodes)

    def before(self, *nodes: Json, **config: Json) -> str:
        """A pre-action workflow."""
        return self.workflow("request-interception", config, *nodes)

    def on(self, mode: int, *nodes: Json, **config: Json) -> str:
        """A workflow on a record event."""
        return self.workflow("collection", {"mode": mode} | config, *nodes)

    def create(self, key: str, body: Json, **query: Json) -> Reply:
        return self.root.post(f"{self.posts}:create", body, triggerWorkflows=key, **query)

    def post(self, title: str = "P", **values: Json) -> int:
        return int(self.root.post(f"{self.posts}:create", {"title": title} | values).data["id"])

    def titles(self) -> list[Json]:
        return sorted(row["title"] for row in self.root.rows(self.posts))

    def notes(self) -> list[Json]:
        return sorted(row["note"] for row in self.root.rows(self.log))

    def runs(self, key: str) -> list[Json]:
        """Its executions, oldest first."""
        found: list[Json] = self.root.get("executions:list", filter={"key": key}, sort="id", pageSize=200).data
        return found

    def data(self, key: str) -> list[Json]:
        """What each of its executions got as ``$context.data``, oldest first."""
        return [run["context"]["data"] for run in self.runs(key)]

    def note(self, text: str, **values: Json) -> Json:
        """A node that writes a line into the log."""
        return {"type": "create", "config": {"collection": self.log, "params": {"values": {"note": text} | values}}}

    def change_post(self, **values: Json) -> Json:
        """A node that changes the post of the context."""
        params = {"filter": {"id": "{{$context.data.id}}"}, "values": values}
        return {"type": "update", "config": {"collection": self.posts, "params": params}}


def make_blog(root: Client) -> Blog:
    mark = f"b{next(_NUMBERS)}"
    blog = Blog(root, f"{mark}posts", f"{mark}categories", f"{mark}comments", f"{mark}log")
    title = {"name": "title", "type": "string"}
    category = {"name": "category", "type": "belongsTo", "target": blog.categories, "foreignKey": "categoryId"}
    post = {"name": "post", "type": "belongsTo", "target": blog.posts, "foreignKey": "postId"}
    comments = {"name": "comments", "type": "hasMany", "target": blog.comments, "foreignKey": "postId"}
    parent = {"name": "parent", "type": "belongsTo", "target": blog.categories, "foreignKey": "parentId"}
    code = {"name": "code", "type": "string", "unique": True}
    for name, fields in (
        (blog.categories, [title, {"name": "level", "type": "integer"}]),
        (blog.posts, [title, {"name": "content", "type": "text"}, {"name": "status", "type": "string"}, code, category]),
        (blog.comments, [{"name": "content", "type": "text"}, post]),
        (blog.log, [{"name": "note", "type": "string"}]),
    ):
        root.post("collections:create", {"name": name, "fields": fields}).ok()
    root.post(f"collections/{blog.posts}/fields:create", comments).ok()
    root.post(f"collections/{blog.categories}/fields:create", parent).ok()
    return blog


SAY = {"type": "response-message", "config": {"message": "post {{$context.data.title}} saved"}}
ECHO = {"type": "output", "config": {"value": "{{$context.data}}"}}
NEVER = {"group": {"type": "or", "calculations": []}}
REJECT = {"type": "condition", "title": "Never", "config": {"rejectOnFalse": True, "calculation": NEVER}}


def say(text: str) -> Json:
    return {"type": "response-message", "config": {"message": text}}


def end(status: int) -> Json:
    return {"type": "end", "config": {"endStatus": status}}


def ended(answer: Reply) -> list[tuple[str, int | None]]:
    return [(entry["key"], entry["status"]) for entry in answer.executions]
