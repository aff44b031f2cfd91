"""Loop: walk the branch once for every item of a list, or so many times.

Branch 0 is the body. Inside it ``$scopes.<key>`` gives ``item``, ``index`` (from 0), ``sequence`` (from 1) and ``length``. A number counts
rounds, a list gives its elements, nothing gives no round, anything else is one item. A round that ends badly leaves nothing written.
Source: https://docs.nocobase.com/workflow/nodes/loop
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain import status
from chalicelib.domain.condition import CONDITION_ERRORS, PROPERTIES, compile_condition, problems_of_condition
from chalicelib.domain.template import Template, compile_template, problems_of
from chalicelib.errors import Json, Problem
from chalicelib.nodes.base import Branch, Control, Definitions, Look, NodeType, Outcome, Ports, Scope, steered

RETURN, BREAK, CONTINUE = 0, 1, 2
BEFORE, AFTER = 0, 1
MOST_ROUNDS = 10_000

SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["target"],
    "properties": {
        "target": {
            "type": ["number", "array", "string"],
            "title": "Target",
            "description": f"What to go through: a number, a list, or a template that gives one. At most {MOST_ROUNDS:,} rounds.",
        },
        "condition": {
            "type": ["object", "boolean", "null"],
            "title": "Condition",
            "description": "`{checkpoint, continueOnFalse, engine, calculation, expression}`: asked before each round (`checkpoint` 0) or "
            "from the second one on (1); when it does not hold the loop stops, or with `continueOnFalse` leaves the round out.",
            "properties": {
                "checkpoint": {
                    "enum": [None, BEFORE, AFTER],
                    "title": "When to ask",
                    "description": "0: before each round. 1: from the second one on.",
                },
                "continueOnFalse": {
                    "type": ["boolean", "null"],
                    "title": "When it does not hold",
                    "description": "false: the loop stops. true: the round is left out and the next one asked for.",
                },
                **PROPERTIES,
            },
        },
        "exit": {
            "enum": [None, RETURN, BREAK, CONTINUE],
            "title": "When a round fails",
            "description": "0: the loop fails too. 1: the loop stops and the workflow goes on. 2: the next round.",
        },
    },
}


@dataclass(frozen=True)
class Prepared:
    target: Template
    condition: Callable[[Scope], Json] | None
    asks_first: bool
    skips: bool
    exit: int

    def holds(self, index: int, scope: Scope) -> bool:
        """Whether the round may be walked. Raises one of CONDITION_ERRORS."""
        return self.condition is None or not (index or self.asks_first) or bool(self.condition(scope))


def prepare(config: dict[str, Json]) -> Prepared:
    raw = config.get("condition")
    condition: dict[str, Json] = raw if isinstance(raw, dict) else {}
    asked = compile_condition(condition) if condition else None
    skips = bool(condition.get("continueOnFalse"))
    return Prepared(compile_template(config.get("target")), asked, not condition.get("checkpoint"), skips, config.get("exit") or RETURN)


@dataclass(frozen=True)
class Rounds:
    """How many rounds there are, and the item of each; without ``items`` the item is the index."""

    length: int
    items: list[Json] | None

    @classmethod
    def of(cls, target: Json) -> Rounds:
        """Raises ValueError for a negative number. A null in a list counts for the length and gives no item, as in NocoBase."""
        if isinstance(target, list):
            return cls(len(target), [item for item in target if item is not None])
        if isinstance(target, bool) or not isinstance(target, int | float):
            return cls(0, []) if target is None else cls(1, [target])
        if not math.isfinite(target) or target < 0:
            raise ValueError(f"cannot loop {target} times")
        return cls(math.floor(target), None)

    def variables(self, index: int) -> dict[str, Json]:
        """What ``$scopes.<key>`` gives in a round."""
        item = index if self.items is None else self.items[index] if index < len(self.items) else None
        return {"item": item, "index": index, "sequence": index + 1, "length": self.length}


def steer(prepared: Prepared, look: Look, ports: Ports, branches: tuple[int, ...], so_far: Json) -> Control:
    """``{"looped", "done", "broken"?, "exceeded"?}``; ERROR for a negative target, a wrong condition, more than 10,000 rounds."""
    try:
        rounds = Rounds.of(prepared.target.render(look(None)))
    except ValueError as error:
        return Outcome(status.ERROR, {"message": str(error)})
    result: dict[str, Json] = so_far or {"looped": 0, "done": 0}
    while branches and result["looped"] < rounds.length:
        index = result["looped"]
        if index >= MOST_ROUNDS:
            return Outcome(status.ERROR, result | {"exceeded": True, "message": f"a loop has at most {MOST_ROUNDS} rounds"})
        variables = rounds.variables(index)
        try:
            goes_on = prepared.holds(index, look(variables))
        except CONDITION_ERRORS as error:
            return Outcome(status.ERROR, result | {"message": str(error)})
        if not goes_on and not prepared.skips:
            return Outcome(status.RESOLVED, result | {"broken": True})
        ended = (yield Branch(branches[0], index, variables, result, undo=True)) if goes_on else None
        if ended == status.PENDING:
            return Outcome(status.PENDING, result)
        if ended is not None and ended < 0 and prepared.exit != CONTINUE:
            result = result | {"looped": index + 1}
            return Outcome(status.RESOLVED, result | {"broken": True}) if prepared.exit == BREAK else Outcome(ended, result)
        result = {"looped": index + 1, "done": result["done"] + (ended is not None)}
    return Outcome(status.RESOLVED, result)


def check(config: dict[str, Json], path: str, definitions: Definitions) -> list[Problem]:
    """A negative number of rounds; what is wrong with the templates and the condition."""
    target, condition = config.get("target"), config.get("condition")
    found = problems_of(target, f"{path}.target", definitions.known_nodes, definitions.scopes)
    found += _problems_of_rounds(target, f"{path}.target")
    if isinstance(condition, dict):
        # It is asked between rounds: the loop's own variables are there, and what the round before left.
        known, scopes = definitions.known_nodes | definitions.inside | definitions.own, definitions.scopes | definitions.own
        found += problems_of_condition(condition, f"{path}.condition", known, scopes)
    return found


def _problems_of_rounds(target: Json, path: str) -> list[Problem]:
    """A target without templates that asks for too many rounds, or for fewer than none."""
    if isinstance(target, str) or target is None:
        return []
    try:
        length = Rounds.of(target).length
    except ValueError:
        return [Problem("a loop cannot have a negative number of rounds", path)]
    return [Problem(f"a loop has at most {MOST_ROUNDS:,} rounds, this one {length:,}", path)] if length > MOST_ROUNDS else []


NODE = NodeType("loop", SCHEMA, steered, prepare, branches={0: "each round"}, check=check, checks_templates=False, steer=steer)
