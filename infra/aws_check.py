"""``python -m infra.aws_check``: tries a deployed stack (or any URL) in a few minutes, as a user would, and leaves nothing behind.

One sign-in, one trigger that writes, one asynchronous run with a delay of five seconds, one schedule, one message; with ``--stack`` the
stack's state and outputs first, and the URL and the topic are taken from them. Needs a user that may manage workflows. What it makes is
called ``stepbaseCheck…`` and is removed at the end, also when a step failed. Source: https://docs.aws.amazon.com/cli/latest/reference/sns/publish.html
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.deploy import Aws, DeployError
from local.client import Client, Refused

DELAY_SECONDS = 5
PATIENCE_SECONDS = 240
RESOLVED = 1
HTTP_STEPS = ("sign-in", "trigger", "asynchronous run")
STEPS = (*HTTP_STEPS, "schedule", "message")
NEEDED_OUTPUTS = ("EndpointURL", "IncomingTopicArn", "RecordsTableName", "ExecutionsTableName", "AlarmTopicArn")
FINE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")

Json = Any


class CheckFailed(Exception):
    """A step did not do what it should; the message says what was seen."""


@dataclass
class Check:
    """The steps over one product; ``publish(text)`` sends a message to its incoming topic."""

    client: Client
    account: tuple[str, str]
    publish: Callable[[str], None]
    topic: str = "incoming"
    patience_seconds: float = PATIENCE_SECONDS
    name: str = field(default_factory=lambda: f"stepbaseCheck{secrets.token_hex(4)}")
    made: list[str] = field(default_factory=list)

    def run(self, steps: Sequence[str], say: Callable[[str], None] = print) -> list[str]:
        """The problems, one for each step that failed. What was made is removed."""
        doing = dict(zip(STEPS, (self.sign_in, self.trigger, self.asynchronous, self.schedule, self.message), strict=True))
        problems: list[str] = []
        for step in steps:
            began = time.monotonic()
            try:
                doing[step]()
                say(f"  ok      {step} ({time.monotonic() - began:.1f} s)")
            except (CheckFailed, Refused, DeployError, OSError) as error:
                problems.append(f"{step}: {error}")
                say(f"  FAILED  {step}: {error}")
                if step == HTTP_STEPS[0]:
                    return problems
        return problems + self._removed()

    def sign_in(self) -> None:
        """And a collection for the steps that write."""
        self.client.sign_in(*self.account)
        self.client.call("collections:create", {"name": self.name, "fields": [{"name": "text", "type": "string"}]})

    def trigger(self) -> None:
        """A synchronous workflow changes the record that it is triggered on."""
        record = self.client.call(f"{self.name}:create", {"text": "before"})["data"]["id"]
        values = {"filter": {"id": "{{$context.data.id}}"}, "values": {"text": "after"}}
        node = {"type": "update", "key": "write", "config": {"collection": self.name, "params": values}}
        key = self._workflow("Trigger", "custom-action", {"type": 1, "collection": self.name}, [node], sync=True)
        self.client.call(f"{self.name}:trigger/{record}", {}, triggerWorkflows=key)
        if (text := self.client.call(f"{self.name}:get/{record}")["data"]["text"]) != "after":
            raise CheckFailed(f"the workflow should have written 'after', the record has {text!r}")

    def asynchronous(self) -> None:
        """A state machine is made, waits and writes."""
        delay = {"type": "delay", "key": "wait", "config": {"duration": DELAY_SECONDS, "unit": 1000, "endStatus": 1}}
        key = self._workflow("Waits", "custom-action", {"type": 0}, [delay, self._note("waited")])
        began = time.monotonic()
        (started,) = self.client.call("workflows:trigger", {}, triggerWorkflows=key)["meta"]["executions"]
        self._until_resolved(key, started["id"])
        if (seconds := time.monotonic() - began) < DELAY_SECONDS:
            raise CheckFailed(f"it should have waited {DELAY_SECONDS} s and took {seconds:.1f}")
        self._expect_note("waited")

    def schedule(self) -> None:
        """The minute after next, so that there is time to make the schedule."""
        at = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
        config = {"mode": 0, "startsOn": at.isoformat().replace("+00:00", "Z")}
        self._until_resolved(self._workflow("Scheduled", "schedule", config, [self._note("scheduled")]))
        self._expect_note("scheduled")

    def message(self) -> None:
        node = self._note("{{$context.data.text}}")
        mark = f"message {secrets.token_hex(4)}"
        key = self._workflow("Message", "message", {"topic": self.topic, "filter": {"body.check": self.name}}, [node])
        self.publish(f'{{"check": "{self.name}", "text": "{mark}"}}')
        self._until_resolved(key)
        self._expect_note(mark)

    def _note(self, text: str) -> Json:
        return {"type": "create", "key": "note", "config": {"collection": self.name, "params": {"values": {"text": text}}}}

    def _workflow(self, title: str, kind: str, config: Json, nodes: list[Json], *, sync: bool = False) -> str:
        """The key of a workflow that is made and enabled."""
        key = f"{self.name}{title}"
        body = {"key": key, "title": f"{self.name}: {title}", "type": kind, "sync": sync, "enabled": True, "config": config, "nodes": nodes}
        self.made.append(str(self.client.call("workflows:create", body)["data"]["id"]))
        return key

    def _until_resolved(self, key: str, execution_id: int | None = None) -> None:
        """Until an execution of the workflow (the one with the id) has ended well. Raises CheckFailed."""
        ends, seen = time.monotonic() + self.patience_seconds, "no execution"
        wanted = {"key": key} if execution_id is None else {"key": key, "id": execution_id}
        while time.monotonic() < ends:
            for found in self.client.call("executions:list", None, **{f"filter[{name}]": value for name, value in wanted.items()})["data"]:
                if found["status"] == RESOLVED:
                    return
                if found["status"] not in (None, 0):
                    raise CheckFailed(f"execution {found['id']} ended with status {found['status']}")
                seen = f"execution {found['id']} is open"
            time.sleep(1)
        raise CheckFailed(f"{seen} after {self.patience_seconds:.0f} s")

    def _expect_note(self, text: str) -> None:
        rows = self.client.call(f"{self.name}:list", None, paginate="false")["data"]
        if text not in [row["text"] for row in rows]:
            raise CheckFailed(f"the workflow should have made a record with {text!r}")

    def _removed(self) -> list[str]:
        problems = []
        calls = [(f"workflows:update/{made}", {"enabled": False}) for made in self.made]
        calls += [(f"workflows:destroy/{made}", {}) for made in self.made] + [(f"collections:destroy/{self.name}", {})]
        for action, body in calls:
            try:
                self.client.call(action, body)
            except (Refused, OSError) as error:
                problems.append(f"cleaning up, {action}: {error}")
        return problems


def outputs_of(aws: Aws, stack: str) -> dict[str, str]:
    """The stack's outputs by name. Raises CheckFailed for one that is not there, not up, or lacks an output; DeployError from the CLI."""
    found = aws.told("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"][0]
    if found["StackStatus"] not in FINE:
        raise CheckFailed(f"the stack {stack} is {found['StackStatus']}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if missing := [name for name in NEEDED_OUTPUTS if name not in outputs]:
        raise CheckFailed(f"the stack {stack} has no output {', '.join(missing)}")
    return outputs


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.aws_check", description="EMAIL and PASSWORD say who signs in.")
    for name in ("stack", "url", "topic-arn", "profile", "region", "sns-endpoint"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--only", choices=STEPS, nargs="*", help="these steps; by default all, without a topic those that need none")
    given = parser.parse_args(arguments)
    aws = Aws(tuple(part for name in ("profile", "region") if (value := getattr(given, name)) for part in (f"--{name}", value)))
    try:
        problems = _checked(given, aws)
    except (CheckFailed, DeployError) as error:
        sys.exit(f"stepbase: {error}")
    sys.exit("\n".join(("stepbase: not all is well", *problems)) if problems else 0)


def _checked(given: argparse.Namespace, aws: Aws) -> list[str]:
    outputs = outputs_of(aws, given.stack) if given.stack else {}
    url, topic = given.url or outputs.get("EndpointURL"), given.topic_arn or outputs.get("IncomingTopicArn")
    email, password = os.environ.get("EMAIL"), os.environ.get("PASSWORD")
    if not url or not email or not password:
        raise CheckFailed("say where and who: STACK=… or URL=…, EMAIL=… and PASSWORD=…")
    at = ["--endpoint-url", given.sns_endpoint] if given.sns_endpoint else []
    check = Check(
        Client(url.rstrip("/").removesuffix("/api")),
        (email, password),
        lambda text: aws.told("sns", "publish", "--topic-arn", topic or "", "--message", text, *at),
    )
    steps = given.only or (STEPS if topic else STEPS[:-1])
    print(f"Checks {url} as {email}:", flush=True)
    return check.run(steps)


if __name__ == "__main__":
    main()
