"""The composition root: the Chalice app, its blueprints and the functions that are no routes. Everything else is in ``chalicelib``."""

from __future__ import annotations

import time
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate

from chalicelib.entrypoints import direct, functions
from chalicelib.entrypoints.console import console
from chalicelib.entrypoints.routes import api
from chalicelib.observability import observed


class Tick(CloudWatchEvent):
    """Any event, of which only the context counts."""

    def _extract_attributes(self, event_dict: Any) -> None:
        """Takes nothing."""


app = Chalice(app_name="stepbase", configure_logs=False)
app.register_blueprint(api)
app.register_blueprint(console)


@app.lambda_function(name="run_segment")
def run_segment(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A state machine's task: walk an execution on."""
    with observed("walk", "run_segment", _request_id(context)) as walk:
        step = functions.run_segment(event, _deadline_ms(context))
        walk.end(next=step["next"])
        return step


@app.lambda_function(name="await_signal")
def await_signal(event: dict[str, Any], context: Any) -> None:
    """A state machine's task that waits: keep its token."""
    with observed("invocation", "await_signal", _request_id(context)):
        functions.await_signal(event)


@app.lambda_function(name="publish")
def publish(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make a state machine: the one function that may."""
    with observed("invocation", "publish", _request_id(context)):
        return functions.publish(event)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> int:
    """Move on what has to go on though nobody calls."""
    with observed("invocation", "sweep", _request_id(event.context)):
        return functions.sweep(_deadline_ms(event.context))


# The clock's event says nothing that a sweep needs: whoever invokes the function by hand may send any.
sweep.event_class = Tick


@app.lambda_function(name="machine_ended")
def machine_ended(event: dict[str, Any], context: Any) -> bool:
    """A state machine has failed, timed out or been stopped: move its execution on."""
    with observed("invocation", "machine_ended", _request_id(context)):
        return functions.machine_ended(event)


@app.lambda_function(name="receive")
def receive(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take messages that a queue delivers, or a topic."""
    with observed("invocation", "receive", _request_id(context)):
        return functions.receive(event, _deadline_ms(context))


@app.lambda_function(name="trigger")
def trigger(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Start workflows as a user, for whoever may invoke this function."""
    with observed("call", "trigger", _request_id(context)):
        return direct.trigger(event, _deadline_ms(context), context.aws_request_id)


@app.lambda_function(name="admin")
def admin(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make the first user, or help one who is locked out."""
    with observed("call", "admin", _request_id(context)):
        return direct.admin(event, _deadline_ms(context), context.aws_request_id)


@app.lambda_function(name="fire")
def fire(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Start the workflow whose time has come."""
    with observed("invocation", "fire", _request_id(context)):
        return functions.fire(event, _deadline_ms(context))


def _request_id(context: Any) -> str:
    return str(getattr(context, "aws_request_id", ""))


def _deadline_ms(context: Any) -> int:
    """When the function has to answer, in epoch milliseconds."""
    left_ms: int = context.get_remaining_time_in_millis()
    return int(time.time() * 1000) + left_ms
