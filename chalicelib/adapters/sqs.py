"""Dead letters in an Amazon SQS queue: the message as it came, the reason in its attributes.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from chalicelib.adapters.aws_services import answer_of, service_client

MOST_ATTRIBUTES = 10  # of one message


class DeadLetterQueue:
    """The `DeadLetters` port. ``url`` is the queue's."""

    def __init__(self, region: str, url: str) -> None:
        self._region, self._url = region, url

    @cached_property
    def _client(self) -> Any:
        return service_client("sqs", self._region)

    def put(self, body: str, about: dict[str, str]) -> None:
        """Raises EffectFailed."""
        named = dict(list(about.items())[:MOST_ATTRIBUTES])
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in named.items()}
        answer_of(self._client.send_message, QueueUrl=self._url, MessageBody=body, MessageAttributes=attributes)
