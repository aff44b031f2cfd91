"""The model example, built over HTTP as a user would: collections, roles, users, and one workflow for each way to end.

The workflows are those of the custom action event's documentation (https://docs.nocobase.com/workflow/triggers/custom-action).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.functional.client import Client, Json, Reply

PASSWORD = "correct horse 7"
TAKEN_ID = 1  # an inspection record with this id is there from the start, so creating another one fails

USERS: dict[str, list[str]] = {
    "viewer": ["viewer"],
    "submitter": ["submitter"],
    "ownsubmitter": ["ownsubmitter"],
    "member": ["member"],
    "roleadmin": ["admin"],
    "both": ["viewer", "submitter"],
}

COLLECTIONS: list[Json] = [
    {"name": "categories", "fields": [{"name": "title", "type": "string"}]},
    {
        "name": "samples",
        "fields": [
            {"name": "title", "type": "string"},
            {"name": "indicator", "type": "double"},
            {"name": "status", "type": "string"},
            {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"},
        ],
    },
    {
        "name": "inspectionRecords",
        "fields": [
            {"name": "note", "type": "string"},
            {"name": "sample", "type": "belongsTo", "target": "samples", "foreignKey": "sampleId"},
        ],
    },
    {
        "name": "posts",
        "fields": [
            {"name": "title", "type": "string"},
            {"name": "content", "type": "text"},
            {"name": "category", "type": "belongsTo", "target": "categories", "foreignKey": "categoryId"},
        ],
    },
]

ROLES: list[tuple[Json, list[Json]]] = [
    ({"name": "viewer", "strategy": {"actions": ["view"]}}, []),
    (
        {"name": "submitter", "strategy": {"actions": ["view"]}},
        [{"name": "samples", "usingActionsConfig": True, "actions": [{"name": "view"}, {"name": "trigger"}, {"name": "triggerNew"}]}],
    ),
    (
        {"name": "ownsubmitter", "strategy": {"actions": ["view", "create"]}},
        [
            {
                "name": "samples",
                "usingActionsConfig": True,
                "actions": [{"name": "view"}, {"name": "create"}, {"name": "trigger", "scope": {"createdById": "{{$user.id}}"}}],
            }
        ],
    ),
]


def message(text: str) -> Json:
    return {"type": "response-message", "config": {"message": text}}


def end(status: int) -> Json:
    return {"type": "end", "config": {"endStatus": status}}


def output(value: str = "{{$context.data}}") -> Json:
    return {"type": "output", "config": {"value": value}}


def record(note: str, **values: Json) -> Json:
    """A node that makes an inspection record of the sample."""
    values = {"note": note, "sampleId": "{{$context.data.id}}"} | values
    return {"type": "create", "title": f"Make {note}", "config": {"collection": "inspectionRecords", "params": {"values": values}}}


def change_sample(**values: Json) -> Json:
    params = {"filter": {"id": "{{$context.data.id}}"}, "values": values}
    return {"type": "update", "title": "Change the sample", "config": {"collection": "samples", "params": params}}


def over_90(reject: bool = False) -> Json:
    calculation = {"group": {"type": "and", "calculations": [{"calculator": "gt", "operands": ["{{$context.data.indicator}}", 90]}]}}
    return {
        "type": "condition",
        "title": "Over 90?",
        "config": {"engine": "basic", "rejectOnFalse": reject, "calculation": calculation},
    }


def submit(*otherwise: Json) -> list[Json]:
    """The documented example; ``otherwise`` is what the false branch does."""
    accepted = [record("from {{$context.data.title}}"), change_sample(status="Submitted")]
    return [over_90() | {"branches": {"1": accepted, "0": list(otherwise)}}]


def custom_action(key: str, kind: int, collection: str | None, nodes: list[Json], *appends: str, **more: Json) -> Json:
    config: dict[str, Any] = {"type": kind, "appends": list(appends)} | ({"collection": collection} if collection else {})
    config |= more.pop("config", {})
    return {"key": key, "title": key, "type": "custom-action", "sync": True, "enabled": True, "config": config, "nodes": nodes} | more


LOW = message("Indicator does not meet")
THREE_MESSAGES = [
    message("First: {{$context.data.title}}"),
    message("Second: category {{$context.data.category.title}}"),
    message("Third: by {{$context.user.nickname}} as {{$context.roleName}}"),
]
HELLO = message("hello {{$context.data.name}} from {{$context.user.nickname}} as {{$context.roleName}}")
TAKEN = record("id taken", id=TAKEN_ID) | {"title": "Take a taken id"}
CHOSEN = {"filter": {"id": {"$in": "{{$context.data.id}}"}}, "values": {"status": "Archived"}}
ARCHIVE = {"type": "update", "config": {"collection": "samples", "params": CHOSEN}}

WORKFLOWS: list[Json] = [
    custom_action("submit", 1, "samples", submit(LOW, end(-1))),
    custom_action("submit_end_ok", 1, "samples", submit(LOW, end(1))),
    custom_action("submit_no_end", 1, "samples", submit(LOW)),
    custom_action("echo", 1, "samples", [output()], "category"),
    custom_action("echo_noappends", 1, "samples", [output()]),
    custom_action("messages", 1, "samples", THREE_MESSAGES, "category"),
    custom_action("end_ok", 1, "samples", [end(1)]),
    custom_action("end_failed", 1, "samples", [end(-1)]),
    custom_action("empty", 1, "samples", []),
    custom_action("disabled", 1, "samples", [output()], enabled=False),
    custom_action("note", 1, "samples", [record("note of {{$context.data.title}}")]),
    custom_action("node_throws", 1, "samples", [TAKEN]),
    custom_action("partial", 1, "samples", [record("before the failure"), change_sample(status="Half"), message("before"), TAKEN]),
    custom_action("partial_end", 1, "samples", [record("before the end"), change_sample(status="Ended"), end(-1)]),
    custom_action("reject_on_false", 1, "samples", [change_sample(status="Half"), message("before the rejection"), over_90(reject=True)]),
    custom_action("append_x", 1, "samples", [record("x"), change_sample(title="{{$context.data.title}}x")]),
    custom_action("multi", 2, "samples", [ARCHIVE, output()]),
    custom_action("multi_appends", 2, "samples", [output()], "category"),
    custom_action("category", 1, "categories", [message("category is {{$context.data.title}}"), output()]),
    custom_action("post", 1, "posts", [output()]),
    custom_action("global", 0, None, [HELLO, output()]),
    custom_action("global_limited", 0, None, [output()], config={"roles": ["submitter"]}),
]


@dataclass(frozen=True)
class Model:
    """``root`` is the super admin; ``users`` are signed in, by the names of USERS."""

    root: Client
    users: dict[str, Client]
    blood: int
    water: int

    def sample(self, title: str = "Sample", indicator: float | None = 95, /, **values: Json) -> int:
        """A new sample of the category Blood; its id."""
        values = {"title": title, "indicator": indicator, "status": "Collected", "category": self.blood} | values
        return int(self.root.post("samples:create", values).data["id"])

    def read(self, sample: int) -> Json:
        return self.root.get(f"samples:get/{sample}").data

    def notes(self, sample: int) -> list[str]:
        """The notes of the sample's inspection records."""
        return [row["note"] for row in self.root.rows("inspectionRecords", sampleId=sample)]

    def ran(self, key: str) -> int:
        """How many executions of a workflow there are."""
        return self.root.count("executions", key=key)

    def last_run(self, key: str) -> Json:
        """The newest execution of a workflow, with its jobs."""
        newest = self.root.get("executions:list", filter={"key": key}, sort="-id", pageSize=1).data[0]
        return self.root.get(f"executions:get/{newest['id']}", appends=["jobs"]).data

    def workflow(self, nodes: list[Json], kind: int = 1, collection: str | None = "samples", **more: Json) -> Json:
        """A workflow of its own for one test."""
        return self.root.post("workflows:create", custom_action(f"own{next(_NUMBERS)}", kind, collection, nodes, **more)).data


