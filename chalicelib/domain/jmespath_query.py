"""JMESPath over one document, within bounds. Source of the language: https://jmespath.org/specification.html

``{{path}}`` in a query becomes a JSON literal, so a value is never read as part of the query.
"""

# mypy: disable-error-code="misc,no-any-return,untyped-decorator"

from __future__ import annotations

import json
from typing import Any

from jmespath import functions, parser, visitor
from jmespath.exceptions import JMESPathError

from chalicelib.domain.expression import LITERAL_IN_QUOTES, check_length, replace_templates, value_of_template
from chalicelib.domain.expression_bounds import Budget, ExpressionError, nesting_problem, size_of
from chalicelib.domain.expression_texts import json_text, number_in
from chalicelib.domain.expression_values import as_input, as_result
from chalicelib.domain.template_path import UNDEFINED, PlainPath, Scope, listed, short
from chalicelib.errors import Json, Problem

MOST_TEXT = 200_000
BUILDERS = ("multi_select_list", "multi_select_dict", "function_expression", "flatten")
CHAINS = ("or_expression", "and_expression", "pipe")


class JmespathQuery:
    """A compiled query; the same two members as `Expression`."""

    def __init__(self, text: str) -> None:
        """Raises ExpressionError with every mistake."""
        check_length(text)
        self._text = text
        templates: list[PlainPath] = []
        sample, problems = replace_templates(
            text, lambda template: _noted(template, templates), has_source=True, in_quotes=LITERAL_IN_QUOTES
        )
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
        except JMESPathError as error:
            raise ExpressionError(str(error).partition("\n")[0][:300]) from error
        except (TypeError, ValueError, ArithmeticError) as error:  # in the words of a Python program
            raise ExpressionError("the JMESPath expression failed on its data: a value is not of the kind that a function takes") from error


def _noted(template: PlainPath, templates: list[PlainPath]) -> str:
    templates.append(template)
    return "`0`"


def _parsed(text: str) -> Any:
    try:
        tree = parser.Parser().parse(text).parsed
        _check(tree, 1, 1)
    except JMESPathError as error:
        raise ExpressionError(f"the JMESPath expression cannot be read: {str(error).partition(chr(10))[0][:300]}") from error
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    return tree


def _check(node: Any, level: int, depth: int) -> None:
    """Raises ExpressionError for what is nested too deeply, and for what fails whatever the document."""
    if problem := nesting_problem(level, depth):
        raise ExpressionError(problem)
    if node["type"] == "function_expression":
        _check_call(node["value"], len(node["children"]))
    if node["type"] == "slice" and node["children"][2] == 0:
        raise ExpressionError("the step of a slice [start:stop:step] is not 0")
    for position, child in enumerate(node["children"]):
        if isinstance(child, dict):
            in_chain = position == 0 and node["type"] == child["type"] and node["type"] in CHAINS
            _check(child, level if in_chain else level + 1, depth + 1)


def _check_call(name: str, given: int) -> None:
    known = _Functions.FUNCTION_TABLE.get(name)
    if known is None:
        raise ExpressionError(f"there is no JMESPath function {short(name)}(); known are {listed(_Functions.FUNCTION_TABLE)}")
    wanted = known["signature"]
    more = bool(wanted) and bool(wanted[-1].get("variadic"))
    if given < len(wanted) or (given > len(wanted) and not more):
        count = f"{'at least ' if more else ''}{len(wanted)} argument{'s' if len(wanted) > 1 else ''}"
        raise ExpressionError(f"the JMESPath function {name}() takes {count}, not {given}")


class _Functions(functions.Functions):
    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        if sum(map(len, texts)) + len(separator) * len(texts) > MOST_TEXT:
            raise ExpressionError(f"join would make a text of more than {MOST_TEXT:,} characters")
        return separator.join(texts)

    @functions.signature({"types": []})
    def _func_to_string(self, value: Json) -> str:
        return value if isinstance(value, str) else json_text(value, None, self._budget)

    @functions.signature({"types": []})
    def _func_to_number(self, value: Json) -> Json:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            return number_in(value, radix=False) if isinstance(value, str) else value
        except ExpressionError:
            return None


class _Interpreter(visitor.TreeInterpreter):
    def __init__(self, budget: Budget) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions(budget)))
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().visit(node, *args, **kwargs)
        if node["type"] in BUILDERS:
            self._budget.weigh(result)
        self._budget.spend(size_of(result))
        return result
