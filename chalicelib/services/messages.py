"""Messages as they are delivered: each to its workflows, what can never work to the dead letters, what may work later back to its queue.

Nothing is lost: a record is acknowledged only when its message has run, is queued, or is kept as a dead letter with the reason. A message
without a workflow that wants it is acknowledged, as a topic without subscribers drops it.
Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from chalicelib.domain.json_text import parse_json
from chalicelib.domain.message import Message
from chalicelib.domain.ports import EffectFailed
from chalicelib.errors import AppError, Conflict, DeadlineExceeded, Invalid, Json, TooLarge, TooManyAttempts, Unavailable
from chalicelib.observability import counted, logger
from chalicelib.services.direct_calls import DirectCalls
from chalicelib.services.message_events import NOT_IN_A_LETTER, Delivery, deliveries_of
from chalicelib.services.message_runs import run_message
from chalicelib.services.product import Product
from chalicelib.triggers.custom_action import PARAMETER

# Below the 256 KB that SNS takes: what a workflow begins with must fit into an item beside what the mapping adds.
MOST_MESSAGE_BYTES = 200 * 1024
RESERVE_MS = 3_000
LEAST_MS = 15_000
MOST_REASON = 1_000
TRANSIENT = (Unavailable, Conflict, DeadlineExceeded, TooManyAttempts)


class Messages:
    """The use case over a `Product`."""

    def __init__(self, product: Product) -> None:
        self._backend = product.backend
        self._direct = DirectCalls(product)
        self._names = {arn: name for name, arn in self._backend.incoming.topics.items()}

    def receive(self, event: Json, deadline_ms: int) -> dict[str, Json]:
        """``{"batchItemFailures": [{"itemIdentifier"}]}``: the records that are to be delivered again.

        Raises Invalid for an event that is no delivery, Unavailable when a topic that called straight is to deliver again."""
        deliveries = sorted(deliveries_of(event), key=_turn)
        again = [
            delivery
            for number, delivery in enumerate(deliveries)
            if not self._is_done(delivery, self._share_ms(deadline_ms, len(deliveries) - number), deadline_ms)
        ]
        if any(delivery.id is None for delivery in again):
            raise Unavailable("the message could not be taken now; deliver it again")
        return {"batchItemFailures": [{"itemIdentifier": delivery.id} for delivery in again]}

    def _share_ms(self, deadline_ms: int, left: int) -> int:
        """Until when one of the messages that are left may run: it gets its part of the time that is left, and what most need at least."""
        now_ms, ends_ms = self._backend.clock.now_ms(), deadline_ms - RESERVE_MS
        return min(ends_ms, now_ms + max(LEAST_MS, (ends_ms - now_ms) // left))

    def _is_done(self, delivery: Delivery, until_ms: int, deadline_ms: int) -> bool:
        """Whether the record may be forgotten."""
        if self._backend.clock.now_ms() > deadline_ms - RESERVE_MS:
            return False
        try:
            self._deliver(delivery, until_ms)
        except TRANSIENT as later:
            logger.warning("the message %s comes again: %s", delivery.id, later)
            return False
        except _Refused as refused:
            return self._bury(delivery, refused.about)
        except Exception:
            logger.exception("the message %s could not be taken", delivery.id)
            return False
        return True

    def _deliver(self, delivery: Delivery, deadline_ms: int) -> None:
        """Raises _Refused with what is to stand on the dead letter, and those of `TRANSIENT`."""
        about: dict[str, str] = {}
        try:
            message = delivery.message()
            about["messageId"] = message.id
            about["topic"] = topic = self._topic_of(message)
            call = self._call_in(message, topic)
            if call is not None:
                self._direct.of_message(message, topic, call, deadline_ms)
                return
            refused = run_message(self._backend, message, topic, deadline_ms)
        except TRANSIENT:
            raise
        except AppError as error:
            raise _Refused(about, error) from error
        if refused:
            reasons = "; ".join(f"{key}: {error.message}" for key, error in refused.items())
            code = _code(next(iter(refused.values())))
            raise _Refused(about | {"workflows": ",".join(refused)}, Invalid(reasons, code=code))

    def _topic_of(self, message: Message) -> str:
        """The name of the message's topic. Raises Invalid, TooLarge."""
        name = self._names.get(message.topic_arn)
        if name is None:
            known = ", ".join(f"{name} ({arn})" for name, arn in self._backend.incoming.topics.items()) or "none"
            told = f"the topic {message.topic_arn} is not set up here; the topics are {known}"
            raise Invalid(told, path="TopicArn", code="UNKNOWN_TOPIC")
        size = len(message.text.encode(errors="replace"))
        if size > MOST_MESSAGE_BYTES:
            told = f"the message has {size:,} bytes; at most {MOST_MESSAGE_BYTES:,} are taken: publish where it lies instead"
            raise TooLarge(told, code="MESSAGE_TOO_LARGE")
        return name

    def _call_in(self, message: Message, topic: str) -> Json:
        """The object that names workflows itself; ``None`` for any other message. Raises Invalid."""
        if not message.text.lstrip().startswith("{") or f'"{PARAMETER}"' not in message.text:
            return None
        try:
            body = parse_json(message.text, what="the message", path="Message")
        except Invalid:
            if topic in self._backend.incoming.users:
                raise
            return None  # for workflows that take text
        return body if isinstance(body, dict) and PARAMETER in body else None

    def _bury(self, delivery: Delivery, about: Mapping[str, str]) -> bool:
        """Whether the message is among the dead letters; else it comes again."""
        try:
            self._backend.incoming.dead_letters.put(delivery.raw, {name: _legible(text) for name, text in about.items() if text})
        except EffectFailed as failed:
            logger.error("the message %s could not be kept as a dead letter: %s", delivery.id, failed)
            return False
        counted("DeadLetters")
        # Not the reason, which may quote the message: it stands on the letter.
        logger.warning("a dead letter", extra={"code": about.get("code"), "messageId": about.get("messageId")})
        return True


class _Refused(Exception):
    """The message can never work; ``about`` is what stands on its dead letter."""

    def __init__(self, about: dict[str, str], error: AppError) -> None:
        super().__init__(error.message)
        self.about = about | {"reason": error.message, "code": _code(error)}


def _turn(delivery: Delivery) -> tuple[int, str]:
    """The place in a batch: what comes for the first time before the rest, as it came; what came before in another order each time.

    So a message that takes all the time that it gets stands behind those that do not, and in the end gets what they leave."""
    if delivery.times <= 1:
        return 1, ""
    return delivery.times, hashlib.sha256(f"{delivery.id}/{delivery.times}".encode(errors="replace")).hexdigest()


def _code(error: AppError) -> str:
    """The code of the first thing that is wrong."""
    return next((problem.code for problem in error.problems() if problem.code), error.code)


def _legible(text: str) -> str:
    """The text as a queue takes it, cut where it is long."""
    return NOT_IN_A_LETTER.sub("�", text)[:MOST_REASON]
