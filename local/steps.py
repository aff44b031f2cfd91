"""One step of a plan, and how its diff is written."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from local.definitions import Body

Run = Callable[[], object]
# What an object is called comes before what is in it.
FIRST = ("key", "name", "type", "title")


class Caller(Protocol):
    """`local.client.Client`, as far as this goes."""

    def call(self, action: str, body: Any = None, **query: Any) -> Any: ...


@dataclass(frozen=True)
class Step:
    """One change: ``sign`` is ``+``, ``~`` or ``-``, ``title`` names it, ``lines`` are its diff.

    ``loses`` says what data it would lose, ``impossible`` why it cannot be done. A step without a title belongs to the one before."""

    sign: str
    title: str
    run: Run
    lines: list[str] = field(default_factory=list)
    loses: str = ""
    impossible: str = ""


def made(client: Caller, action: str, body: Any, **query: Any) -> Run:
    """The call, to be made later."""
    return lambda: client.call(action, body, **query)


def quoted(name: str) -> str:
    return quote(name, safe="")


def differing(wanted: Body, there: Body) -> Body:
    """The options of ``wanted`` that are not so."""
    return {option: value for option, value in wanted.items() if there.get(option) != value}


def diff(before: Any, after: Any) -> list[str]:
    """Lines with ``-`` and ``+``, and those next to them, of two JSON values; the order of names in an object does not count."""
    old, new = ([] if value == {} else json.dumps(_ordered(value), indent=2, ensure_ascii=False).splitlines() for value in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    return ["…" if line.startswith("@@") else line for line in (lines if old else lines[1:])]


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name == "branches", name))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(entry) for entry in value] if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A value within a line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
