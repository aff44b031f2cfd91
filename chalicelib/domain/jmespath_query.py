"""JMESPath over one document, within bounds. Source of the language: https://jmespath.org/specification.html

``{{path}}`` in a query becomes a JSON literal, so a value is never read as part of the query.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"

from __future__ import annotations

import json
from typing import Any

from jmespath import functions, parser, visitor
from jmespath.exceptions import JMESPathError

from chalicelib.domain.expression import check_length, replace_templates, value_of_template
from chalicelib.domain.expression_bounds import Budget, ExpressionError, size_of
from chalicelib.domain.expression_values import as_input, as_result
from chalicelib.domain.template_path import UNDEFINED, PlainPath, Scope
from chalicelib.errors import Json, Problem

MOST_LEVELS = 32
MOST_TEXT = 200_000
BUILDERS = ("multi_select_list", "multi_select_dict", "function_expression", "flatten")


class JmespathQuery:
    """A compiled query; the same two members as `Expression`."""

    def __init__(self, text: str) -> None:
        """Raises ExpressionError with every mistake."""
        check_length(text)
        self._text = text
        templates: list[PlainPath] = []
        sample, problems = replace_templates(text, lambda template: _noted(template, templates), has_source=True)
        if problems:
            raise ExpressionError.of([Problem(problem) for problem in problems])
        self.paths = frozenset(template.parts for template in templates)
        self._parsed = None if templates else _parsed(sample)
        if templates:
            _parsed(sample)

    def evaluate(self, scope: Scope, source: Json) -> Json:
        """The result for a document; JMESPath gives null where there is nothing. Raises ExpressionError."""
        budget = Budget()

        def literal(template: PlainPath) -> str:
            value = value_of_template(template, scope, source)
            text = json.dumps(as_input(None if value is UNDEFINED else value, budget))
            return f"`{text.replace('`', chr(92) + 'u0060')}`"

        try:
            parsed = self._parsed or _parsed(replace_templates(self._text, literal, has_source=True)[0])
            return as_result(_Interpreter(budget).visit(parsed, as_input(source, budget)), budget)
        except ExpressionError:
            raise
        except RecursionError:
            raise ExpressionError("a value in the query is nested too deeply") from None
        except (JMESPathError, TypeError, ValueError, ArithmeticError) as error:
            raise ExpressionError(str(error).partition("\n")[0][:300]) from error


def _noted(template: PlainPath, templates: list[PlainPath]) -> str:
    templates.append(template)
    return "`0`"


def _parsed(text: str) -> Any:
    try:
        tree = parser.Parser().parse(text).parsed
        _check_depth(tree, 1)
    except JMESPathError as error:
        raise ExpressionError(f"the JMESPath expression cannot be read: {str(error).partition(chr(10))[0][:300]}") from error
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    return tree


def _check_depth(node: Any, level: int) -> None:
    if level > MOST_LEVELS:
        raise ExpressionError(f"the expression is nested more than {MOST_LEVELS} levels deep")
    for child in node["children"]:
        if isinstance(child, dict):
            _check_depth(child, level + 1)


class _Functions(functions.Functions):
    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        if sum(map(len, texts)) + len(separator) * len(texts) > MOST_TEXT:
            raise ExpressionError(f"join would make a text of more than {MOST_TEXT:,} characters")
        return separator.join(texts)


class _Interpreter(visitor.TreeInterpreter):
    def __init__(self, budget: Budget) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions()))
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().visit(node, *args, **kwargs)
        if node["type"] in BUILDERS:
            self._budget.weigh(result)
        self._budget.spend(size_of(result))
        return result
