"""How this process tells: set once, by what joins adapters and use cases."""

from __future__ import annotations

import logging

from chalicelib.observability import tracing
from chalicelib.observability.lines import DISCRETION, FORMAT, logger
from chalicelib.observability.metrics import METRICS


def configure(*, level: str, as_json: bool, metrics: bool, stage: str, traces: bool) -> None:
    """``level``: of the lines (``INFO``); ``as_json``: for CloudWatch, else for a terminal; ``stage``: the dimension of the metrics.

    Raises ImportError when traces are wanted and aws-xray-sdk is not there."""
    FORMAT.as_text = not as_json
    DISCRETION.shows_messages = not as_json and level.upper() == "DEBUG"
    logger.setLevel(logging.getLevelNamesMapping().get(level.upper(), logging.INFO))
    METRICS.stage = stage if metrics else ""
    if traces:
        tracing.start()
