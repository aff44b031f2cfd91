"""Notification: tell the people who follow a channel something.

A channel is a name that the deployment gives to a topic (Amazon SNS; a folder on one machine); who follows it is the topic's to say.
The result is ``{status: "success", channelName, messageId}``. Source: https://docs.nocobase.com/workflow/nodes/notification
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.template import Template, text_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope, rendered

MOST_BYTES = 240_000
NO_RECEIVERS = "receivers cannot be named: a notification goes to everyone who is subscribed to the channel's topic"

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["channelName", "content"],
    "properties": {
        "channelName": {
            "type": "string",
            "minLength": 1,
            "title": "Channel",
            "description": "A name from the deployment's setting NOTIFICATION_TOPICS.",
        },
        "title": {"type": ["string", "null"], "title": "Title", "description": "One line with templates."},
        "content": {
            "type": ["string", "object", "array"],
            "minLength": 1,
            "title": "Content",
            "description": "Text with templates, or JSON, which is sent as its text.",
        },
        "ignoreFail": {
            "type": ["boolean", "null"],
            "default": False,
            "title": "Go on after a failure",
            "description": "true: a notification that cannot be sent is a result like any other and the workflow goes on.",
        },
    },
}


def run(prepared: Template, scope: Scope, ports: Ports) -> Outcome:
    """What became of the notification; FAILED with ``{message, code?}``, RESOLVED with the same when ``ignoreFail``."""
    config = rendered(prepared, scope)
    bad = status.RESOLVED if config.get("ignoreFail") else status.FAILED
    notification = {name: text_of(config.get(name)) for name in ("channelName", "title", "content")}
    if problem := _problem(notification):
        return Outcome(bad, problem)
    try:
        return Outcome(status.RESOLVED, ports.effect("notification", notification))
    except EffectFailed as failed:
        return Outcome(bad, failed.result)


def _problem(notification: dict[str, str]) -> dict[str, str]:
    """Why nobody could send this, else nothing."""
    if not notification["content"]:
        return {"message": "the content came out empty", "code": "EMPTY_CONTENT"}
    size = sum(len(text.encode("utf-8", "replace")) for text in notification.values())
    if size > MOST_BYTES:
        return {"message": f"a notification has at most {MOST_BYTES:,} bytes, this one {size:,}", "code": "TOO_LARGE"}
    if any(not character.isprintable() for character in notification["title"]):
        return {"message": "the title must be one line without control characters", "code": "INVALID_TITLE"}
    return {}


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    return [Problem(NO_RECEIVERS, f"{path}.receivers", "NOT_OFFERED")] if config.get("receivers") else []


NODE = NodeType("notification", SCHEMA, run, check=check, acts_outside=True)
