"""Errors as HTTP: one table from class to status, one body ``{"errors": [{"message", "code", …}]}``."""

from __future__ import annotations

from chalicelib.errors import (
    AppError,
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    Json,
    NotFound,
    PreconditionFailed,
    ProcedureFailed,
    Taken,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    WorkflowEnded,
    WorkflowFailed,
)
from chalicelib.services.call import Answer

STATUS: dict[type[AppError], int] = {
    Invalid: 400,
    WorkflowEnded: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Taken: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    Unprocessable: 422,
    TooManyAttempts: 429,
    WorkflowFailed: 500,
    ProcedureFailed: 500,
    Unavailable: 503,
    DeadlineExceeded: 504,
    AppError: 500,
}


def status_of(error: AppError) -> int:
    """The status of the error's class or of the nearest class above it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def answer_of(error: AppError) -> Answer:
    """The error as an answer. A 412 carries the record as it is now as ``data``; 409 and 503 say when to try again."""
    data = dict(error.data)
    headers: dict[str, str] = {}
    if "retryAfter" in data:
        headers["Retry-After"] = str(data.pop("retryAfter"))
    if "etag" in data:
        headers["ETag"] = str(data.pop("etag"))
    current = data.pop("current", None) if isinstance(error, PreconditionFailed) else None
    errors: list[dict[str, Json]] = [problem.to_json() | data for problem in error.problems()]
    status = status_of(error)
    if isinstance(error, PreconditionFailed):
        return Answer(status=status, whole={"errors": errors, "data": current}, headers=headers)
    if error.result is not None:
        return Answer(status=status, whole={"errors": errors, "data": error.result}, headers=headers)
    return Answer(status=status, errors=errors, headers=headers)


def internal_error(request_id: str) -> Answer:
    """What a caller learns of a bug of ours: that there was one, and the id to find it by."""
    return Answer(status=500, errors=[{"message": "internal error", "code": "INTERNAL", "requestId": request_id}])
