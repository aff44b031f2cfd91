"""What DynamoDB's errors mean to a caller of the `Store` port.

The line that matters: *refused* means that nothing was written, *unavailable* that nobody knows. A call may hide an
attempt that timed out behind a later one that was throttled, so `Attempts` watches every attempt.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from pynamodb.connection.base import BOTOCORE_EXCEPTIONS as ANY_FAILURE
from pynamodb.exceptions import TransactWriteError, VerboseClientError

from chalicelib.domain.ports import Check, Delete, Put, Refusal, StoreUnavailable, TransactionRefused, Update, Write
from chalicelib.errors import Invalid
from chalicelib.observability import logger

__all__ = ["ANY_FAILURE", "Attempts", "read_failure", "write_failure"]

REASONS: dict[str, Refusal] = {
    "ConditionalCheckFailed": "condition",
    "TransactionConflict": "conflict",
    "ThrottlingError": "throttled",
    "ProvisionedThroughputExceeded": "throttled",
    "RequestLimitExceeded": "throttled",
    "ItemCollectionSizeLimitExceeded": "invalid",
    "ValidationError": "invalid",
}
WHOLE_REQUEST: dict[str, Refusal] = {
    "ThrottlingException": "throttled",
    "ProvisionedThroughputExceededException": "throttled",
    "RequestLimitExceeded": "throttled",
    "TransactionConflictException": "conflict",
    "ItemCollectionSizeLimitExceededException": "invalid",
    "ValidationException": "invalid",
}
PYNAMODB_ORDER: dict[type[Write], int] = {Check: 0, Delete: 1, Put: 2, Update: 3}


class Attempts(threading.local):
    """Whether an attempt of this thread's transaction ended without an answer (timeout, broken connection, 5xx)."""

    unknown = False

    def note(self, response: Any, caught_exception: Exception | None, **_: Any) -> None:
        if caught_exception is not None or response[0].status_code >= 500:
            self.unknown = True


def read_failure(error: Exception) -> Exception:
    """Invalid when DynamoDB will never take the request, else StoreUnavailable."""
    code = _code(error)
    if code != "ValidationException":
        return StoreUnavailable(f"{code}: {error}")
    # What DynamoDB says of it names tables and indexes, which are no business of a caller.
    logger.warning("DynamoDB refused a read: %s", error)
    return Invalid("the database cannot look for this value: it is too long or not of the field's type", code="VALUE_REFUSED")


def write_failure(error: TransactWriteError, writes: Sequence[Write], outcome_unknown: bool) -> TransactionRefused | StoreUnavailable:
    """TransactionRefused, its reasons in the order of ``writes``, when it is certain that nothing was written.

    ``TransactionInProgressException`` is not: an earlier attempt of the same call is still at work.
    """
    code = _code(error.cause)
    if code == "TransactionCanceledException" and len(error.cancellation_reasons) == len(writes):
        return TransactionRefused(_reasons(error, writes), str(error.cause))
    refusal = WHOLE_REQUEST.get(code)
    if refusal is None or outcome_unknown:
        return StoreUnavailable(f"{code}: {error.cause}")
    return TransactionRefused([refusal] * len(writes), str(error.cause))


def _code(error: Exception | None) -> str:
    """PynamoDB's own ``cause_response_code`` breaks on a timeout, whose ``response`` is ``None``."""
    return str(error.response["Error"]["Code"]) if isinstance(error, VerboseClientError) else type(error).__name__


def _reasons(error: TransactWriteError, writes: Sequence[Write]) -> list[Refusal | None]:
    """PynamoDB sends checks, deletes, puts, updates, whatever the order of the calls: put the reasons back."""
    sent = sorted(range(len(writes)), key=lambda at: PYNAMODB_ORDER[type(writes[at])])
    reasons: list[Refusal | None] = [None] * len(writes)
    for at, reason in zip(sent, error.cancellation_reasons, strict=True):
        reasons[at] = None if reason is None else REASONS.get(reason.code, "invalid")
    return reasons
