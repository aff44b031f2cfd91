"""What a function gets that messages are delivered to: records of a queue, or of a topic that calls it straight.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from chalicelib.domain.message import ADVICE, NOT_A_NOTIFICATION, Message, message_of
from chalicelib.errors import Invalid, Json


@dataclass(frozen=True)
class Delivery:
    """One record: ``id`` is the queue's own id for it, ``None`` when a topic called; ``raw`` the text as it came."""

    id: str | None
    raw: str
    notification: Json

    def message(self) -> Message:
        """Raises Invalid."""
        if isinstance(self.notification, Invalid):
            raise self.notification
        return message_of(self.notification)


def deliveries_of(event: Json) -> list[Delivery]:
    """The records in order. Raises Invalid for an event that has none."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Invalid('this is no delivery of messages: it has no list "Records" of objects', path="Records")
    return [_delivery(record, f"Records.{position}") for position, record in enumerate(records)]


def _delivery(record: dict[str, Json], path: str) -> Delivery:
    if record.get("EventSource") == "aws:sns":
        return Delivery(None, _text(record.get("Sns")), record.get("Sns"))
    item_id, body = record.get("messageId"), record.get("body")
    if record.get("eventSource") != "aws:sqs" or not isinstance(item_id, str) or not isinstance(body, str):
        raise Invalid(f"{path} is neither a record of SQS (messageId, body) nor one of SNS (Sns)", path=path)
    try:
        return Delivery(item_id, body, json.loads(body))
    except (ValueError, RecursionError) as error:
        told = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        message = f"this is no notification of SNS, since it is no JSON ({told}): {ADVICE}"
        return Delivery(item_id, body, Invalid(message, code=NOT_A_NOTIFICATION))


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
