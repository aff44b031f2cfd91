"""A condition as nodes hold it, ``{engine, calculation, expression}``: structured (``basic``) or a JSONata expression.

Source: https://docs.nocobase.com/workflow/nodes/condition
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from chalicelib.domain.calculation import CalculationError, compile_calculation, problems_of_calculation
from chalicelib.domain.expression import Expression, problems_of_expression
from chalicelib.domain.expression_bounds import ExpressionError
from chalicelib.domain.template_path import UNDEFINED, Scope
from chalicelib.errors import Json, Problem

ENGINES = ("basic", "jsonata")
NOT_OFFERED = ("math.js", "formula.js")
CONDITION_ERRORS = (CalculationError, ExpressionError)

PROPERTIES: dict[str, Json] = {
    "engine": {
        "type": ["string", "null"],
        "title": "Engine",
        "default": "basic",
        "description": "`basic`: the structured condition. `jsonata`: the expression.",
    },
    "calculation": {
        "type": ["object", "null"],
        "title": "Condition",
        "description": "For `basic`: `{calculator, operands: [a, b]}`, or groups: `{group: {type: and|or, calculations: […]}}`.",
    },
    "expression": {
        "type": ["string", "null"],
        "title": "Expression",
        "description": "For `jsonata`: `$context.data.indicator > 90`. On a missing field it is false.",
    },
}


def compile_condition(raw: Mapping[str, Json]) -> Callable[[Scope], Json]:
    """What evaluates the condition of ``{engine?, calculation?, expression?}`` in a scope; without any it is true.

    The basic engine gives true or false, an expression whatever it gives, false where it has no value. The result raises one of
    CONDITION_ERRORS when an unknown calculator is reached or an expression fails."""
    if raw.get("engine") != "jsonata":
        return compile_calculation(raw.get("calculation")).evaluate
    text = raw.get("expression") or ""
    if not text.strip():
        return lambda scope: True
    expression = Expression(text)

    def evaluate(scope: Scope) -> Json:
        value = expression.evaluate(scope)
        return False if value is UNDEFINED else value

    return evaluate


def problems_of_condition(raw: Mapping[str, Json], path: str, known_nodes: Collection[str], scopes: Collection[str]) -> list[Problem]:
    """What is wrong with the condition, found when a workflow is saved; of the two forms only the one that its engine takes."""
    engine = raw.get("engine")
    found = problems_of_engine(engine, f"{path}.engine", ENGINES)
    calculation, expression = raw.get("calculation"), raw.get("expression")
    if engine == "jsonata" and isinstance(expression, str) and expression.strip():
        found += problems_of_expression(expression, f"{path}.expression", known_nodes, scopes)
    elif engine != "jsonata" and isinstance(calculation, dict):
        found += problems_of_calculation(calculation, f"{path}.calculation", known_nodes, scopes)
    return found


def problems_of_engine(engine: Json, path: str, engines: Collection[str]) -> list[Problem]:
    """An engine that is none of ``engines``; math.js and formula.js are answered with JSONata."""
    if engine in (None, "", *engines) or not isinstance(engine, str):
        return []
    names = ", ".join(f'"{name}"' for name in engines)
    instead = f'write the expression in JSONata: engine "jsonata" ({names} are offered)' if engine in NOT_OFFERED else f"use one of {names}"
    return [Problem(f'engine "{engine}" is not offered; {instead}', path, "ENGINE_NOT_OFFERED")]
