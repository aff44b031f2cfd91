"""JSONPath (RFC 9535) over one document, within bounds. Source: https://www.rfc-editor.org/rfc/rfc9535

Filters compare single values (``@.price``); regular expressions are not offered, since they can take any time. ``{{path}}`` in a
query becomes a JSON literal, so a value is never read as part of the query.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import jsonpath
from jsonpath.filter import BaseExpression, FilterQuery
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter, IndexSelector, NameSelector, SliceSelector, WildcardSelector

from chalicelib.domain.expression import LITERAL_IN_QUOTES, check_length, replace_templates, value_of_template
from chalicelib.domain.expression_bounds import Budget, ExpressionError, nesting_problem
from chalicelib.domain.expression_values import as_input, as_result
from chalicelib.domain.template_path import UNDEFINED, PlainPath, Scope
from chalicelib.errors import Json, Problem

CELLS_PER_NODE = 4
CHAINS = ("&&", "||")
SELECTORS = (NameSelector, IndexSelector, SliceSelector, WildcardSelector, Filter)


class _Environment(jsonpath.JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions = {name: self.function_extensions[name] for name in ("length", "count", "value")}


ENVIRONMENT = _Environment(strict=True, filter_caching=False)


class JsonpathQuery:
    """A compiled query; the same two members as `Expression`."""

    def __init__(self, text: str) -> None:
        """Raises ExpressionError with every mistake."""
        check_length(text)
        self._text = text.strip()
        templates: list[PlainPath] = []
        sample, problems = replace_templates(
            self._text, lambda template: _noted(template, templates), has_source=True, in_quotes=LITERAL_IN_QUOTES
        )
        if problems:
            raise ExpressionError.of([Problem(problem) for problem in problems])
        self.paths = frozenset(template.parts for template in templates)
        parsed = _parsed(sample)
        self._parsed = None if templates else parsed

    def evaluate(self, scope: Scope, source: Json) -> Json:
        """The value of a path that leads to one place, else the list of all values; null when there is none. Raises ExpressionError."""
        budget = Budget()

        def literal(template: PlainPath) -> str:
            value = value_of_template(template, scope, source)
            if isinstance(value, list | dict):
                raise ExpressionError(f"{{{{{template.path}}}}} in a JSONPath expression is a text, a number, true, false or null")
            return json.dumps(as_input(None if value is UNDEFINED else value, budget))

        try:
            parsed = self._parsed or _parsed(replace_templates(self._text, literal, has_source=True)[0])
            found = as_result([node.obj for node in _nodes(parsed, as_input(source, budget), budget)], budget)
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise ExpressionError(f"the JSONPath expression failed: {str(error).partition(chr(10))[0][:300]}") from error
        if parsed.singular_query():
            return found[0] if found else None
        return found or None


def _noted(template: PlainPath, templates: list[PlainPath]) -> str:
    templates.append(template)
    return "0"


def _nodes(parsed: jsonpath.JSONPath, document: Json, budget: Budget) -> Iterable[jsonpath.JSONPathMatch]:
    root = jsonpath.JSONPathMatch(filter_context={}, obj=document, parent=None, path="$", parts=(), root=document)
    nodes: Iterable[jsonpath.JSONPathMatch] = [root]
    for segment in parsed.segments:
        nodes = _counted(segment.resolve(nodes), budget)
    return nodes


def _counted(nodes: Iterable[jsonpath.JSONPathMatch], budget: Budget) -> Iterator[jsonpath.JSONPathMatch]:
    for node in nodes:
        budget.spend(CELLS_PER_NODE)
        yield node


def _parsed(text: str) -> jsonpath.JSONPath:
    try:
        parsed = ENVIRONMENT.compile(text)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    except (jsonpath.JSONPathError, ValueError) as error:
        raise ExpressionError(f"the JSONPath expression cannot be read: {str(error).partition(chr(10))[0][:300]}") from error
    if not isinstance(parsed, jsonpath.JSONPath):
        raise ExpressionError("the operators | and & between JSONPath expressions are not offered")
    _check_segments(parsed)
    return parsed


def _check_segments(parsed: jsonpath.JSONPath) -> None:
    if sum(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in parsed.segments) > 2:
        raise ExpressionError("a JSONPath expression holds .. at most twice")
    for segment in parsed.segments:
        for selector in segment.selectors:
            if not isinstance(selector, SELECTORS):
                raise ExpressionError(f"{selector} is not offered in a JSONPath expression")
            if isinstance(selector, Filter):
                _check_filter(selector.expression, 1)


def _check_filter(expression: BaseExpression, level: int, depth: int = 1) -> None:
    if problem := nesting_problem(level, depth):
        raise ExpressionError(problem)
    if isinstance(expression, FilterQuery) and not expression.path.singular_query():
        raise ExpressionError("a filter compares single values: @.price, @.tags[0], $.limit; not *, .., slices and filters in a filter")
    children: list[Any] = expression.children()
    operator = getattr(expression, "operator", None)
    for child in children:
        in_chain = operator in CHAINS and getattr(child, "operator", None) == operator
        _check_filter(child, level if in_chain else level + 1, depth + 1)
