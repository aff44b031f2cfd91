"""Keys that stand on every log line: those of the call under way, and those of the execution, workflow, node and attempt around the code.

They are context variables, so threads that serve other calls have their own. Source: https://docs.python.org/3/library/contextvars.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

NOTHING: Mapping[str, object] = MappingProxyType({})
AROUND: ContextVar[Mapping[str, object]] = ContextVar("stepbase_around", default=NOTHING)
OF_CALL: ContextVar[Mapping[str, object]] = ContextVar("stepbase_of_call", default=NOTHING)


@contextmanager
def about(**keys: object) -> Iterator[None]:
    """Puts the keys on every line that is written inside: ``with about(executionId=91, workflow="submit"):``."""
    token = AROUND.set({**AROUND.get(), **keys})
    try:
        yield
    finally:
        AROUND.reset(token)


def known_keys() -> dict[str, object]:
    """The keys of a line written now."""
    return {**OF_CALL.get(), **AROUND.get()}
