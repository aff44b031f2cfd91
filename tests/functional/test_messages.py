"""Messages on `make run`: published with the AWS SDK, delivered through a queue, taken once; and functions that are invoked directly."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.settings import ACCOUNT, DEAD_LETTERS, ROOT_EMAIL, ROOT_PASSWORD, topic_arn
from tests.instances import CALL_SECONDS, ROOT, Instance
from tests.messages import notification, of_queue, of_topic

NOTES = "message_notes"
PATIENCE_SECONDS = 120.0
DELIVERED, MESSAGES = 300, 210

Json = Any


def note(text: str) -> Json:
    return {"type": "create", "config": {"collection": NOTES, "params": {"values": {"text": text}}}}


class Stack:
    """The instance with the example, and clients for it."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.client = instance, instance.signed_in()
        self._clients: dict[str, Any] = {}
        for service, endpoint in (("sns", instance.services), ("sqs", instance.services), ("lambda", instance.functions)):
            self._clients[service] = aws(service, endpoint)

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()

    def publish(self, text: str, topic: str = "orders", **more: Json) -> str:
        return str(self._clients["sns"].publish(TopicArn=topic_arn(topic), Message=text, **more)["MessageId"])

    def invoke(self, function: str, event: Json) -> Json:
        answer = self._clients["lambda"].invoke(FunctionName=f"stepbase-local-{function}", Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def notes(self, begin: str) -> list[str]:
        found = self.client.call(f"{NOTES}:list", pageSize=200, filter=json.dumps({"text": {"$startsWith": begin}}))["data"]
        return sorted(row["text"] for row in found)

    def letters(self) -> list[Json]:
        """The dead letters of the moment; they are gone then."""
        queue, url = self._clients["sqs"], f"{self.instance.services}/{ACCOUNT}/{DEAD_LETTERS}"
        found = queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10).get("Messages", [])
        for letter in found:
            queue.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
        said = [{name: value["StringValue"] for name, value in letter["MessageAttributes"].items()} for letter in found]
        return [one | {"body": json.loads(letter["Body"])} for one, letter in zip(said, found, strict=True)]

    def some_letters(self) -> list[Json]:
        """Those that come first."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.letters()):
            assert time.monotonic() < ends, self.instance.printed
            time.sleep(0.1)
        return found

    def workflow(self, key: str, nodes: Json, config: Json, *, sync: bool = True) -> None:
        body = {"key": key, "title": key, "type": "message", "sync": sync, "enabled": True, "config": config, "nodes": nodes}
        self.client.call("workflows:create", body)


def aws(service: str, endpoint: str) -> Any:
    """A client of the AWS SDK for a service of this machine."""
    import boto3  # type: ignore[import-untyped]

    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")


def eventually(look: Callable[[], Json], wanted: Json) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) != wanted:
        assert time.monotonic() < ends, found
        time.sleep(0.1)


@pytest.fixture(scope="module")
def stack(waiting_example: Instance) -> Iterator[Stack]:
    made = Stack(waiting_example)
    try:
        fields = [{"name": "text", "type": "string", "index": True}]
        made.client.call("collections:create", {"name": NOTES, "fields": fields})
        mapping = {"text": "{{$context.data.order.id}} {{$context.message.attributes.kind}}"}
        made.workflow(
            "now", [note("now {{$context.data.text}}")], {"topic": "orders", "filter": {"body.order.id": {"$gt": 0}}, "mapping": mapping}
        )
        made.workflow(
            "later", [note("later {{$context.data.order.id}}")], {"topic": "orders", "filter": {"attributes.kind": "new"}}, sync=False
        )
        yield made
    finally:
        made.stop()


def test_a_message_published_with_the_sdk_writes_its_record(stack: Stack) -> None:
    kind = {"kind": {"DataType": "String", "StringValue": "new"}}
    stack.publish(json.dumps({"order": {"id": 1}}), MessageAttributes=kind)
    stack.publish(json.dumps({"order": {"id": 0}}))
    eventually(lambda: stack.notes("now "), ["now 1 new"])
    eventually(lambda: stack.notes("later "), ["later 1"])


def test_a_bad_message_is_a_dead_letter_with_its_reason(stack: Stack) -> None:
    stack.workflow("picky", [], {"topic": "returns"})
    sent = stack.publish("no JSON", "returns")
    found = stack.some_letters()
    (letter,) = found
    assert (letter["code"], letter["topic"], letter["workflows"], letter["messageId"]) == ("INVALID_JSON", "returns", "picky", sent)
    assert letter["reason"].startswith("picky: the message is not valid JSON")
    assert letter["body"]["Message"] == "no JSON"


def test_a_message_of_256_kb_is_one_too(stack: Stack) -> None:
    stack.publish(json.dumps("x" * (256 * 1024 - 2)))
    found = stack.some_letters()
    assert found[0]["code"] == "MESSAGE_TOO_LARGE"


def test_a_message_may_name_workflows_and_a_user(stack: Stack) -> None:
    stack.publish(
        json.dumps({"triggerWorkflows": "register_sample", "values": {"title": "From a message", "indicator": 5}, "as": ROOT_EMAIL})
    )
    named = json.dumps({"title": "From a message"})
    eventually(lambda: len(stack.client.call("samples:list", filter=named)["data"]), 1)
    stack.publish(json.dumps({"triggerWorkflows": "nosuch", "as": ROOT_EMAIL}))
    found = stack.some_letters()
    assert found[0]["code"] == "NO_WORKFLOW_TRIGGERED"


def test_an_unknown_topic_is_refused_when_saved(stack: Stack) -> None:
    with pytest.raises(Exception, match=r"there is no topic \"order\".*the topics are orders, returns"):
        stack.workflow("wrong", [], {"topic": "order"})


def test_three_hundred_deliveries_with_duplicates_leave_each_effect_once(stack: Stack) -> None:
    """Over HTTP to two processes, on a database with real transactions; what met comes again, as a queue does it."""
    chosen = random.Random(6)
    numbers = [*range(MESSAGES), *(chosen.randrange(MESSAGES) for _ in range(DELIVERED - MESSAGES))]
    chosen.shuffle(numbers)
    now_ms = int(time.time() * 1000)
    topic = topic_arn("orders")
    deliveries = [
        notification({"order": {"id": n + 1000}}, n, topic=topic, attributes={"kind": "many"}, at_ms=now_ms + n // 20) for n in numbers
    ]
    batches = [deliveries[at : at + 10] for at in range(0, DELIVERED, 10)]

    def take(waiting: list[Json]) -> int:
        for _ in range(20):
            failures = stack.invoke("receive", of_queue(waiting))["batchItemFailures"]
            waiting = [waiting[int(failure["itemIdentifier"][1:])] for failure in failures]
            if not waiting:
                return 0
        return len(waiting)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(take, batches)) == 0
    found = stack.client.call(f"{NOTES}:list", pageSize=200, page=1, filter=json.dumps({"text": {"$endsWith": " many"}}))
    rest = stack.client.call(f"{NOTES}:list", pageSize=200, page=2, filter=json.dumps({"text": {"$endsWith": " many"}}))
    texts = [row["text"] for row in (*found["data"], *rest["data"])]
    assert sorted(texts) == sorted(f"now {n + 1000} many" for n in range(MESSAGES))
    assert stack.letters() == []


@pytest.mark.parametrize("name", ["trigger-record", "trigger-many", "trigger-global", "trigger-dry-run"])
def test_the_events_to_paste_start_workflows_through_invoke(stack: Stack, name: str) -> None:
    event = json.loads((ROOT / f"infra/events/{name}.json").read_text()) | {"as": ROOT_EMAIL}
    answer = stack.invoke("trigger", event)
    assert (answer["statusCode"], [one["status"] for one in answer["body"]["meta"]["executions"]]) == (200, [1])


@pytest.mark.parametrize("name", ["receive-queue", "receive-topic", "receive-call"])
def test_the_events_of_deliveries_are_understood(stack: Stack, name: str) -> None:
    text = (ROOT / f"infra/events/{name}.json").read_text()
    ours = json.loads(text.replace("arn:aws:sns:eu-west-1:123456789012:incoming", topic_arn("orders")))
    assert stack.invoke("receive", ours) == {"batchItemFailures": []}
    letters = stack.letters()
    assert [one["reason"] for one in letters] == (
        ['"as" is required: the user to run as, an e-mail address, a username or an id'] if letters else []
    )
    assert bool(letters) == (name == "receive-call")


def test_admin_says_that_the_first_user_is_there_and_helps_it_back_in(stack: Stack) -> None:
    again = stack.invoke("admin", {"install": {"email": ROOT_EMAIL}})
    assert (again["statusCode"], again["body"]["errors"][0]["code"]) == (409, "ALREADY_INSTALLED")
    event = json.loads((ROOT / "infra/events/admin-reset-password.json").read_text())
    event["resetPassword"] = {"user": ROOT_EMAIL, "password": ROOT_PASSWORD}
    assert stack.invoke("admin", event)["statusCode"] == 200
    time.sleep(1.1)  # sessions that began within this second have ended
    stack.client.sign_in(ROOT_EMAIL, ROOT_PASSWORD)


def test_who_has_no_signature_is_refused(stack: Stack) -> None:
    body = f"Action=Publish&TopicArn={topic_arn('orders')}&Message=x".encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(stack.instance.services, body), timeout=CALL_SECONDS)
    with refused.value as answer:
        assert answer.code == 403


def test_a_topic_that_calls_straight_is_served(stack: Stack) -> None:
    sent = notification(
        {"order": {"id": 77}}, 7_777, topic=topic_arn("orders"), attributes={"kind": "straight"}, at_ms=int(time.time() * 1000)
    )
    assert stack.invoke("receive", of_topic(sent)) == {"batchItemFailures": []}
    assert stack.notes("now 77") == ["now 77 straight"]
