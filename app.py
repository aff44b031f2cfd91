"""The composition root: the Chalice app, its blueprints and the functions that are no routes. Everything else is in ``chalicelib``."""

from __future__ import annotations

import time
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate

from chalicelib.entrypoints import functions
from chalicelib.entrypoints.routes import api

app = Chalice(app_name="stepbase", configure_logs=False)
app.register_blueprint(api)


@app.lambda_function(name="run_segment")
def run_segment(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A state machine's task: walk an execution on."""
    return functions.run_segment(event, _deadline_ms(context))


@app.lambda_function(name="await_signal")
def await_signal(event: dict[str, Any], context: Any) -> None:
    """A state machine's task that waits: keep its token."""
    functions.await_signal(event)


@app.lambda_function(name="publish")
def publish(event: dict[str, Any], context: Any) -> None:
    """Make a state machine: the one function that may."""
    functions.publish(event)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> int:
    """Move on what has to go on though nobody calls."""
    return functions.sweep(_deadline_ms(event.context))


def _deadline_ms(context: Any) -> int:
    """When the function has to answer, in epoch milliseconds."""
    left_ms: int = context.get_remaining_time_in_millis()
    return int(time.time() * 1000) + left_ms
