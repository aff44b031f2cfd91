"""Plain paths: ``$context.data.title``, with ``ctx.`` before it or ``:default`` behind, as they stand between ``{{`` and ``}}``.

A path is read by a closure, without any evaluator. One that crosses an array gathers that part of each element into one flat
array. Values are reached by key only, never by attribute. What has an operator in it is no path but an expression.
Source: https://docs.nocobase.com/workflow/advanced/variables
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from chalicelib.domain.system_variables import SYSTEM_NAMES
from chalicelib.errors import Json

Scope = Mapping[str, Json]
Renderer = Callable[[Scope], Json]

ROOTS = ("$context", "$jobsMapByNodeKey", "$system", "$scopes", "$env")
SYSTEM_PATHS = SYSTEM_NAMES | {f"{name}.{end}" for name in SYSTEM_NAMES if name.startswith("dateRange.") for end in (0, 1)}
PLAIN = re.compile(r"[\w\s:\-+.,@/()?=*$]+")
# Fields are called "First name" and "Content-Type", so blanks and dashes belong to a path; an operator that stands apart,
# one that no name holds, or a second variable makes it an expression.
OPERATOR = re.compile(r"[*=?(),]|\s[-+/]|[-+/]\s|[^.]\$|(?<!\bctx)\.\$")
INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


class Undefined(Enum):
    """The value of a path that leads nowhere; JavaScript tells it from null, JSON does not."""

    UNDEFINED = "undefined"


UNDEFINED = Undefined.UNDEFINED


class PlainPath(NamedTuple):
    """What stands between the braces: ``ctx.$context.data.title:none`` is path ``$context.data.title``, default ``none``."""

    path: str
    parts: tuple[str, ...]
    default: str | None

    @classmethod
    def parse(cls, content: str) -> PlainPath:
        before, colon, default = content.strip().partition(":")
        path = before.strip()
        parts = tuple(path.removeprefix("ctx.").split(".")) if path != "ctx" else ()
        return cls(".".join(parts) or path, parts, default if colon else None)

    def reader(self, missing: Undefined | None) -> Renderer:
        """What reads the path from a scope; where it leads nowhere, the default or else ``missing``."""
        steps = [(part, int(part) if INDEX.fullmatch(part) else None) for part in self.parts]
        otherwise = missing if self.default is None else self.default

        def read(scope: Scope) -> Json:
            value: Json = scope
            for name, index in steps:
                value = _step(value, name, index)
                if value is UNDEFINED:
                    return otherwise
            return as_data(value() if callable(value) else value)

        return read if steps else lambda scope: {name: as_data(item) for name, item in scope.items()}


def is_path(content: str) -> bool:
    """Whether the text between the braces is a path by its form: ``$context.data.First name`` is, ``$context.data.a * 2`` is not."""
    return bool(PLAIN.fullmatch(content)) and not OPERATOR.search(content.partition(":")[0].strip())


def as_data(value: Json) -> Json:
    """A mapping that computes, such as ``$system``, as a dict without its functions; plain data as it is."""
    if isinstance(value, str | dict | int) or not isinstance(value, Mapping):
        return value
    return {key: as_data(item) for key, item in value.items() if not callable(item)}


def _step(value: Json, name: str, index: int | None) -> Json:
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, list):
        if index is None:
            return _gather(value, name)
        return value[index] if index < len(value) else UNDEFINED
    return value.get(name, UNDEFINED) if isinstance(value, Mapping) else UNDEFINED


def _gather(items: list[Json], name: str) -> list[Json]:
    """``name`` of every element in order; elements that lack it are left out, values that are lists are flattened."""
    found: list[Json] = []
    waiting = items[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict) and name in item:
            value = item[name]
            found.extend(value) if isinstance(value, list) else found.append(value)
    return found


def unknown_name(parts: tuple[str, ...], known_nodes: Collection[str], scopes: Collection[str]) -> str:
    """What is wrong with the second name of ``("$jobsMapByNodeKey", "nope", …)``: no such node, scope or variable; else empty."""
    if len(parts) < 2:
        return ""
    root, name = parts[:2]
    if root == "$jobsMapByNodeKey" and name not in known_nodes:
        return f'no node with the key "{short(name)}" runs before this one; known upstream: {listed(known_nodes)}'
    if root == "$scopes" and name not in scopes:
        return f'no node with the key "{short(name)}" is around this one; known scopes: {listed(scopes)}'
    if root == "$system" and ".".join(parts[1:]) not in SYSTEM_PATHS:
        return f'there is no "{short(".".join(parts))}"; known are {listed(f"$system.{name}" for name in SYSTEM_NAMES)}'
    return ""


def short(text: str) -> str:
    """The text, cut to 80 characters for a message."""
    return text if len(text) <= 80 else f"{text[:79]}…"


def listed(names: Iterable[str]) -> str:
    """The names in order, or ``none``."""
    return ", ".join(sorted(names)) or "none"
