"""An expression with the name of its engine, ``{"engine": "jsonata", "expression": "…"}``, as nodes and records hold it.

``jsonata`` calculates; ``string`` fills in the templates and gives a text.
Source: https://docs.nocobase.com/workflow/nodes/calculation
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from chalicelib.domain.condition import problems_of_engine
from chalicelib.domain.expression import Expression, problems_of_expression
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template import compile_template, problems_of, text_of
from chalicelib.domain.template_path import UNDEFINED, Scope
from chalicelib.errors import Json, Problem

ENGINES = ("jsonata", "string")


def compile_evaluation(engine: Json, text: Json) -> Callable[[Scope], Json]:
    """What evaluates the expression in a scope: its value, null without one. The result raises ExpressionError."""
    text = text if isinstance(text, str) else ""
    if engine == "string":
        template = compile_template(text)
        return lambda scope: text_of(template.render(scope))
    if not text.strip():
        return lambda scope: None
    expression = Expression(text)

    def evaluate(scope: Scope) -> Json:
        value = expression.evaluate(scope)
        return None if value is UNDEFINED else value

    return evaluate


def problems_of_evaluation(
    engine: Json, text: Json, paths: tuple[str, str], known_nodes: Collection[str], scopes: Collection[str]
) -> list[Problem]:
    """What is wrong with the engine and the expression, which stand at the two ``paths``, found when a workflow is saved."""
    found = problems_of_engine(engine, paths[0], ENGINES)
    if found or not isinstance(text, str) or not text.strip():
        return found
    check = problems_of if engine == "string" else problems_of_expression
    return check(text, paths[1], known_nodes, scopes)


def evaluate_stored(raw: Json, source: Json) -> Json:
    """The value of a stored expression ``{engine?, expression}`` for the document ``source``: names in it are fields of that document.

    The expression comes from a record and not from whoever wrote the workflow, so it sees nothing else of the run. Without an
    expression the value is null. Raises ExpressionError, for an engine that is not offered too."""
    stored = raw if isinstance(raw, dict) else {"expression": raw}
    engine, text = stored.get("engine"), stored.get("expression")
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise ExpressionError("the expression of the record is a text")
    if problems := problems_of_engine(engine, "engine", ENGINES):
        raise ExpressionError(problems[0].message)
    if engine == "string":
        return text_of(compile_template(text).render(source if isinstance(source, dict) else {}))
    value = Expression(text, has_source=True).evaluate({}, source)
    return None if value is UNDEFINED else value
