"""Functions that people and other functions invoke themselves: IAM says who may, the answer is the one that HTTP would give.

``{"statusCode": 200, "body": {"data"?, "meta"?, "messages"?} | {"errors", "meta"?}, "headers"?}``, the body as an object. A call that is
refused is an answer too, no failure of the function; only a bug of ours says no more than an id (500).
Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.bootstrap import product
from chalicelib.entrypoints.http_errors import answer_of, internal_error
from chalicelib.errors import AppError, Json
from chalicelib.observability import logger, note
from chalicelib.services.call import Answer

RESERVE_MS = 1_000


def trigger(event: Json, deadline_ms: int, request_id: str) -> dict[str, Json]:
    """Starts the workflows that the event names: see `DirectCalls.trigger`."""
    from chalicelib.services.direct_calls import DirectCalls

    return _answered(lambda: DirectCalls(product()).trigger(event, deadline_ms - RESERVE_MS, request_id), request_id)


def admin(event: Json, deadline_ms: int, request_id: str) -> dict[str, Json]:
    """Does what the event names: see `Administration.answer`. Nothing of the event is logged: it may hold a password."""
    from chalicelib.services.administration import Administration

    return _answered(lambda: Administration(product().backend).answer(event, deadline_ms - RESERVE_MS), request_id)


def _answered(act: Callable[[], Answer], request_id: str) -> dict[str, Json]:
    try:
        answer = act()
    except AppError as error:
        answer = answer_of(error)
    except Exception:
        logger.exception("a direct invocation failed")
        answer = internal_error(request_id)
    note(status=answer.status)
    envelope: dict[str, Json] = {"statusCode": answer.status, "body": answer.body()}
    return envelope | ({"headers": answer.headers} if answer.headers else {})
