"""Traces by choice: subsegments of X-Ray for executions, nodes and requests to AWS, with ``TRACING=1``.

Powertools' Tracer is loaded when it is switched on and not before: it costs some 330 ms of a cold start. A subsegment has a name and
ids; an exception marks it as failed, but what that says is not sent.
Source: https://docs.powertools.aws.dev/lambda/python/latest/core/tracer/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOT_IN_A_NAME = re.compile(r"[^\w.:/%&#=+\\\-@ ]")
MOST_NAME = 200


class Tracing:
    """``provider`` is what Powertools' Tracer makes subsegments with; ``None`` while tracing is off."""

    provider: Any = None


def start() -> None:
    """Switch tracing on; calls of AWS are traced from now on. Raises ImportError without the package aws-xray-sdk."""
    from aws_lambda_powertools import Tracer

    if Tracing.provider is None:
        Tracing.provider = Tracer(service="stepbase", patch_modules=["botocore"]).provider


@contextmanager
def traced(name: str, **ids: int | str) -> Iterator[None]:
    """A subsegment around what is done inside, with ``ids`` to search for it by; nothing while tracing is off."""
    provider = Tracing.provider
    if provider is None:
        yield
        return
    # Not its own context manager: that one sends the exception's message and the whole stack.
    segment = provider.begin_subsegment(NOT_IN_A_NAME.sub("_", name)[:MOST_NAME], "local")
    try:
        for key, value in ids.items():
            provider.put_annotation(key, value)
        yield
    except BaseException:
        if segment is not None:
            segment.add_fault_flag()
        raise
    finally:
        provider.end_subsegment()
