"""What stops a walk from inside a node, and is no outcome of that node.

Source of what ends an execution: https://docs.nocobase.com/workflow/advanced/executions
"""

from __future__ import annotations

from chalicelib.domain.graph import Node


class Interruption(Exception):
    """Stops the walk from inside a node; no outcome of that node."""


class Ended(Interruption):
    """An ``end`` node stopped the whole execution."""


class Exited(Interruption):
    """A branch ended badly and takes the whole execution with it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class TimedOut(Interruption):
    """The workflow's own ``options.timeout`` has passed."""


class OutOfTime(Interruption):
    """The function that walks must answer; everything so far is committed."""


class Elsewhere(Interruption):
    """The next node has a task of its own."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.key)
        self.node = node


class NotSaved(Interruption):
    """A commit in the middle of a walk was refused; ``error`` says why."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
