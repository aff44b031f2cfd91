"""Messages for tests: a product that takes some, the events that bring them, and a place for dead letters that can be looked into."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.domain.instants import iso_text
from chalicelib.domain.ports import EffectFailed
from chalicelib.services.backend import Incoming
from chalicelib.services.messages import Messages
from chalicelib.services.product import Product
from tests.sessions import NOW_MS, Session

Json = Any
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
OTHER = "arn:aws:sns:eu-west-1:123456789012:returns"
TOPICS = {"orders": TOPIC, "returns": OTHER}
USERS = {"orders": "root@example.com", "returns": "*"}
FAR_MS = 600_000


@dataclass
class Letters:
    """Dead letters, newest last: the text as it came, and what is said of it."""

    kept: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    broken: bool = False

    def put(self, body: str, about: dict[str, str]) -> None:
        if self.broken:
            raise EffectFailed({"message": "the queue does not answer", "code": "NO_ANSWER"})
        self.kept.append((body, about))

    @property
    def reasons(self) -> list[str]:
        return [about["reason"] for _, about in self.kept]

    @property
    def codes(self) -> list[str]:
        return [about["code"] for _, about in self.kept]


class Inbox:
    """A session whose process takes messages of ``orders`` and ``returns``."""

    def __init__(self, session: Session) -> None:
        self.letters = Letters()
        self.session = session
        session.backend = replace(session.backend, incoming=Incoming(TOPICS, USERS, self.letters))
        session.product = Product(session.backend)
        self.messages = Messages(session.product)

    def workflow(self, key: str, nodes: Json, *, sync: bool = True, topic: str = "orders", **config: Json) -> int:
        config = {"topic": topic, **config}
        body = {"key": key, "title": key, "type": "message", "sync": sync, "enabled": True, "config": config, "nodes": nodes}
        version: int = self.session.call("workflows:create", None, body)["id"]
        return version

    def receive(self, *notifications: Json, left_ms: int = FAR_MS) -> list[str]:
        """Ids of the records that are to come again."""
        answer = self.messages.receive(of_queue(notifications), self.session.clock.now_ms() + left_ms)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def notification(body: Json, number: int = 1, *, topic: str = TOPIC, attributes: Json = None, at_ms: int = NOW_MS, **more: Json) -> Json:
    """What SNS makes of a message; ``body`` is text, or what is sent as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    made = {"Type": "Notification", "MessageId": f"message-{number}", "TopicArn": topic, "Message": text, "Timestamp": iso_text(at_ms)}
    named = {name: {"Type": "String", "Value": value} for name, value in (attributes or {}).items()}
    return made | ({"MessageAttributes": named} if named else {}) | more


def of_queue(notifications: Sequence[Json]) -> Json:
    """The event of an SQS queue; text stands for a record whose body is that text."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in notifications]
    records = [{"messageId": f"r{n}", "receiptHandle": "h", "body": text, "eventSource": "aws:sqs"} for n, text in enumerate(texts)]
    return {"Records": records}


def of_topic(*notifications: Json) -> Json:
    """The event of a topic that calls the function itself."""
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": one} for one in notifications]}


def note(text: str = "{{$context.data.text}}") -> Json:
    """A node that makes a record."""
    return {"type": "create", "key": "note", "config": {"collection": "notes", "params": {"values": {"text": text}}}}


def with_notes(session: Session) -> Session:
    session.call("collections:create", None, {"name": "notes", "fields": [{"name": "text", "type": "string"}, unique("code")]})
    return session


def unique(name: str) -> Json:
    return {"name": name, "type": "string", "unique": True}
