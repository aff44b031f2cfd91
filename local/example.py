"""Loads the definitions in ``example/`` as a user would: over HTTP, signed in as root, and only what is missing.

A file holds any of::

    {"collections": [<body of collections:create>, …],
     "records": {"categories": [{…}], "samples": [{"title": "…", "categoryId": "@categories.0"}]},
     "workflows": [<body of workflows:create, with "key" and "nodes">, …],
     "actions": [<body of actions:create, with "name">, …]}

Files are read in the order of their names. Records are made only together with their collection, so what a user
deleted stays deleted; ``@categories.0`` is the id of the first record that the file made in ``categories``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.client import Client

FOLDER = Path(__file__).resolve().parent.parent / "example"
# What is loaded, in order, and the field that tells whether it is there.
KINDS = (("collections", "name"), ("workflows", "key"), ("actions", "name"))

Body = dict[str, Any]


def load(client: Client, folder: Path = FOLDER) -> list[str]:
    """What was made, as ``collections samples``. ``client`` is signed in. Raises Refused when a definition is."""
    files = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    made: list[str] = []
    for kind, name in KINDS:
        bodies = [(body, file) for file in files for body in file.get(kind, [])]
        known = _known(client, kind, name) if bodies else set()
        made += [f"{kind} {body[name]}" for body, _ in bodies if body[name] not in known and client.call(f"{kind}:create", body)]
    for file in files:
        _fill(
            client, file.get("records", {}), {body["name"] for body in file.get("collections", []) if f"collections {body['name']}" in made}
        )
    return made


def first_trigger(folder: Path = FOLDER) -> tuple[str, str] | None:
    """Collection and key of the first synchronous single-record workflow that the example binds to a button."""
    for path in sorted(folder.glob("*.json")):
        for workflow in json.loads(path.read_text()).get("workflows", []):
            config = workflow.get("config", {})
            if workflow.get("type") == "custom-action" and workflow.get("sync") and config.get("type") == 1:
                return config["collection"], workflow["key"]
    return None


def _known(client: Client, kind: str, name: str) -> set[str]:
    return {row[name] for row in client.call(f"{kind}:list", paginate="false")["data"]}


def _fill(client: Client, records: dict[str, list[Body]], fresh: set[str]) -> None:
    ids: dict[str, int] = {}
    for collection, bodies in records.items():
        if collection not in fresh:
            continue
        for number, body in enumerate(bodies):
            values = {field: _resolved(value, ids) for field, value in body.items()}
            ids[f"@{collection}.{number}"] = client.call(f"{collection}:create", values)["data"]["id"]


def _resolved(value: Any, ids: dict[str, int]) -> Any:
    return ids.get(value, value) if isinstance(value, str) else value
