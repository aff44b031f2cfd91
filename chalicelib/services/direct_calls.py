"""Triggering without HTTP: an event that names workflows, and the user to run them as, from somebody who has been let in already.

``{"triggerWorkflows", "collection"?, "filterByTk"?, "values"?, "as", "role"?, "idempotencyKey"?, "dryRun"?}`` is the call
``<collection>:trigger`` (without a collection ``workflows:trigger``) of that user, with the same rules and the same answer. There is no
caller without a user: who may invoke the function decides whom it acts for, and the user's role what may be done.
Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from chalicelib.domain.json_text import why_not_kept
from chalicelib.domain.keys import MAX_SAFE_INTEGER, guard_key, record_key
from chalicelib.domain.message import Message
from chalicelib.domain.ports import Key
from chalicelib.domain.suggestions import did_you_mean
from chalicelib.domain.system_collections import USERS
from chalicelib.engine.commit import store_errors
from chalicelib.errors import Forbidden, Invalid, Json, Problem
from chalicelib.services.backend import Backend, Principal
from chalicelib.services.call import DAY_SECONDS, Answer, Call, kind_of
from chalicelib.services.idempotency import MOST_KEY_CHARACTERS
from chalicelib.services.message_runs import KEPT_SECONDS
from chalicelib.services.product import Product

OF_A_MESSAGE = ("triggerWorkflows", "collection", "filterByTk", "values", "as", "role")
OF_AN_EVENT = (*OF_A_MESSAGE, "idempotencyKey", "dryRun")
ANYBODY = "*"
MOST_DIGITS = len(str(MAX_SAFE_INTEGER)) + 1
MOST_SHOWN = 100


class DirectCalls:
    """The use cases over a `Product`."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._backend = product.backend

    def trigger(self, event: Json, deadline_ms: int | None, request_id: str = "") -> Answer:
        """The answer of the trigger that the event asks for. Raises AppError; Invalid names everything that is wrong with the event."""
        asked = _checked(event, OF_AN_EVENT)
        if asked.get("as") is None:
            raise Invalid('"as" is required: the user to run as, an e-mail address, a username or an id', path="as")
        return self._answer(asked, asked["as"], asked.get("idempotencyKey"), deadline_ms, request_id)

    def of_message(self, message: Message, topic: str, body: Json, deadline_ms: int | None) -> Answer:
        """The answer of the trigger that a message asks for; a message is answered once, however often it comes. Raises AppError."""
        who = self._backend.incoming.users.get(topic)
        if who is None:
            advice = "the setting MESSAGE_USERS allows it, and says as whom"
            raise Forbidden(f'messages of the topic "{topic}" may not name workflows in "triggerWorkflows"; {advice}', code="NOT_ALLOWED")
        asked = _checked(body, OF_A_MESSAGE)
        if who != ANYBODY and asked.get("as") is not None:
            raise Forbidden(f'messages of the topic "{topic}" run as one user: leave "as" out', code="NOT_ALLOWED")
        if who == ANYBODY and asked.get("as") is None:
            raise Invalid('"as" is required: the user to run as, an e-mail address, a username or an id', path="as")
        return self._answer(asked, asked["as"] if who == ANYBODY else who, f"message {message.id}", deadline_ms, message.id, KEPT_SECONDS)

    def _answer(
        self, asked: dict[str, Json], who: Json, key: str | None, deadline_ms: int | None, request_id: str, kept_seconds: int = DAY_SECONDS
    ) -> Answer:
        principal = principal_of(self._backend, who)
        params = {name: asked[name] for name in ("triggerWorkflows", "filterByTk", "dryRun") if asked.get(name) is not None}
        call = Call(
            asked.get("collection") or "workflows",
            "trigger",
            params=params,
            body=asked.get("values"),
            role=asked.get("role") or None,
            idempotency_key=key,
            deadline_ms=deadline_ms,
            request_id=request_id,
            principal=principal,
            kept_seconds=kept_seconds,
        )
        return self._product.answer(call)


