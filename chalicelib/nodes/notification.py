"""Notification: tell the people who follow a channel something.

A channel is a name that the deployment gives to a topic (Amazon SNS; a folder on one machine); who follows it is the topic's to say.
The result is ``{status: "success", channelName, messageId}``. Source: https://docs.nocobase.com/workflow/nodes/notification
"""

from __future__ import annotations

from chalicelib.domain import status
from chalicelib.domain.ports import EffectFailed
from chalicelib.domain.references import has_template
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
    if problem := _problem_of_channel(config.get("channelName")) or _problem(notification):
        return Outcome(bad, problem)
    try:
        return Outcome(status.RESOLVED, ports.effect("notification", notification))
    except EffectFailed as failed:
        return Outcome(status.ABORTED if failed.cut_short and bad < 0 else bad, failed.result)


def _problem_of_channel(name: Json) -> dict[str, str]:
    """Why this names no channel, else nothing."""
    if isinstance(name, str) and name.strip():
        return {}
    what = (
        "an object" if isinstance(name, dict) else "a list" if isinstance(name, list) else "empty" if not text_of(name) else text_of(name)
    )
    return {"message": f"the channel's name came out as {what}; it is a text", "code": "INVALID_CHANNEL"}


def _problem(notification: dict[str, str]) -> dict[str, str]:
    """Why nobody could send this, else nothing."""
    if not notification["content"]:
        return {"message": "the content came out empty", "code": "EMPTY_CONTENT"}
    return _fault_of_size(notification) or _fault_of_title(notification["title"])


def _fault_of_size(notification: dict[str, str]) -> dict[str, str]:
    size = sum(len(text.encode("utf-8", "replace")) for text in notification.values())
    if size <= MOST_BYTES:
        return {}
    return {"message": f"a notification has at most {MOST_BYTES:,} bytes, this one {size:,}", "code": "TOO_LARGE"}


def _fault_of_title(title: str) -> dict[str, str]:
    if title.isprintable():
        return {}
    return {"message": "the title must be one line without control characters", "code": "INVALID_TITLE"}


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """Receivers, which the model has; a title or a content that no template changes and nobody could send."""
    found = [Problem(NO_RECEIVERS, f"{path}.receivers", "NOT_OFFERED")] if config.get("receivers") else []
    written = {name: "" if has_template(config.get(name)) else text_of(config.get(name)) for name in ("title", "content")}
    faults = {"title": _fault_of_title(written["title"]), "content": _fault_of_size(written)}
    return found + [Problem(fault["message"], f"{path}.{name}", fault["code"]) for name, fault in faults.items() if fault]


NODE = NodeType("notification", SCHEMA, run, check=check, acts_outside=True)
