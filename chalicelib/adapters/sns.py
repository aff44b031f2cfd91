"""Publishes notifications to Amazon SNS; a channel is a topic.

A title that SNS takes as a subject (ASCII, at most 100 characters) is sent as one, any other stands above the content.
Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from chalicelib.adapters.aws_services import message_id_of, service_client
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
        return message_id_of(self._client.publish, **message_of(notification, self._topics[notification["channelName"]], key))

    def announce(self, failed: dict[str, Json], topic: str, key: str) -> str:
        """The message id of an announcement (`services/announcing.py`). Raises EffectFailed."""
        return message_id_of(self._client.publish, **announcement_message(failed, topic, key))


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
    return message | _once(topic, key)


# How a run ends that is told of, by the status that the announcement names.
ENDINGS = {"failed": "failed", "error": "ended with an error", "timeout": "ran out of time", "aborted": "was aborted"}


def announcement_message(failed: dict[str, Json], topic: str, key: str) -> dict[str, Json]:
    """An announcement as ``Publish`` takes it: JSON, with a subject for people, and attributes by which subscriptions filter."""
    said = ENDINGS[failed["status"]]
    attributes = {name: {"DataType": "String", "StringValue": failed[name]} for name in ("key", "status")}
    return {
        "TopicArn": topic,
        "Subject": f"Workflow {failed['key'][:48]} {said}: {failed['executionId']}",
        "Message": json.dumps(failed, ensure_ascii=False),
        "MessageAttributes": attributes | {"idempotencyKey": {"DataType": "String", "StringValue": key}},
    } | _once(topic, key)


def _once(topic: str, key: str) -> dict[str, Json]:
    if not topic.endswith(".fifo"):
        return {}
    return {"MessageGroupId": "stepbase", "MessageDeduplicationId": hashlib.sha256(key.encode()).hexdigest()}