def principal_of(backend: Backend, who: Json) -> Principal:
    """The user of an id, an e-mail address or a username, in one read. Raises Invalid (``USER_NOT_FOUND``) and Unavailable."""
    now_s = backend.clock.now_ms() // 1000
    user_id = user_id_of(backend, who)
    if user_id is None:
        named = json.dumps(who[:MOST_SHOWN], ensure_ascii=False) if isinstance(who, str) else str(who)[:MOST_SHOWN]
        raise Invalid(f"there is no user {named}: name an e-mail address, a username or an id", path="as", code="USER_NOT_FOUND")
    return Principal(user_id, now_s)


def user_id_of(backend: Backend, who: Json) -> int | None:
    """The id of the user whom an id, an e-mail address or a username names. Raises Unavailable."""
    name = who.strip() if isinstance(who, str) else str(who) if abs(who) <= MAX_SAFE_INTEGER else ""
    guards = [guard_key(USERS.uid, field, name) for field in ("email", "username")]
    digits = name.lstrip("0")[:MOST_DIGITS] if name.isascii() and name.isdecimal() else ""
    number = int(digits) if digits and int(digits) <= MAX_SAFE_INTEGER else None
    own: list[Key] = [] if number is None else [record_key(USERS.uid, number)]
    found = store_errors(lambda: backend.store.batch_get([*guards, *own]))
    if own and own[0] in found:
        return number
    return next((int(item["value"]) for key in guards if (item := found.get(key))), None)


def _checked(event: Json, known: Sequence[str]) -> dict[str, Json]:
    """The event, when it has the right shape. Raises Invalid with everything that is wrong."""
    if not isinstance(event, dict):
        raise Invalid(f'the event must be an object with "triggerWorkflows", not {kind_of(event)}', path="")
    found = [*_unknown(event, known), *problems_of_text(event), *_problems_of(event)]
    if found:
        raise Invalid.of(found)
    return event


def _unknown(event: dict[str, Json], known: Sequence[str]) -> Iterator[Problem]:
    for name in event:
        if name not in known:
            meant = did_you_mean(name, known) or f"known are {', '.join(known)}"
            shown = name[:60].encode(errors="replace").decode()
            yield Problem(f'"{shown}" is not known; {meant}', shown, "UNKNOWN_PROPERTY")


def problems_of_text(event: dict[str, Json], path: str = "") -> Iterator[Problem]:
    """The properties that could not be stored or written out again: an event is not read from text here."""
    for name, value in event.items():
        reason = why_not_kept(name) or why_not_kept(value)
        if reason is not None:
            shown = name[:60].encode(errors="replace").decode()
            yield Problem(f'"{shown}" {reason}', f"{path}{shown}", "INVALID_JSON")


def _problems_of(event: dict[str, Json]) -> Iterator[Problem]:
    keys = event.get("triggerWorkflows")
    if not keys or not isinstance(keys, str | list):
        yield Problem('"triggerWorkflows" is required: key or key!association, separated by commas', "triggerWorkflows")
    for name in ("collection", "role"):
        if not isinstance(event.get(name), str | None):
            yield Problem(f'"{name}" must be text', name)
    if not isinstance(event.get("values"), dict | list | None):
        yield Problem(f'"values" must be an object or an array, not {kind_of(event["values"])}', "values")
    if not _is_name(event.get("as"), least=1):
        yield Problem('"as" must be an e-mail address, a username or an id', "as")
    key = event.get("idempotencyKey")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= MOST_KEY_CHARACTERS):
        yield Problem(f'"idempotencyKey" must be text of 1 to {MOST_KEY_CHARACTERS} characters', "idempotencyKey")
    if not isinstance(event.get("dryRun"), bool | None):
        yield Problem('"dryRun" must be true or false', "dryRun")
    yield from _problems_of_target(event)


def _problems_of_target(event: dict[str, Json]) -> Iterator[Problem]:
    target = event.get("filterByTk")
    if target is None:
        return
    if not event.get("collection"):
        yield Problem('"filterByTk" needs a "collection"', "collection")
    named = target if isinstance(target, list) else [target]
    if not all(_is_name(one) and one is not None for one in named):
        yield Problem('"filterByTk" must be an id or a list of ids', "filterByTk")


def _is_name(value: Json, least: int = 0) -> bool:
    """Whether the value may be an id or a name; ``None`` is left to others."""
    if isinstance(value, str):
        return len(value.strip()) >= least
    return value is None or (isinstance(value, int) and not isinstance(value, bool))
