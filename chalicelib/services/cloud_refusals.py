"""What a caller is told when AWS did not make what a workflow needs: what failed, and what helps. AWS's own words are for the log.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
"""

from __future__ import annotations

from chalicelib.domain.machines import NO_ANSWER, MachineRefused, ScheduleRefused
from chalicelib.domain.workflow import Workflow
from chalicelib.errors import Unavailable
from chalicelib.observability import logger

RETRY_SECONDS = 5
MOST_LOGGED = 1_000
BUSY = frozenset(("ThrottlingException", "TooManyRequestsException", "ServiceUnavailable", "InternalFailure", "InternalServerException"))
DENIED = frozenset(("AccessDeniedException", "AccessDenied", "NotAuthorized", "UnrecognizedClientException", "ExpiredTokenException"))
FULL = frozenset(("StateMachineLimitExceeded", "ServiceQuotaExceededException", "LimitExceededException"))


def not_made(what: str, workflow: Workflow, service: str, refused: MachineRefused | ScheduleRefused, code: str) -> Unavailable:
    """The error of a workflow that was not enabled since ``what`` it needs (``state machine``) was not made; what AWS said is logged.

    ``data``: ``reason``, the service's code or null where the installation has no such service, and ``retryAfter`` in seconds."""
    # As text: of an exception itself the log keeps the class alone.
    said, reason = str(refused)[:MOST_LOGGED], refused.code
    logger.error("the %s of the workflow %s was not made by %s (%s): %s", what, workflow.key, service, reason or "not set up", said)
    message = f'the {what} of the workflow "{workflow.title}" could not be created: {_why(service, reason)}. The workflow was not enabled'
    return Unavailable(message, code=code, data={"reason": reason or None, "retryAfter": RETRY_SECONDS})


def _why(service: str, reason: str) -> str:
    if not reason:
        return f"{service} is not set up for this installation, or not completely; who runs it finds what is missing in the log"
    if reason == NO_ANSWER:
        return f"{service} did not answer; try again in a moment"
    if reason in BUSY:
        return f"{service} has too much to do now; try again in a moment"
    if reason in FULL:
        return f"the AWS account has no room for another one; remove workflows that nobody needs, or have the quota of {service} raised"
    if reason in DENIED:
        return f"this installation may not do that in {service}; who runs it finds in the log which right is missing"
    return f"{service} did not take it; who runs this installation finds the reason in the log"
