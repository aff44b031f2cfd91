"""Statuses of executions and jobs, NocoBase's numbers (https://docs.nocobase.com/workflow/advanced/executions).

A node may return any other number: the job keeps it, the execution gets its sign.
"""

from __future__ import annotations

QUEUEING: None = None
STARTED = 0
PENDING = 0
RESOLVED = 1
FAILED = -1
ERROR = -2
ABORTED = -3
CANCELED = -4
REJECTED = -5
RETRY_NEEDED = -6

KNOWN = (STARTED, RESOLVED, FAILED, ERROR, ABORTED, CANCELED, REJECTED, RETRY_NEEDED)


def execution_status(job_status: int) -> int:
    """The status of an execution whose last job ended with ``job_status``: known ones stay, 100 → 1, -100 → -1."""
    if job_status in KNOWN:
        return job_status
    return RESOLVED if job_status > 0 else FAILED
