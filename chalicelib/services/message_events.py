"""What a function gets that messages are delivered to: records of a queue, or of a topic that calls it straight.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from chalicelib.domain.message import ADVICE, NOT_A_NOTIFICATION, Message, message_of
from chalicelib.errors import Invalid, Json

COUNT = re.compile("[0-9]{1,9}")
# What Amazon SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
NOT_IN_A_LETTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Delivery:
    """One record: ``id`` is the queue's own id for it, ``None`` when a topic called; ``raw`` the text as it came; ``times`` how often the
    queue has delivered it, as far as it says."""

    id: str | None
    raw: str
    notification: Json
    times: int = 1

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
    times = _times(record.get("attributes"))
    try:
        return Delivery(item_id, body, json.loads(body), times)
    except (ValueError, RecursionError) as error:
        told = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        message = f"this is no notification of SNS, since it is no JSON ({told}): {ADVICE}"
        return Delivery(item_id, body, Invalid(message, code=NOT_A_NOTIFICATION), times)


def _times(attributes: Json) -> int:
    said = attributes.get("ApproximateReceiveCount") if isinstance(attributes, dict) else None
    return int(said) if isinstance(said, str) and COUNT.fullmatch(said) else 1


def _text(value: Json) -> str:
    """The text of what a topic brought, in characters that a queue takes."""
    text = json.dumps(value, ensure_ascii=False)
    return text if NOT_IN_A_LETTER.search(text) is None else json.dumps(value)
