"""Publishes notifications to Amazon SNS; a channel is a topic.

A title that SNS takes as a subject (ASCII, at most 100 characters) is sent as one, any other stands above the content.
Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from chalicelib.adapters.aws_services import answer_of, service_client
from chalicelib.errors import Json

MOST_SUBJECT = 100


class SnsNotifications:
    """The way out of kind ``notification`` in AWS. ``topics``: ARNs by the name of the channel."""

    def __init__(self, region: str, topics: Mapping[str, str]) -> None:
        self._region, self._topics = region, topics

    @cached_property
    def _client(self) -> Any:
        return service_client("sns", self._region)

    def send(self, notification: dict[str, str], key: str) -> str:
        """The message id. Raises EffectFailed."""
        answer = answer_of(self._client.publish, **message_of(notification, self._topics[notification["channelName"]], key))
        return str(answer["MessageId"])


def message_of(notification: dict[str, str], topic: str, key: str) -> dict[str, Json]:
    """The notification as ``Publish`` takes it; a FIFO topic drops a repeat of the same ``key`` for five minutes by itself."""
    title, content = notification["title"], notification["content"]
    is_subject = title.isascii() and len(title) <= MOST_SUBJECT
    message: dict[str, Json] = {
        "TopicArn": topic,
        "Message": content if is_subject else f"{title}\n\n{content}",
        "MessageAttributes": {"idempotencyKey": {"DataType": "String", "StringValue": key}},
    }
    if title and is_subject:
        message["Subject"] = title
    if topic.endswith(".fifo"):
        digest = hashlib.sha256(key.encode()).hexdigest()
        message |= {"MessageGroupId": "stepbase", "MessageDeduplicationId": digest}
    return message
