"""What an expression may hold: a part of JSONata that ends soon whatever the data, looked at when a workflow is saved.

Without functions of one's own, regular expressions and recursion the work of an expression is bounded by the size of its data. The
same part runs unchanged as a JSONata expression of Step Functions, which has no ``?:``, ``??`` and ``$eval``.
Sources: https://docs.jsonata.org/overview.html, https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from chalicelib.domain.expression_bounds import nesting_problem
from chalicelib.domain.expression_engine import NATIVE_NAMES
from chalicelib.domain.expression_literals import problems_of_arguments, problems_of_operands
from chalicelib.domain.template_path import ROOTS, listed, short
from chalicelib.errors import Json

MOST_RANGE = 1_000

ALLOWED = {"path", "name", "binary", "unary", "number", "string", "value", "variable", "function", "condition", "filter", "block"}
INSTEAD = {
    "lambda": "functions of one's own are not allowed; write the calculation in the step, as in $context.data.items.(price * amount)",
    "transform": "the transform operator |…| is not allowed; build the object with {…}",
    "apply": "the operator ~> is not allowed; call the function: $sum($context.data.prices)",
    "partial": "partial application is not allowed; call the function with all arguments",
    "wildcard": "the wildcard * is not allowed; name the field",
    "descendant": "the wildcard ** is not allowed; name the fields of the path",
    "parent": "the parent operator % is not allowed; begin the path at $context",
    "bind": "variables of one's own (:=) are not allowed; keep a value with a variable node",
    "sort": "the order-by operator ^(…) is not allowed; sort in the query node, or with $sort",
}
NOT_FUNCTIONS = {
    "eval": "it runs text as an expression",
    "now": "read {{$system.now}}, which is the same wherever the run is taken up again",
    "millis": "write $toMillis($system.now), which is the same wherever the run is taken up again",
    "random": "it would give another value when the run is taken up again",
    "shuffle": "it would give another order when the run is taken up again",
}


@dataclass
class Findings:
    """What a walk over an expression found: ``messages`` of what is wrong, ``paths`` that it reads: ``("$context", "data")``.

    The empty path stands for the whole scope."""

    messages: list[str] = field(default_factory=list)
    paths: set[tuple[str, ...]] = field(default_factory=set)


def findings(ast: Any, variables: frozenset[str], has_source: bool) -> Findings:
    """What is wrong with a parsed expression, and what it reads.

    ``variables``: names, without ``$``, that may stand in it besides the scopes; ``has_source``: whether it is applied to a document,
    so that names may begin a path."""
    walk = _Walk(variables | {root[1:] for root in ROOTS}, has_source)
    walk.visit(ast, 1, has_source)
    walk.found.messages = list(dict.fromkeys(walk.found.messages))
    return walk.found


class _Walk:
    def __init__(self, variables: frozenset[str], has_source: bool) -> None:
        self.found = Findings()
        self._variables = variables
        self._has_source = has_source
        self._visits: dict[str, Callable[[Any, int, bool], None]] = {
            "path": self._path,
            "function": self._function,
            "variable": self._variable,
            "binary": self._binary,
        }
        self._depth = 1

    def refuse(self, message: str) -> None:
        self.found.messages.append(message)

    def visit(self, node: Any, level: int, inside: bool) -> None:
        """One node; ``inside`` a step or a predicate a name is a field of the value there."""
        if problem := nesting_problem(level, self._depth):
            return self.refuse(problem)
        if node.type not in ALLOWED:
            return self.refuse(INSTEAD.get(node.type, f"{node.type} is not allowed in an expression"))
        self._depth += 1
        self._predicates(node, level)
        self._visits.get(node.type, self._parts)(node, level, inside)
        self._depth -= 1
        return None

    def _parts(self, node: Any, level: int, inside: bool) -> None:
        self.found.messages += problems_of_operands(node)
        for part in _children(node):
            in_chain = node.type == part.type == "binary" and part is node.lhs
            self.visit(part, level if in_chain else level + 1, inside)

    def _predicate(self, predicate: Any, level: int) -> None:
        if predicate.type == "filter":
            self.visit(predicate.expr, level + 1, True)
        else:
            self.refuse("the index variable # is not allowed")

    def _path(self, node: Any, level: int, inside: bool) -> None:
        steps = list(node.steps)
        leading = 1 if steps[0].type == "name" and steps[0].value == "ctx" and not inside else 0
        if steps[0].type == "name" and not inside and not leading:
            name = short(steps[0].value)
            self.refuse(f'"{name}" is not known: a path begins with {", ".join(ROOTS)} or ctx; a text stands in quotes: "{name}"')
        begins = leading < len(steps) and steps[leading].type == "variable" and self._is_scope(steps[leading])
        if leading or begins:
            self.found.paths.add(_names_in(steps[leading:]) if begins else ())
        for position, step in enumerate(steps):
            if (position == leading and begins) or step.type == "name":
                self._predicates(step, level + 1)
            else:
                self.visit(step, level + 1, inside or position > 0)

    def _predicates(self, node: Any, level: int) -> None:
        if node.group is not None or node.focus is not None or node.index is not None:
            self.refuse("grouping {…} after a path, and the variables @ and #, are not allowed")
        for predicate in _predicates(node):
            self._predicate(predicate, level)

    def _is_scope(self, variable: Any) -> bool:
        return f"${variable.value}" in ROOTS and variable.group is None

    def _variable(self, node: Any, level: int, inside: bool) -> None:
        name = node.value
        if name in ("", "$"):
            if not self._has_source and not (inside and name == ""):
                self.refuse(f"${name} stands for nothing here; begin with one of {', '.join(ROOTS)}")
        elif name not in self._variables:
            self.refuse(f"${short(name)} is not known; there are {', '.join(ROOTS)}")
        elif self._is_scope(node):
            self.found.paths.add((f"${name}",))

    def _function(self, node: Any, level: int, inside: bool) -> None:
        called, arguments = node.procedure, node.arguments or []
        name = called.value if called.type == "variable" else ""
        if name in NATIVE_NAMES and not _predicates(called):
            self.found.messages += problems_of_arguments(name, arguments, has_context=inside or self._has_source)
        else:
            self.refuse(_no_function(called))
        for argument in arguments:
            self.visit(argument, level + 1, inside)

    def _binary(self, node: Any, level: int, inside: bool) -> None:
        if node.value == ".." and not _is_small_range(node):
            self.refuse(f"a range [a..b] has two number literals that are at most {MOST_RANGE:,} apart")
        self._parts(node, level, inside)


def _is_small_range(node: Any) -> bool:
    ends = [end.value for end in (node.lhs, node.rhs) if end.type == "number" and isinstance(end.value, int)]
    return len(ends) == 2 and ends[1] - ends[0] < MOST_RANGE and all(abs(end) <= 10**9 for end in ends)


def _predicates(node: Any) -> list[Any]:
    return [*(node.predicate or ()), *(node.stages or ())]


def _names_in(steps: list[Any]) -> tuple[str, ...]:
    """The variable and the names after it, up to the first step that is more than a name."""
    names = [f"${steps[0].value}"]
    for before, step in pairwise(steps):
        if step.type != "name" or _predicates(before):
            break
        names.append(step.value)
    return tuple(names)


def _children(node: Any) -> Iterator[Any]:
    """The parts of a node that is no path, function or variable."""
    yield from (part for part in (node.lhs, node.rhs, node.condition, node.then, node._else) if part is not None)
    yield from node.expressions or ()
    yield from (part for pair in node.lhs_object or () for part in pair)
    if node.type == "unary" and node.expression is not None and not callable(node.expression):
        yield node.expression


def _no_function(called: Any) -> str:
    name = called.value if called.type == "variable" else ""
    if called.type == "path" and len(called.steps) == 1 and called.steps[0].value in NATIVE_NAMES:
        return f"the name of a function begins with $: ${called.steps[0].value}(…)"
    if name in NOT_FUNCTIONS:
        return f"${name} is not allowed: {NOT_FUNCTIONS[name]}"
    names: Json = listed(f"${known}" for known in NATIVE_NAMES)
    return f"there is no function ${short(name)}; known are {names}" if name else f"only a named function can be called: {names}"
