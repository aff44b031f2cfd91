"""``python -m tests.fuzz PORT REQUESTS``: calls every operation of a running Stepbase with data made up from its own OpenAPI document.

Half of the requests hold to the document and half break it; most name records that exist. No answer may be a 5xx (a workflow that breaks
says ``WORKFLOW_FAILED``, which is an answer), and every answer must be one that the document promises. ACCOUNT and PASSWORD say who calls.
The server's data is changed at will: give it a folder of its own. Source: https://schemathesis.readthedocs.io/en/stable/
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

Json = Any
CHECKED = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
PER_ROUND = 6
MOST_SHOWN = 20
TIMEOUT_SECONDS = 30


@dataclass
class Caller:
    """Root, by HTTP."""

    address: str
    account: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def sign_in(self) -> str:
        body = {"account": self.account, "password": self.password}
        answer = requests.post(f"{self.address}/api/auth:signIn", json=body, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return str(answer.json()["data"]["token"])

    def call(self, path: str, body: Json = None, **params: str) -> Json:
        send = self.session.post if body is not None else self.session.get
        headers = {"Authorization": f"Bearer {self.token}"}
        return send(f"{self.address}/api/{path}", json=body, params=params, headers=headers, timeout=TIMEOUT_SECONDS).json()

    def values(self, path: str, name: str, **params: str) -> list[Json]:
        return [row[name] for row in self.call(path, **params).get("data") or []]


@dataclass
class Known:
    """What exists: ids by resource. What the document rests on (``kept``) is read and used, but neither changed nor removed."""

    caller: Caller
    kept: list[str]
    ids: dict[str, list[Json]] = field(default_factory=dict)

    def refresh(self) -> None:
        caller = self.caller
        name = f"scratch{time.time_ns() % 10**9}"
        fields = [{"name": "title", "type": "string"}, {"name": "size", "type": "integer"}]
        caller.call("collections:create", {"name": name, "fields": fields})
        caller.call("users:create", {"username": name, "password": "correct horse 7", "roles": ["member"]})
        node = {"type": "response-message", "config": {"message": "hello"}}
        made = {"key": name, "type": "custom-action", "sync": True, "enabled": True, "config": {"type": 0}, "nodes": [node]}
        workflow = caller.call("workflows:create", made)["data"]
        self.ids = {one: caller.values(f"{one}:list", "id", pageSize="20") for one in self.kept}
        self.ids |= {
            "users": [one for one in caller.values("users:list", "id", sort="-id") if one != 1],
            "roles": ["member", *caller.values("roles:list", "name")],
            "collections": [name],
            "fields": ["title", "size"],
            "workflows": [workflow["id"]],
            "flow_nodes": [one["id"] for one in workflow["nodes"]],
            "executions": caller.values("executions:list", "id"),
            "keys": [row["key"] for row in caller.call("workflows:list", pageSize="100")["data"] if row["enabled"]],
            "apiKeys": caller.values("apiKeys:list", "id"),
            "workflowCategories": caller.values("workflowCategories:list", "id"),
            "resources": self.kept,
            "dataSources": ["main"],
        }
        self.ids["jobs"] = [f"{one}-1" for one in self.ids["executions"]]

    def fill(self, case: Case, dice: random.Random) -> None:
        """Put what exists where the case has a made-up id or key, most of the time; root itself is never the target."""
        resource, _, rest = case.path.removeprefix("/api/").partition("/")
        resource = resource.partition(":")[0]
        association = rest.partition("/")[2].partition(":")[0]
        parameters = case.path_parameters or {}
        if "id" in parameters and (resource == "users" or dice.random() < 0.7):
            parameters["id"] = self._one(resource, dice, parameters["id"])
        if "associationId" in parameters and dice.random() < 0.7:
            parameters["associationId"] = self._one(
                {"category": "categories", "sample": "samples"}.get(association, association), dice, "x"
            )
        if "trigger" in case.path and case.query is not None and dice.random() < 0.8:
            case.query["triggerWorkflows"] = self._one("keys", dice, "x")
        if "OrCreate" in case.path and case.query is not None and dice.random() < 0.8:
            case.query["filterKeys"] = "title"
        if case.headers is not None and dice.random() < 0.8:
            case.headers.pop("X-Role", None)

    def _one(self, resource: str, dice: random.Random, otherwise: Json) -> Json:
        return dice.choice(self.ids.get(resource) or [otherwise])


@dataclass
class Fuzzing:
    """A run: what was sent, and what came back wrong."""

    caller: Caller
    known: Known
    most: int
    dice: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return sum(self.statuses.values())

    def send(self, case: Case) -> None:
        if self.sent >= self.most:
            return
        self.known.fill(case, self.dice)
        token = self.caller.sign_in() if case.path.endswith("auth:signOut") else self.caller.token
        headers = {"Authorization": f"Bearer {token}"}
        if case.query:
            case.query.pop("token", None)
        response = case.call(base_url=self.caller.address, session=self.caller.session, headers=headers, timeout=TIMEOUT_SECONDS)
        self.statuses[response.status_code] += 1
        if response.status_code >= 500 and "WORKFLOW_FAILED" not in response.text:
            self.note(case, response.status_code, response.text)
            return
        try:
            case.validate_response(response, checks=[CHECKS.get_one(name) for name in CHECKED])
        except FailureGroup as wrong:
            found = "\n".join(str(one) for one in wrong.exceptions)
            self.note(case, response.status_code, f"{found}\n{response.text[:600]}")

    def note(self, case: Case, status: int, about: str) -> None:
        curl = case.as_curl_command().replace(self.caller.token, "$TOKEN")
        self.breaches.append(f"{case.operation.label} -> {status}\n{curl}\n{about[:1500]}")


def rounds(fuzzing: Fuzzing, document: Json) -> Iterator[int]:
    """Each round calls every operation a few times, in either mode."""
    operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    per_round = max(1, min(PER_ROUND, fuzzing.most // len(operations) // 2))
    number = 0
    while fuzzing.sent < fuzzing.most and number < 1_000:
        fuzzing.known.refresh()
        fuzzing.dice.shuffle(operations)
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if fuzzing.sent < fuzzing.most:
                    run(fuzzing, operation, mode, per_round, fuzzing.dice.randrange(2**32))
        number += 1
        yield number


def run(fuzzing: Fuzzing, operation: Json, mode: GenerationMode, examples: int, number: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @seed(number)
    @given(case=operation.as_strategy(generation_mode=mode))
    def test(case: Case) -> None:
        fuzzing.send(case)

    try:
        test()
    except (schemathesis.errors.SchemathesisError, Unsatisfiable) as impossible:  # an operation without parameters cannot be broken
        if mode is GenerationMode.POSITIVE:
            fuzzing.breaches.append(f"{operation.label}: {impossible}")


def main(port: int, most: int) -> int:
    load_all_checks()
    number = int(os.environ.get("SEED") or random.randrange(2**32))
    account, password = os.environ.get("ACCOUNT", "admin@stepbase.local"), os.environ.get("PASSWORD", "stepbase-local")
    caller = Caller(f"http://127.0.0.1:{port}", account, password)
    caller.token = caller.sign_in()
    known = Known(caller, caller.values("collections:list", "name", paginate="false"))
    fuzzing = Fuzzing(caller, known, most, random.Random(number))
    for done in rounds(fuzzing, caller.call("openapi.json")):
        print(f"round {done}: {fuzzing.sent} requests, {len(fuzzing.breaches)} breaches", file=sys.stderr, flush=True)
    for breach in fuzzing.breaches[:MOST_SHOWN]:
        print(f"\n{breach}")
    print(json.dumps({"seed": number, "requests": fuzzing.sent, "statuses": fuzzing.statuses, "breaches": len(fuzzing.breaches)}))
    return 1 if fuzzing.breaches else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
