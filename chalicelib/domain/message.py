"""A message of an SNS topic, as its subscribers get it: over a queue, as JSON text, or straight to a function.

What a message *is* is the same on both ways: an id, a topic, text, attributes with types, an optional subject and when it was published.
Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.domain.collection import Collection, Field
from chalicelib.domain.ids import BASE_MS
from chalicelib.domain.json_text import HALF_CHARACTER, has_half_characters, why_not_kept
from chalicelib.errors import Invalid, Json, Problem

MOST_ATTRIBUTES_BYTES = 32 * 1024
LONGEST_ID = 128
NOT_A_NOTIFICATION = "NOT_A_NOTIFICATION"
TEXTS = ("MessageId", "TopicArn", "Message", "Timestamp", "Subject")
ADVICE = "subscribe the queue to an SNS topic, without raw message delivery"
# A filter of a message trigger is one on a record with these fields.
MESSAGE_FIELDS = Collection(
    "message",
    "message",
    fields={
        one.name: one
        for one in (Field("body", "json"), Field("attributes", "json"), Field("subject", "string"), Field("publishedAt", "date"))
    },
)


@dataclass(frozen=True)
class Message:
    """``text`` is what was published, ``published_ms`` when (epoch milliseconds); ``attributes`` are plain JSON values by name."""

    id: str
    topic_arn: str
    text: str
    published_at: str
    published_ms: int
    subject: str | None = None
    attributes: dict[str, Json] = field(default_factory=dict)


def message_of(notification: Json) -> Message:
    """The message of ``{"Type": "Notification", "MessageId", "TopicArn", "Message", "Timestamp", "Subject"?, "MessageAttributes"?}``.

    Raises Invalid with everything that is wrong with it (``NOT_A_NOTIFICATION``)."""
    found = list(_problems_of(notification))
    if found:
        raise Invalid.of([Problem(problem.message, problem.path, NOT_A_NOTIFICATION) for problem in found])
    published = datetime.fromisoformat(notification["Timestamp"]).astimezone(UTC)
    return Message(
        notification["MessageId"],
        notification["TopicArn"],
        notification["Message"],
        notification["Timestamp"],
        round(published.timestamp() * 1000),
        notification.get("Subject"),
        {name: _plain(one) for name, one in (notification.get("MessageAttributes") or {}).items()},
    )


def _problems_of(notification: Json) -> Iterator[Problem]:
    if not isinstance(notification, dict) or notification.get("Type") != "Notification":
        yield Problem(f'this is no notification of SNS (an object whose "Type" is "Notification"): {ADVICE}')
        return
    for name in ("MessageId", "TopicArn", "Message", "Timestamp"):
        if not isinstance(notification.get(name), str) or (not notification[name] and name != "Message"):
            yield Problem(f'"{name}" must be text', name)
    if isinstance(notification.get("MessageId"), str) and len(notification["MessageId"]) > LONGEST_ID:
        yield Problem(f'"MessageId" has at most {LONGEST_ID} characters', "MessageId")
    if not isinstance(notification.get("Subject"), str | None):
        yield Problem('"Subject" must be text', "Subject")
    if isinstance(notification.get("Timestamp"), str) and not _is_instant(notification["Timestamp"]):
        yield Problem('"Timestamp" must be an instant since 2026, such as 2026-11-21T02:04:48.219Z', "Timestamp")
    for name in TEXTS:
        if isinstance(notification.get(name), str) and has_half_characters(notification[name]):
            yield Problem(f'"{name}" {HALF_CHARACTER}', name)
    yield from _problems_of_attributes(notification.get("MessageAttributes"))


def _problems_of_attributes(attributes: Json) -> Iterator[Problem]:
    if attributes is None:
        return
    if not isinstance(attributes, dict):
        yield Problem('"MessageAttributes" must be an object', "MessageAttributes")
        return
    for name, one in attributes.items():
        reason = why_not_kept(name) or why_not_kept(one)
        if reason is not None:
            shown = name[:60].encode(errors="replace").decode()
            yield Problem(f'the attribute "{shown}" {reason}', f"MessageAttributes.{shown}")
        elif not isinstance(one, dict) or not isinstance(one.get("Type"), str) or not isinstance(one.get("Value"), str | int | float):
            yield Problem(f'the attribute "{name[:60]}" must be {{"Type", "Value"}}', f"MessageAttributes.{name[:60]}")
    if len(json.dumps(attributes)) > MOST_ATTRIBUTES_BYTES:
        yield Problem(f"attributes have at most {MOST_ATTRIBUTES_BYTES} bytes", "MessageAttributes")


def _is_instant(text: str) -> bool:
    """Whether the text names an instant that ids can be made of."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return False
    return instant.tzinfo is not None and instant.timestamp() * 1000 >= BASE_MS and instant.year < 2060


def _plain(attribute: dict[str, Json]) -> Json:
    """A number for ``Number``, a list for ``String.Array``, else the text (of ``Binary``: Base64). What does not parse stays text."""
    kind, value = attribute["Type"], attribute["Value"]
    if kind not in ("Number", "String.Array") or not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    wanted = int | float if kind == "Number" else list
    is_finite = not isinstance(parsed, float) or math.isfinite(parsed)
    return parsed if isinstance(parsed, wanted) and not isinstance(parsed, bool) and is_finite else value
