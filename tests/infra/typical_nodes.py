"""Nodes of the workflows in `typical_work.py`."""

from __future__ import annotations

from typing import Any

Json = Any


def create(text: str = "{{$context.data.text}}") -> Json:
    return {"type": "create", "config": {"collection": "notes", "params": {"values": {"text": text}}}}


def delay(seconds: int) -> Json:
    return {"type": "delay", "key": "wait", "config": {"duration": seconds, "unit": 1000, "endStatus": 1}}


def subflow(key: str) -> Json:
    return {"type": "subflow", "key": "sub", "config": {"workflow": key, "context": {}}}


OUTPUT: Json = {"type": "output", "config": {"value": 1}}
BAD_SUM: Json = {"type": "calculation", "config": {"engine": "jsonata", "expression": "$number('x')"}}
FILE: Json = {"filename": "t.txt", "content": "t", "contentType": "text/plain"}
MAIL: Json = {
    "type": "mailer",
    "config": {"to": ["ada@example.com"], "subject": "s", "contentType": "text", "text": "t", "attachments": [FILE]},
}
NOTIFY: Json = {"type": "notification", "config": {"channelName": "notifications", "title": "t", "content": "c"}}
FIND: Json = {"type": "query", "key": "find", "config": {"collection": "notes", "multiple": True, "params": {"filter": {"text": "old"}}}}
ONE: Json = {"filter": {"id": "{{$jobsMapByNodeKey.one.id}}"}}
ANSWERS: Json = [{"key": "yes", "status": 1}, {"key": "draft", "status": 0}]
MANUAL: Json = {
    "type": "manual",
    "key": "ask",
    "config": {"assignees": [1], "forms": {"f": {"type": "custom", "actions": ANSWERS}}},
}
# Reads by an index and without one; makes two records, changes one, with a value that is unique, and removes what the last run left.
RECORDS: list[Json] = [
    FIND,
    {"type": "destroy", "config": {"collection": "notes", "params": {"filter": {"code": {"$startsWith": "made"}}}}},
    create(),
    create() | {"key": "one"},
    {"type": "update", "config": {"collection": "notes", "params": ONE | {"values": {"code": "made {{$context.data.code}}"}}}},
]
ALL: list[Json] = [*RECORDS, MAIL, NOTIFY]
ROOT: Json = {"type": "query", "config": {"collection": "users", "params": {"filter": {"id": 1}}}}
TRANSACTION: Json = {"type": "transaction", "config": {}, "branches": {"0": [NOTIFY, create("within")]}}
