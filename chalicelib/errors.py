"""What can go wrong, in the words of the product; nothing here knows HTTP.

The tree (status codes are mapped in ``entrypoints/http_errors.py``)::

    AppError
    ├── Invalid              the request or a definition is wrong; one `Problem` per mistake
    ├── Unauthenticated      no valid proof of who calls
    ├── Forbidden            known, but not allowed
    ├── NotFound             the collection, action, record or workflow is not there
    ├── Conflict             somebody else changed the same data first
    ├── Taken                the id that a client gave is another record's
    ├── PreconditionFailed   If-Match named another version; carries the current record
    ├── TooLarge             a body, record or unit of work over its limit
    ├── Unprocessable        an Idempotency-Key used again for another request
    ├── TooManyAttempts      failed sign-ins with one account; says when to try again
    ├── WorkflowEnded        a synchronous workflow said no (an ``end`` node with a negative status)
    ├── WorkflowFailed       a synchronous workflow broke (a node failed or raised)
    ├── ProcedureFailed      a procedure raised, or returned what it does not promise
    ├── Unavailable          the database gave no answer, the outcome may be unknown; or Step Functions did not do what was asked
    └── DeadlineExceeded     the call ran out of its time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True)
class Problem:
    """One mistake: where (``path``, dotted, ``nodes.0.config.collection``) and what would be right (``message``)."""

    message: str
    path: str = ""
    code: str = ""

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {"message": self.message}
        if self.code:
            body["code"] = self.code
        if self.path:
            body["path"] = self.path
        return body


class AppError(Exception):
    """Base of every error that a caller may see. ``code`` is stable, ``message`` is for people, ``data`` is JSON.

    ``result``: what the answer holds as ``data`` beside the errors, where there is something."""

    code = "ERROR"
    result: Json = None

    def __init__(self, message: str, *, code: str = "", data: dict[str, Json] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.data = data or {}

    def problems(self) -> list[Problem]:
        return [Problem(self.message, code=self.code)]


class Invalid(AppError):
    """The request is wrong. ``Invalid("…", path="title")`` for one mistake, ``Invalid.of([...])`` for all at once."""

    code = "INVALID"

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        code: str = "",
        data: dict[str, Json] | None = None,
        found: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message, code=code, data=data)
        self.found = list(found) or [Problem(message, path, self.code)]

    @classmethod
    def of(cls, found: Sequence[Problem]) -> Invalid:
        return cls("; ".join(problem.message for problem in found), found=found)

    def problems(self) -> list[Problem]:
        return [Problem(p.message, p.path, p.code or self.code) for p in self.found]


class Unauthenticated(AppError):
    code = "INVALID_TOKEN"


class Forbidden(AppError):
    code = "FORBIDDEN"


class NotFound(AppError):
    code = "NOT_FOUND"


class Conflict(AppError):
    code = "CONFLICT"


class Taken(AppError):
    code = "ID_TAKEN"


class PreconditionFailed(AppError):
    code = "PRECONDITION_FAILED"


class TooLarge(AppError):
    code = "TOO_LARGE"


class Unprocessable(AppError):
    code = "UNPROCESSABLE"


class TooManyAttempts(AppError):
    code = "TOO_MANY_ATTEMPTS"


class WorkflowEnded(AppError):
    code = "WORKFLOW_ENDED"


class WorkflowFailed(AppError):
    code = "WORKFLOW_FAILED"


class ProcedureFailed(AppError):
    code = "PROCEDURE_FAILED"


class Unavailable(AppError):
    code = "UNAVAILABLE"


class DeadlineExceeded(AppError):
    code = "DEADLINE_EXCEEDED"
