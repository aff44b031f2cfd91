"""What a stack does in its life, in a minute: every function at its usual work, over `Deployed`.

Each flow is one function's; together they come to every right that a function has.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3

from tests.infra.deployed import Deployed, Playing
from tests.infra.physical import STACK
from tests.infra.typical_nodes import ALL, BAD_SUM, MANUAL, NOTIFY, OUTPUT, RECORDS, ROOT, TRANSACTION, create, delay, subflow
from tests.messages import notification, of_queue

Json = Any
ACCOUNT, PASSWORD = "root@example.com", "root password 9"
HOUR_S = 3_600
SLOW_S = 40  # longer than a call of the API may take; twice that is longer than an invocation
TRIES = 4  # of one transaction, before it counts as unanswered


class Work:
    """Flows in order: later ones use what earlier ones have made."""

    def __init__(self, deployed: Deployed) -> None:
        self.on = deployed
        self._codes = iter(range(1_000))

    def all(self) -> None:
        self.admin()
        self.api_records()
        self.api_workflows()
        self.api_executions()
        self.api_spills()
        self.segments()
        self.await_signal()
        self.trigger()
        self.receive()
        self.fire()
        self.machine_ended()
        self.sweep()

    # --- what flows are made of

    def body(self) -> Json:
        return {"text": "new", "code": f"c{next(self._codes)}"}

    def workflow(self, key: str, nodes: list[Json], kind: str = "custom-action", sync: bool = True, **more: Json) -> int:
        body = {"key": key, "title": key, "type": kind, "sync": sync, "enabled": True, "config": {"type": 0}, "nodes": nodes} | more
        version: int = self.on.call("workflows:create", body)["data"]["id"]
        return version

    def start(self, key: str, body: Json = None, **query: str) -> int:
        """The id of the execution that a call of the API starts."""
        _, told = self.on.answer("workflows:trigger", body or self.body(), triggerWorkflows=key, **query)
        execution: int = told["meta"]["executions"][0]["id"]
        return execution

    def event(self, key: str, **more: Json) -> Json:
        return {"triggerWorkflows": key, "as": ACCOUNT, "values": self.body()} | more

    def of_note(self) -> Json:
        return {"collection": "notes", "filterByTk": self.on.call("notes:create", {"text": "old"})["data"]["id"]}

    def status(self, execution: int) -> Json:
        return self.on.call(f"executions:get/{execution}")["data"]["status"]

    # --- flows

    def admin(self) -> None:
        self.on.invoke("admin", {"install": {"email": ACCOUNT, "password": "first password 1"}})
        status, _ = self.on.answer("auth:signIn", {"account": ACCOUNT, "password": "wrong password 1"})
        assert status == 401
        self.on.silent_for = TRIES
        self.on.invoke("admin", {"unblockSignIn": {"user": ACCOUNT}})
        assert self.on.silent_for == 0
        answer = self.on.invoke("admin", {"resetPassword": {"user": ACCOUNT, "password": PASSWORD}})
        assert answer["statusCode"] == 200
        self.on.clock.sleep(2)
        self.on.token = self.on.call("auth:signIn", {"account": ACCOUNT, "password": PASSWORD})["data"]["token"]

    def api_records(self) -> None:
        text, code = {"name": "text", "type": "string", "index": True}, {"name": "code", "type": "string", "unique": True}
        due = {"name": "due", "type": "date"}
        self.on.call("collections:create", {"name": "notes", "audit": True, "fields": [text, code, due]})
        identity = self.on.call("notes:create", {"text": "old", "code": "a"})["data"]["id"]
        self.on.call(f"notes:update/{identity}", {"code": "b"})
        self.on.call("notes:create", {"text": "old", "code": "a"})
        assert len(self.on.call("notes:list", filter=json.dumps({"text": "old"}))["data"]) == 2
        self.on.call(f"notes:destroy/{identity}")
        self.on.call("auditLogs:list", filter=json.dumps({"collection": "notes"}))

    def api_workflows(self) -> None:
        self.workflow("work", ALL)
        self.workflow("exact", [ROOT, create("exactly")], options={"isolation": "serializable"})
        self.workflow("patient", [*ALL, TRANSACTION, subflow("exact"), delay(60), OUTPUT], sync=False)
        self.workflow("on_note", [create("beside {{$context.data.id}}")], config={"type": 1, "collection": "notes"})
        self.workflow("asks", [MANUAL, OUTPUT], sync=False)
        self.workflow("waits", [delay(60), OUTPUT], sync=False)
        self.workflow("late", [delay(60), OUTPUT], sync=False, options={"timeout": 30_000, "concurrency": {"limit": 1}})
        self.workflow("late_below", [subflow("late"), OUTPUT], sync=False)
        self.workflow("fails", [create(), BAD_SUM, delay(60)], sync=False)
        self.workflow("fails_at_once", [BAD_SUM])
        self.workflow("parent", [subflow("asks"), OUTPUT], sync=False)
        self.workflow("nightly", RECORDS, "schedule", sync=False, config={"mode": 0, "repeat": "* * * * *", "limit": 50})
        dated = {"mode": 1, "collection": "notes", "startsOn": {"field": "due"}}
        self.workflow("reminds", [OUTPUT], "schedule", sync=False, config=dated)
        self.workflow("on_message", ALL, "message", config={"topic": "incoming", "filter": {"body.kind": "now"}})
        self.workflow("on_message_later", [OUTPUT], "message", sync=False, config={"topic": "incoming", "filter": {"body.kind": "later"}})

        self.workflow("by_turns", [MANUAL, OUTPUT], sync=False, options={"concurrency": {"limit": 1}})

    def api_executions(self) -> None:
        """People and calls end what waits: by a task, a cancel, another attempt, a version that is switched off."""
        self.start("fails_at_once")
        self.start("work")
        self.start("work")
        self.on.call(f"notes:trigger/{self.of_note()['filterByTk']}", {}, triggerWorkflows="on_note")
        fails = self.on.call("workflows:list", filter=json.dumps({"key": "fails"}))["data"][0]["id"]
        self.on.call(f"workflows:execute/{fails}", {"userId": 1, "data": self.body()})
        asked, again, parent = self.start("asks"), self.start("asks"), self.start("parent")
        held = self.halted("waits")
        self.on.play()
        self.answer_task(asked, "draft")
        self.answer_task(asked)
        self.on.call(f"executions:cancel/{held}")
        self.on.call(f"executions:cancel/{parent}")
        self.on.call(f"executions:rerun/{again}")
        self.on.play()
        assert [self.status(one) for one in (asked, held, parent, again)] == [1, -3, -3, 0]
        self.on.call("executions:list", filter=json.dumps({"key": "asks"}))
        self.on.call(f"executions:destroy/{asked}")

    def api_spills(self) -> None:
        """A call takes too long and goes on as an asynchronous execution."""
        self.workflow("slow", [NOTIFY, create()], options={"spillToAsync": True})
        self.on.slowness_s = SLOW_S
        status, told = self.on.answer("workflows:trigger", self.body(), triggerWorkflows="slow")
        self.on.slowness_s = 0
        self.has_spilled(status, told)

    def has_spilled(self, status: int, told: Json) -> None:
        assert status == 202
        self.on.play()
        assert self.status(told["meta"]["executions"][0]["id"]) == 1

    def segments(self) -> None:
        """Executions walk, wait for times, people and each other, fail and are told of."""
        patient, fails, parent = self.start("patient"), self.start("fails"), self.start("parent")
        first, second = self.start("by_turns"), self.start("by_turns")
        self.on.play()
        assert [self.status(one) for one in (patient, fails, parent, first, second)] == [1, -2, 0, 0, None]
        self.answer_task(first)
        self.answer_task(self.child_of(parent))
        self.lose_machines()
        self.on.play()
        assert [self.status(one) for one in (first, second, parent)] == [1, 0, 1]

    def await_signal(self) -> None:
        """A signal comes before the token is kept; and the database gives no answer for a while."""
        asked = self.start("asks")
        self.on.before_wait = lambda: self.answer_task(asked) if self.status(asked) == 0 else None
        self.on.play()

        def silence() -> None:
            self.on.silent_for, self.on.before_wait = TRIES, lambda: None

        self.start("asks")
        self.on.before_wait = silence
        self.on.play()
        assert self.on.silent_for == 0

    def trigger(self) -> None:
        self.lose_machines()
        events = [self.event("work"), self.event("patient", idempotencyKey="once"), self.event("on_note", **self.of_note())]
        for event in events:
            answer = self.on.invoke("trigger", event)
            assert answer["statusCode"] in (200, 202), answer
        self.on.play()
        self.lose_machines()
        self.on.slowness_s = 2 * SLOW_S
        answer = self.on.invoke("trigger", self.event("slow"))
        self.on.slowness_s = 0
        self.has_spilled(answer["statusCode"], answer["body"])

    def receive(self) -> None:
        topic = self.on.physical.resource("IncomingTopic").ref
        bodies: list[Json] = [self.body() | {"kind": kind} for kind in ("now", "later")]
        bodies += [{"triggerWorkflows": "on_note", **self.of_note()}, {"triggerWorkflows": "nowhere"}]
        letters = [notification(body, number, topic=topic, at_ms=self.on.clock.now_ms()) for number, body in enumerate(bodies)]
        self.lose_machines()
        assert self.on.invoke("receive", of_queue(letters)) == {"batchItemFailures": []}
        self.on.play()

    def fire(self) -> None:
        enabled = self.on.call("workflows:list", filter=json.dumps({"key": "nightly", "enabled": True}))["data"][0]
        at = datetime.fromtimestamp(self.on.clock.now_ms() / 1000, UTC).replace(second=0, microsecond=0)
        event = {"workflow": "nightly", "version": enabled["id"], "time": at.isoformat()}
        self.lose_machines()
        assert "execution" in self.on.invoke("fire", event)
        assert "ignored" in self.on.invoke("fire", event)
        self.on.play()

    def machine_ended(self) -> None:
        """Of an execution that goes on; of one whose time is over: its parent and who is next in line go on, and it is told of."""
        self.halted("waits")
        self.on.clock.sleep(20)
        assert self.on.invoke("machine_ended", self.end_of(self.on.machines[-1])) is True
        self.on.play()
        parent, is_new = self.start("late_below"), len(self.on.machines)
        self.on.machine_clock.halts = True
        self.on.play()
        self.on.machine_clock.halts = False
        late = next(one for one in self.on.machines[is_new:] if one.state == "halted")
        next_one = self.start("late")
        self.on.play()
        self.on.clock.sleep(HOUR_S)
        self.lose_machines()
        assert self.on.invoke("machine_ended", self.end_of(late)) is True
        self.on.play()
        assert (self.status(parent), self.status(next_one)) == (-1, -3)

    def end_of(self, machine: Playing) -> Json:
        """EventBridge's event."""
        detail = {"status": "FAILED", "name": machine.name, "stateMachineArn": machine.arn}
        return {"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": detail}

    def sweep(self) -> None:
        """What was put off runs, what is due starts, what is stuck goes on, what nobody needs is removed."""
        later = f"{datetime.fromtimestamp(self.on.clock.now_ms() / 1000 + 60, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        for key in ("work", "waits"):
            self.on.call("workflows:trigger", self.body(), triggerWorkflows=key, runAt=later)
        self.on.call(f"notes:trigger/{self.of_note()['filterByTk']}", {}, triggerWorkflows="on_note", runAt=later)
        self.on.call("notes:create", {"text": "due", "due": later})
        stuck, late, lost = self.halted("waits"), self.halted("late"), self.start("asks")
        self.on.play()
        self.on.is_deaf = True
        self.answer_task(lost)
        self.on.is_deaf = False
        self.on.call("collections:create", {"name": "gone", "fields": [{"name": "text", "type": "string"}]})
        self.on.call("gone:create", {"text": "t"})
        self.on.call("collections:destroy/gone")
        self.on.invoke("sweep")
        self.on.clock.sleep(2 * HOUR_S)
        self.lose_machines()
        self.workflow("slow_down", [delay(60)], sync=False)
        self.lose_schedules()
        self.on.invoke("sweep")
        self.on.play()
        assert [self.status(one) for one in (stuck, late, lost)] == [1, -3, 1]
        unwanted = self.on.call("workflows:list", filter=json.dumps({"key": "slow_down"}))["data"][0]["id"]
        self.on.call(f"workflows:update/{unwanted}", {"enabled": False})
        self.on.clock.sleep(2 * HOUR_S)
        self.on.invoke("sweep")

    def child_of(self, parent: int) -> int:
        (child,) = self.on.call("executions:list", filter=json.dumps({"key": "asks"}), sort="-id", pageSize="1")["data"]
        assert self.on.call(f"executions:get/{child['id']}")["data"]["parentExecutionId"] == parent
        return int(child["id"])

    # --- how something is left to be done

    def halted(self, key: str) -> int:
        """An execution whose machine stops for good at its first wait."""
        self.on.play()
        execution, self.on.machine_clock.halts = self.start(key), True
        self.on.play()
        self.on.machine_clock.halts = False
        return execution

    def answer_task(self, execution: int, answer: str = "yes") -> None:
        (task, *_) = self.on.call("workflowManualTasks:list", filter=json.dumps({"executionId": execution}))["data"]
        self.on.call(f"workflowManualTasks:submit/{task['id']}", {"result": {"f": {}, "_": answer}})

    def lose_machines(self) -> None:
        """As if somebody had removed them by hand: the next start makes one anew."""
        client = boto3.client("stepfunctions")
        for machine in client.list_state_machines()["stateMachines"]:
            client.delete_state_machine(stateMachineArn=machine["stateMachineArn"])

    def lose_schedules(self) -> None:
        """One that is wanted goes, one that nobody wants is there."""
        client = boto3.client("scheduler")
        for schedule in client.list_schedules(GroupName=STACK)["Schedules"]:
            wanted = client.get_schedule(GroupName=STACK, Name=schedule["Name"])
            client.delete_schedule(GroupName=STACK, Name=schedule["Name"])
            client.create_schedule(
                Name=f"{STACK}-4096-0123456789ab",
                GroupName=STACK,
                ScheduleExpression="rate(1 day)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": wanted["Target"]["Arn"], "RoleArn": wanted["Target"]["RoleArn"]},
            )
