"""Templates: ``{{$context.data.title}}`` anywhere in a configuration, filled in from a scope.

A configuration is compiled once into closures; text without ``{{`` stays a constant. A string that is one template keeps
the type of its value, otherwise values become part of the text as JavaScript would print them. What stands in the braces is a
plain path, read by a closure, or else an expression. Source: https://docs.nocobase.com/workflow/advanced/variables
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.domain.expression import MOST_BYTES, Expression, problems_of_expression
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template_path import PLAIN, ROOTS, UNDEFINED, PlainPath, Renderer, Scope, Undefined, is_path, short, unknown_name
from chalicelib.domain.template_text import as_float, number_literal, text_of
from chalicelib.errors import Json, Problem

__all__ = [
    "ROOTS",
    "UNDEFINED",
    "ExpressionError",
    "Renderer",
    "Scope",
    "Template",
    "Undefined",
    "as_float",
    "compile_template",
    "number_literal",
    "problems_of",
    "text_of",
]

WHAT_IS_SUPPORTED = f"a plain path such as {{{{$context.data.title}}}} begins with {', '.join(ROOTS)} or ctx"
EXPRESSION = re.compile(r"\{\{(" + PLAIN.pattern + r")\}\}")
# Inside an expression braces may stand in one another and in quotes: {{ {"a": {"b": "}}"}} }}.
STEP = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\{\{|\}\}|[{}]', re.DOTALL)


@dataclass(frozen=True)
class Template:
    """A compiled configuration value. ``paths`` are those it reads, without ``ctx.`` and defaults: ``$context.data.title``."""

    paths: frozenset[str]
    _resolve: Renderer = field(repr=False)

    def render(self, scope: Scope) -> Json:
        """The value filled in from ``{"$context": …, "$jobsMapByNodeKey": {key: result}, "$system": …, "$scopes": …, "$env": …}``.

        A missing path is ``None``. Lists and dicts of the configuration are fresh on each call, values of the scope are not.
        Raises ExpressionError when an expression fails on its data; plain paths never do."""
        value = self._resolve(scope)
        return None if value is UNDEFINED else value

    def resolve(self, scope: Scope) -> Json:
        """As ``render``, but ``UNDEFINED`` when the whole template is one path or expression without a value."""
        return self._resolve(scope)


def compile_template(value: Json) -> Template:
    """The template of any JSON value: strings, lists and dicts (keys too) are walked; what is no template stays text."""
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
    constants, readers = [""], list[Renderer]()
    for constant, content in _pieces(text) if "{{" in text else [(text, None)]:
        constants[-1] += constant
        reader = None if content is None else _reader(content, paths)
        if reader:
            readers.append(reader)
            constants.append("")
        elif content is not None:
            constants[-1] += f"{{{{{content}}}}}"
    if not readers:
        return _Compiled(text)
    if constants == ["", ""]:
        return _Compiled(render=readers[0] if missing else _without_undefined(readers[0]))

    def interpolate(scope: Scope) -> str:
        parts = [constants[0]]
        for read, constant in zip(readers, constants[1:], strict=True):
            parts += text_of(read(scope)), constant
        return "".join(parts)

    return _Compiled(render=interpolate)


def _without_undefined(read: Renderer) -> Renderer:
    def render(scope: Scope) -> Json:
        value = read(scope)
        return None if value is UNDEFINED else value

    return render


def _reader(content: str, paths: set[str]) -> Renderer | None:
    """What reads one template, a path or an expression; ``None`` for what is neither, which stays text."""
    if not is_path(content):
        try:
            expression = Expression(content)
        except ExpressionError:
            pass
        else:
            paths.update(".".join(parts) or "ctx" for parts in expression.paths)
            return expression.evaluate
    if not PLAIN.fullmatch(content):
        return None
    path = PlainPath.parse(content)
    paths.add(path.path)
    return path.reader(UNDEFINED)


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


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Constant text and the content of the braces after it, in turn; ``None`` where no (closed) template follows."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        plain = EXPRESSION.match(text, start)
        end = plain.end() if plain else _end_of(text, start + 2)
        if end < 0:
            break
        yield text[at:start], text[start + 2 : end - 2]
        at = end
    yield text[at:], None


def _end_of(text: str, at: int) -> int:
    """Where the template whose content begins at ``at`` ends, behind its braces; -1 when it is not closed."""
    open_braces = 0
    while step := STEP.search(text, at):
        at = step.end()
        found = step[0]
        if found == "}}" and open_braces == 0:
            return at
        if found == "}}" and open_braces == 1:
            at, open_braces = at - 1, 0
        elif found[0] in "{}":
            open_braces += len(found) if found[0] == "{" else -len(found)
    return -1


def problems_of(value: Json, path: str, known_nodes: Collection[str], scopes: Collection[str]) -> list[Problem]:
    """What is wrong with the templates in ``value``, found when a workflow is saved.

    ``path`` is where ``value`` stands (``config.params``); ``known_nodes`` are the keys of the nodes before this one and
    ``scopes`` the keys of those around it.
    """
    return [problem for where, text in _texts(value, path) for problem in _problems_in(text, where, known_nodes, scopes)]


def _texts(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Every string that holds a template, keys of dicts too, and where it stands."""
    if isinstance(value, str) and "{{" in value:
        yield path, value
    elif isinstance(value, list | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inner = f"{path}.{key}" if path else str(key)
            yield from _texts(key, inner)
            yield from _texts(item, inner)


def _problems_in(text: str, where: str, known_nodes: Collection[str], scopes: Collection[str]) -> Iterator[Problem]:
    for constant, content in _pieces(text):
        if content is None and "{{" in constant:
            yield Problem("{{ without }}: a template ends with }}", where)
        elif content is not None and is_path(content):
            if message := _problem_with_path(content, known_nodes, scopes):
                yield Problem(message, where)
        elif content is not None:
            yield from problems_of_expression(content, where, known_nodes, scopes)


def _problem_with_path(content: str, known_nodes: Collection[str], scopes: Collection[str]) -> str:
    if len(content) > MOST_BYTES:
        return f"an expression has at most {MOST_BYTES:,} characters, this one {len(content):,}"
    parts = PlainPath.parse(content).parts
    if "" in parts or (parts and parts[0] not in ROOTS):
        return f"{{{{{short(content)}}}}} is not supported: {WHAT_IS_SUPPORTED}"
    return unknown_name(parts, known_nodes, scopes)
