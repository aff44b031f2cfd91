"""What one evaluation may cost, whatever the expression and the data: processor time, and values that are made.

The evaluators have no such bounds of their own, or lose them: jsonata-python's time limit counts from construction and is not
looked at inside array constructors (https://github.com/rayokota/jsonata-python). Time is the thread's own, so a busy machine
ends no run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from chalicelib.errors import Invalid, Json

MOST_CPU_SECONDS = 0.06
MOST_CELLS = 400_000
STEPS_BETWEEN_LOOKS = 32
MANY_CELLS = 250
MOST_LEVELS = 32
MOST_DEPTH = 128
TOO_NESTED = f"the expression is nested more than {MOST_LEVELS} levels deep"
TOO_LONG_A_CHAIN = f"an expression chains at most {MOST_DEPTH} operators; sum up or join a list, or calculate in two steps"


class ExpressionError(Invalid):
    """An expression that is wrong, or that failed on its data: a type that does not fit, too much time, too many values."""

    code = "EXPRESSION_FAILED"


class Budget:
    """The cost left of one evaluation. A cell is one character, list entry or member of an object that came out of a step."""

    def __init__(self, cpu_seconds: float = MOST_CPU_SECONDS, cells: int = MOST_CELLS) -> None:
        self._cells = cells
        self._steps = 0
        self._seconds = cpu_seconds
        self._end = time.thread_time() + cpu_seconds

    def spend(self, cells: int = 1) -> None:
        """Take off what a step made. Raises ExpressionError when nothing is left."""
        self._cells -= cells
        if self._cells < 0:
            raise ExpressionError(f"the expression makes more than {MOST_CELLS:,} values or characters")
        self._steps += 1
        if (cells > MANY_CELLS or self._steps % STEPS_BETWEEN_LOOKS == 0) and time.thread_time() > self._end:
            raise ExpressionError(f"the expression takes more than {self._seconds * 1000:.0f} ms of processor time")

    def weigh(self, value: Json) -> None:
        """Take off everything inside a value: one that holds another twice counts it twice, as its text would."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                self.spend(len(item))
            elif isinstance(item, list):
                self.spend(len(item))
                waiting.extend(item)
            elif isinstance(item, Mapping):
                self.spend(len(item))
                waiting.extend(item.values())


def size_of(value: Json) -> int:
    """Characters of a text, entries of a list or an object; 1 for anything else."""
    return len(value) if isinstance(value, str | list | Mapping) else 1


def nesting_problem(level: int, depth: int) -> str | None:
    """What is wrong with a part that lies ``level`` levels deep; ``depth`` counts the links of chains such as ``a + b + c`` too, which
    cost an evaluator its stack though nobody would call them nested."""
    return TOO_NESTED if level > MOST_LEVELS else TOO_LONG_A_CHAIN if depth > MOST_DEPTH else None
