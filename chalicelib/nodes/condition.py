"""Condition: go on only when something holds, or take one of two branches.

The result is true or false; branch 1 is walked when it is true, branch 0 when it is false, then the line goes on. With
``rejectOnFalse`` a false condition fails the node. Source: https://docs.nocobase.com/workflow/nodes/condition
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.calculation import Calculation, CalculationError, compile_calculation, problems_of_calculation
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Definitions, NodeType, Outcome, Ports, Scope

NOT_OFFERED = ("math.js", "formula.js")

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["rejectOnFalse"],
    "properties": {
        "rejectOnFalse": {
            "type": "boolean",
            "title": "Fail when false",
            "description": "true: a false condition fails the node and with it the workflow. false: both results go on.",
        },
        "engine": {"type": "string", "title": "Engine", "default": "basic", "description": "`basic` is the only engine so far."},
        "calculation": {
            "type": ["object", "null"],
            "title": "Condition",
            "description": "`{calculator, operands: [a, b]}`, or groups of these: `{group: {type: and|or, calculations: […]}}`.",
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    calculation: Calculation
    reject_on_false: bool


def prepare(config: dict[str, Json]) -> Prepared:
    return Prepared(compile_calculation(config.get("calculation")), bool(config.get("rejectOnFalse")))


def run(prepared: Prepared, scope: Scope, ports: Ports) -> Outcome:
    """True or False with the branch of that number; FAILED when false is to be rejected; ERROR with the text of a bad calculation."""
    try:
        holds = prepared.calculation.evaluate(scope)
    except CalculationError as error:
        return Outcome(status.ERROR, str(error))
    if not holds and prepared.reject_on_false:
        return Outcome(status.FAILED, False)
    return Outcome(status.RESOLVED, holds, branch=int(holds))


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    found, calculation = _problems_of_engine(config.get("engine"), f"{path}.engine"), config.get("calculation")
    if isinstance(calculation, dict):
        found += problems_of_calculation(calculation, f"{path}.calculation", definitions.known_nodes, definitions.scopes)
    return found


def _problems_of_engine(engine: Json, path: str) -> list[Problem]:
    if engine in (None, "", "basic") or not isinstance(engine, str):
        return []
    if engine == "jsonata":
        return [Problem('engine "jsonata" is not available yet; use "basic"', path, "ENGINE_NOT_OFFERED")]
    instead = 'use "basic", or "jsonata" once it is available' if engine in NOT_OFFERED else 'use "basic"'
    return [Problem(f'engine "{engine}" is not offered; {instead}', path, "ENGINE_NOT_OFFERED")]


NODE = NodeType("condition", SCHEMA, run, prepare, branches={1: "true", 0: "false"}, check=check, checks_templates=False, testable=True)