_NUMBERS = itertools.count(1)


def build(root: Client, stranger: Client) -> Model:
    for collection in COLLECTIONS:
        root.post("collections:create", collection).ok()
    for role, resources in ROLES:
        root.post("roles:create", role).ok()
        for resource in resources:
            root.post(f"roles/{role['name']}/resources:create", resource).ok()
    blood, water = (int(root.post("categories:create", {"title": title}).data["id"]) for title in ("Blood", "Water"))
    root.post("inspectionRecords:create", {"id": TAKEN_ID, "note": "the first"}).ok()
    for workflow in WORKFLOWS:
        root.post("workflows:create", workflow).ok()
    users = {name: make_user(root, stranger, name, roles) for name, roles in USERS.items()}
    return Model(root, users, blood, water)


def make_user(root: Client, stranger: Client, name: str, roles: list[str]) -> Client:
    """A user, signed in. The password is PASSWORD."""
    root.post("users:create", {"username": name, "nickname": name, "password": PASSWORD, "roles": roles}).ok()
    return stranger.with_token(sign_in(stranger, name, PASSWORD))


def sign_in(stranger: Client, account: str, password: str) -> str:
    return str(stranger.post("auth:signIn", {"account": account, "password": password}).data["token"])


def ended(answer: Reply) -> list[tuple[str, int]]:
    """Key and status of each execution in the answer; ids are whole numbers."""
    assert all(0 < entry["id"] < 2**53 for entry in answer.executions)
    return [(entry["key"], entry["status"]) for entry in answer.executions]


def context(model: Model, answer: Reply) -> Json:
    """What the (only) workflow was started with."""
    (execution,) = answer.executions
    return model.root.get(f"executions:get/{execution['id']}").data["context"]


def things(root: Client, *fields: Json) -> str:
    """A collection of its own for one test; its name."""
    name = f"things{next(_NUMBERS)}"
    root.post("collections:create", {"name": name, "fields": list(fields)}).ok()
    return name
