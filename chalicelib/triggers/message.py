"""Message event: a message of an SNS topic starts a workflow.

``topic`` is a name that the deployment gives to a topic. A workflow may take only some of its messages (``filter``, as that of a list, on
``body``, ``attributes``, ``subject``) and say what of them it wants (``mapping``). A message comes at least once; a workflow runs on it
once.
Sources: https://docs.aws.amazon.com/sns/latest/dg/welcome.html and https://docs.nocobase.com/workflow/triggers
"""

from __future__ import annotations

from collections.abc import Collection as Names
from typing import Any

from chalicelib.domain.collection import Collection
from chalicelib.domain.filter import parse_filter
from chalicelib.domain.json_text import parse_json
from chalicelib.domain.message import MESSAGE_FIELDS, Message
from chalicelib.domain.references import FindCollection, has_template
from chalicelib.domain.suggestions import did_you_mean
from chalicelib.domain.template import ExpressionError, compile_template, problems_of
from chalicelib.errors import Invalid, Json, NotFound, Problem
from chalicelib.triggers.base import TriggerType, unknown_properties

MESSAGE = "message"
JSON, TEXT = "json", "text"

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["topic"],
    "properties": {
        "topic": {"type": "string", "minLength": 1, "title": "Topic", "description": "The name of a topic of this deployment."},
        "format": {
            "enum": [None, JSON, TEXT],
            "title": "Format",
            "description": "`json` (default): the body is read as JSON; what is none is a dead letter. `text`: it is taken as text.",
        },
        "filter": {
            "type": ["object", "null"],
            "title": "Only messages that match",
            "description": "A filter on `body`, `attributes`, `subject` and `publishedAt`, such as "
            '`{"attributes.kind": "new", "body.order.total": {"$gt": 100}}`.',
        },
        "mapping": {
            "type": ["object", "null"],
            "title": "Mapping",
            "description": "What becomes `$context.data`, with templates over the message: "
            '`{"orderId": "{{$context.data.order.id}}"}`. None given means the body as it is.',
        },
    },
}


def check(config: dict[str, Json], path: str, find: FindCollection) -> list[Problem]:
    """A property that is not known, a filter that is none, a mapping that names what a message does not have.

    Which topics there are is asked by the layer above."""
    return [
        *unknown_properties(config, SCHEMA, path),
        *_problems_of_filter(config.get("filter"), f"{path}.filter"),
        *_problems_of_mapping(config.get("mapping"), f"{path}.mapping"),
    ]


def _problems_of_filter(raw: Json, path: str) -> list[Problem]:
    if not isinstance(raw, dict):
        return []
    if has_template(raw):
        return [Problem("the filter of a message event is compared as it stands: no templates", path)]
    try:
        parse_filter(raw, MESSAGE_FIELDS, _no_collection, path=path)
    except Invalid as wrong:
        return wrong.problems()
    return []


def _problems_of_mapping(raw: Json, path: str) -> list[Problem]:
    if not isinstance(raw, dict):
        return []
    found = problems_of(raw, path, (), ())
    if found:
        return found
    other = sorted(read for read in compile_template(raw).paths if not _is_of_message(read))
    return [Problem(f'"{read}" is not known here: a mapping reads $context.data (the body) and $context.message', path) for read in other]


def _is_of_message(path: str) -> bool:
    root, *rest = path.split(".")
    return root == "$context" and (not rest or rest[0] in ("data", "message"))


def _no_collection(name: str) -> Collection:
    raise NotFound(f'a message has no association "{name}"')


def problem_of_topic(name: Json, topics: Names[str], path: str) -> Problem | None:
    """What is wrong with a topic's name, given those that are configured; ``None`` where the schema says it."""
    if not isinstance(name, str) or not name or name in topics:
        return None
    if not topics:
        return Problem(f'there is no topic "{name}": none is set up here (setting INCOMING_TOPICS)', path, "UNKNOWN_TOPIC")
    known = did_you_mean(name, topics) or f"the topics are {', '.join(sorted(topics))}"
    listed = known if "the topics" in known else f"{known} (the topics are {', '.join(sorted(topics))})"
    return Problem(f'there is no topic "{name}"; {listed}', path, "UNKNOWN_TOPIC")


def body_of(config: dict[str, Json], text: str) -> Json:
    """The body as the workflow wants it. Raises Invalid for one that is no JSON where JSON is wanted."""
    return text if config.get("format") == TEXT else parse_json(text, what="the message", path="Message")


def accepts(config: dict[str, Json], message: Message, body: Json, now_ms: int) -> bool:
    """Whether the message matches the trigger's filter. Raises Invalid for a filter that is none."""
    raw = config.get("filter")
    if not raw:
        return True
    row: dict[str, Any] = {
        "body": body,
        "attributes": message.attributes,
        "subject": message.subject,
        "publishedAt": message.published_at,
    }
    return parse_filter(raw, MESSAGE_FIELDS, _no_collection, now_ms=now_ms).matches(row)


def context_of(config: dict[str, Json], message: Message, topic: str, body: Json) -> dict[str, Json]:
    """``{"data": the body, or what the mapping makes of it, "message": {"id", "topic", "subject", "attributes", "publishedAt"}}``.

    Raises Invalid (``MAPPING_FAILED``) when an expression of the mapping fails on this message."""
    about = {
        "id": message.id,
        "topic": topic,
        "subject": message.subject,
        "attributes": message.attributes,
        "publishedAt": message.published_at,
    }
    context: dict[str, Json] = {"data": body, "message": about}
    mapping = config.get("mapping")
    if not mapping:
        return context
    try:
        return context | {"data": compile_template(mapping).render({"$context": context})}
    except ExpressionError as failed:
        raise Invalid(f"the mapping fails on this message: {failed}", path="config.mapping", code="MAPPING_FAILED") from None


TRIGGER = TriggerType(MESSAGE, SCHEMA, check)
