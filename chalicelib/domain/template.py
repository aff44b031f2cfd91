"""Templates: ``{{$context.data.title}}`` anywhere in a configuration, filled in from a scope.

A configuration is compiled once into closures; text without ``{{`` stays a constant. A string that is one template keeps
the type of its value, otherwise values become part of the text as JavaScript would print them. A path that crosses an
array gathers that part of each element into one flat array. Values are reached by key only, never by attribute.
Source: https://docs.nocobase.com/workflow/advanced/variables
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from chalicelib.domain.system_variables import SYSTEM_NAMES
from chalicelib.errors import Json, Problem

Scope = Mapping[str, Json]
Renderer = Callable[[Scope], Json]

ROOTS = ("$context", "$jobsMapByNodeKey", "$system", "$scopes", "$env")
ONLY_PLAIN_PATHS = f"only plain paths such as {{{{$context.data.title}}}} are, beginning with {', '.join(ROOTS)} or ctx"
MAX_EXPRESSION_LENGTH = 2_048
SAFE_INTEGER = 2**53
SYSTEM_PATHS = SYSTEM_NAMES | {f"{name}.{end}" for name in SYSTEM_NAMES if name.startswith("dateRange.") for end in (0, 1)}
PLAIN = re.compile(r"[\w\s:\-+.,@/()?=*$]+")
EXPRESSION = re.compile(r"\{\{(" + PLAIN.pattern + r")\}\}")
INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


class Undefined(Enum):
    """The value of a path that leads nowhere; JavaScript tells it from null, JSON does not."""

    UNDEFINED = "undefined"


UNDEFINED = Undefined.UNDEFINED


@dataclass(frozen=True)
class Template:
    """A compiled configuration value. ``paths`` are those it reads, without ``ctx.`` and defaults: ``$context.data.title``."""

    paths: frozenset[str]
    _resolve: Renderer = field(repr=False)

    def render(self, scope: Scope) -> Json:
        """The value filled in from ``{"$context": …, "$jobsMapByNodeKey": {key: result}, "$system": …, "$scopes": …, "$env": …}``.

        A missing path is ``None``. Lists and dicts of the configuration are fresh on each call, values of the scope are not.
        """
        value = self._resolve(scope)
        return None if value is UNDEFINED else value

    def resolve(self, scope: Scope) -> Json:
        """As ``render``, but ``UNDEFINED`` when the whole template is one path that is missing."""
        return self._resolve(scope)


def compile_template(value: Json) -> Template:
    """The template of any JSON value: strings, lists and dicts (keys too) are walked; what is no plain path stays text."""
    paths: set[str] = set()
    compiled = _compile(value, paths, UNDEFINED)
    return Template(frozenset(paths), compiled.renderer())


class _Compiled(NamedTuple):
    """Either a constant or what renders the value."""

    constant: Json = None
    render: Renderer | None = None

    def renderer(self) -> Renderer:
        return self.render or (lambda scope: self.constant)


def _compile(value: Json, paths: set[str], missing: Undefined | None = None) -> _Compiled:
    if isinstance(value, str):
        return _compile_text(value, paths, missing)
    if isinstance(value, list):
        items = [_compile(item, paths) for item in value]
        return _filled([item.constant for item in items], enumerate(items))
    return _compile_dict(value, paths) if isinstance(value, dict) else _Compiled(value)


def _compile_text(text: str, paths: set[str], missing: Undefined | None) -> _Compiled:
    pieces = EXPRESSION.split(text) if "{{" in text else [text]
    constants, variables = pieces[0::2], [_Variable.parse(content) for content in pieces[1::2]]
    if not variables:
        return _Compiled(text)
    paths.update(variable.path for variable in variables)
    if constants == ["", ""]:
        return _Compiled(render=_reader(variables[0], missing))
    readers = [_reader(variable, None) for variable in variables]

    def interpolate(scope: Scope) -> str:
        parts = [constants[0]]
        for read, constant in zip(readers, constants[1:], strict=True):
            parts += text_of(read(scope)), constant
        return "".join(parts)

    return _Compiled(render=interpolate)


def _compile_dict(value: dict[str, Json], paths: set[str]) -> _Compiled:
    keys = [_compile(key, paths) for key in value]
    items = {key: _compile(item, paths) for key, item in value.items()}
    if not any(key.render for key in keys):
        return _filled({key: item.constant for key, item in items.items()}, items.items())
    entries = [(key.renderer(), item.renderer()) for key, item in zip(keys, items.values(), strict=True)]
    return _Compiled(render=lambda scope: {text_of(key(scope)): item(scope) for key, item in entries})


def _filled(base: Json, members: Iterable[tuple[Json, _Compiled]]) -> _Compiled:
    """A copy of ``base``, a list or dict with the constants in it, completed by what depends on the scope."""
    dynamic = [(place, member.render) for place, member in members if member.render]

    def fill(scope: Scope) -> Json:
        result = base.copy()
        for place, render in dynamic:
            result[place] = render(scope)
        return result

    return _Compiled(render=fill)


class _Variable(NamedTuple):
    """What stands between the braces: ``ctx.$context.data.title:none`` is path ``$context.data.title``, default ``none``."""

    path: str
    parts: tuple[str, ...]
    default: str | None

    @classmethod
    def parse(cls, content: str) -> _Variable:
        before, colon, default = content.strip().partition(":")
        path = before.strip()
        parts = tuple(path.removeprefix("ctx.").split(".")) if path != "ctx" else ()
        return cls(".".join(parts) or path, parts, default if colon else None)


def _reader(variable: _Variable, missing: Undefined | None) -> Renderer:
    steps = [(part, int(part) if INDEX.fullmatch(part) else None) for part in variable.parts]
    otherwise = missing if variable.default is None else variable.default

    def read(scope: Scope) -> Json:
        value: Json = scope
        for name, index in steps:
            value = _step(value, name, index)
            if value is UNDEFINED:
                return otherwise
        return _as_data(value() if callable(value) else value)

    return read if steps else lambda scope: {name: _as_data(item) for name, item in scope.items()}


def _as_data(value: Json) -> Json:
    """A mapping that computes, such as ``$system``, as a dict without its functions; plain data as it is."""
    if isinstance(value, str | dict | int) or not isinstance(value, Mapping):
        return value
    return {key: _as_data(item) for key, item in value.items() if not callable(item)}


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


def text_of(value: Json) -> str:
    """The value inside a text: null and undefined are empty, lists and dicts compact JSON, the rest as JavaScript prints it."""
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    try:
        return _json_text(value)
    except RecursionError:  # a body nested a thousand deep: its text is of no use to anyone, failing is worse
        return ""


def _json_text(value: Json) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_literal(value)
    if isinstance(value, list):
        return f"[{','.join([_json_text(item) for item in value])}]"
    if isinstance(value, Mapping):
        return f"{{{','.join([f'{_json_text(key)}:{_json_text(item)}' for key, item in value.items()])}}}"
    return "null"


def number_literal(value: float) -> str:
    """The number as JavaScript prints it: ``1.0`` is ``1``, ``1e-07`` is ``1e-7``, integers beyond 2^53 lose their last digits."""
    if isinstance(value, int) and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return str(value)
    number = as_float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        return format(Decimal(repr(number + 0.0)), "f").removesuffix(".0")
    return repr(number).replace("e-0", "e-")


def as_float(value: float) -> float:
    """The number as a double; an integer too large for one is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def problems_of(value: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> list[Problem]:
    """What is wrong with the templates in ``value``, found when a workflow is saved.

    ``path`` is where ``value`` stands (``config.params``); ``known_nodes`` are the keys of the nodes before this one and
    ``scopes`` the keys of those around it.
    """
    return [
        Problem(message, where)
        for where, text in _texts(value, path)
        for content in _expressions(text)
        if (message := _problem_with(content, known_nodes, scopes))
    ]


def _texts(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Every string that holds a template, keys of dicts too, and where it stands."""
    if isinstance(value, str) and "{{" in value:
        yield path, value
    elif isinstance(value, list | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inner = f"{path}.{key}" if path else str(key)
            yield from _texts(key, inner)
            yield from _texts(item, inner)


def _expressions(text: str) -> Iterator[str | None]:
    """What stands between ``{{`` and ``}}``; ``None`` when the last one is not closed."""
    start = text.find("{{")
    while start >= 0:
        end = text.find("}}", start)
        yield text[start + 2 : end] if end >= 0 else None
        start = text.find("{{", end + 2) if end >= 0 else -1


def _problem_with(content: str | None, known_nodes: Collection[str], scopes: Collection[str]) -> str:
    if content is None:
        return "{{ without }}: a template ends with }}"
    if len(content) > MAX_EXPRESSION_LENGTH:
        return f"an expression has at most {MAX_EXPRESSION_LENGTH:,} characters, this one {len(content):,}"
    parts = _Variable.parse(content).parts
    if not PLAIN.fullmatch(content) or "" in parts or (parts and parts[0] not in ROOTS):
        return f"{{{{{_short(content)}}}}} is not supported: {ONLY_PLAIN_PATHS}"
    return _unknown_name(parts, known_nodes, scopes) if len(parts) > 1 else ""


def _unknown_name(parts: tuple[str, ...], known_nodes: Collection[str], scopes: Collection[str]) -> str:
    root, name = parts[:2]
    if root == "$jobsMapByNodeKey" and name not in known_nodes:
        return f'no node with the key "{_short(name)}" runs before this one; known upstream: {_listed(known_nodes)}'
    if root == "$scopes" and name not in scopes:
        return f'no node with the key "{_short(name)}" is around this one; known scopes: {_listed(scopes)}'
    if root == "$system" and ".".join(parts[1:]) not in SYSTEM_PATHS:
        return f'there is no "{_short(".".join(parts))}"; known are {_listed(f"$system.{name}" for name in SYSTEM_NAMES)}'
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
