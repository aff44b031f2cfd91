"""Expressions: JSONata, restricted to what ends soon, over the scopes of a run. The one place that knows the language.

``$context.data.price * 2`` reads the scopes as variables; ``{{$context.data.price}} * 2`` means the same: what stands in braces is
a plain path and gives its value, never text that is pasted in. A missing field is undefined: a condition on it is false.
The evaluator is imported with the first expression; plain paths (`template_path`) never need it.
Source of the language: https://docs.jsonata.org/overview.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.expression_bounds import Budget, ExpressionError
from chalicelib.domain.expression_values import tree_of
from chalicelib.domain.template_path import PLAIN, ROOTS, UNDEFINED, PlainPath, Scope, is_path, short, unknown_name
from chalicelib.errors import Json, Problem

if TYPE_CHECKING:
    from chalicelib.domain.expression_engine import Evaluator

MOST_BYTES = 2_048
ONLY_PATHS = (
    f"{{{{…}}}} inside an expression holds a plain path such as {{{{$context.data.title}}}}, beginning with {', '.join(ROOTS)} or ctx"
)
LITERAL_IN_QUOTES = "a template inside quotes is not filled in; write {{path}} without quotes: it stands for its value as a literal"
IN_QUOTES = 'a template inside quotes is not filled in; write "Sample " & $context.data.title'
STRINGS = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|/\*.*?\*/'
PIECE = re.compile(rf"(?P<literal>{STRINGS})|\{{\{{(?P<content>{PLAIN.pattern})\}}\}}", re.DOTALL)
NEWER = re.compile(r"\?\s*\?|\?\s*:")
VARIABLE = "template_"


class Expression:
    """A compiled expression. ``paths`` are the parts of the scope that it reads: ``("$context", "data", "price")``; the empty path
    stands for all of it."""

    def __init__(self, text: str, *, has_source: bool = False) -> None:
        """``has_source``: it is applied to a document besides the scopes. Raises ExpressionError with every mistake."""
        self.text = text
        self.problems: tuple[str, ...] = ()
        self._has_source = has_source
        self._templates: list[PlainPath] = []
        check_length(text)
        self._jsonata, problems = replace_templates(text, self._as_variable, has_source=has_source)
        self._local = threading.local()
        self.paths = self._checked(problems)
        self._tree = None if () in self.paths else tree_of(self.paths)
        self.paths |= {template.parts for template in self._templates}

    def _checked(self, problems: list[str]) -> frozenset[tuple[str, ...]]:
        from chalicelib.domain.expression_rules import findings

        if NEWER.search(PIECE.sub("0", self.text)):
            problems.append("the operators ?: and ?? are not allowed; write condition ? value : other")
        found = findings(self._evaluator().ast, frozenset(self._names()), self._has_source)
        if problems := problems + found.messages:
            raise ExpressionError.of([Problem(message) for message in dict.fromkeys(problems)])
        return frozenset(found.paths)

    def _as_variable(self, template: PlainPath) -> str:
        self._templates.append(template)
        return f"${VARIABLE}{len(self._templates) - 1}"

    def _names(self) -> list[str]:
        return [f"{VARIABLE}{position}" for position in range(len(self._templates))]

    def _evaluator(self) -> Evaluator:
        """This thread's own: an instance that threads share gives wrong results."""
        from chalicelib.domain.expression_engine import Evaluator

        found: Evaluator | None = getattr(self._local, "evaluator", None)
        if found is None:
            found = self._local.evaluator = Evaluator(self._jsonata)
        return found

    def evaluate(self, scope: Scope, source: Json = UNDEFINED) -> Json:
        """The value in a scope (see `Template.render`), ``UNDEFINED`` where there is none; NaN and infinity are null.

        ``source`` is the document it is applied to. Raises ExpressionError when types do not fit, and when it takes too long."""
        from chalicelib.domain.expression_engine import as_value

        budget = Budget()
        try:
            values = as_value(scope, budget, self._tree) if self._tree is None or self._tree else {}
            document = as_value(source, budget) if self._has_source else {"ctx": values}
            variables = {name.removeprefix("$"): value for name, value in values.items()}
            for name, template in zip(self._names(), self._templates, strict=True):
                value = value_of_template(template, scope, source)
                variables[name] = None if value is UNDEFINED else as_value(value, budget)
        except RecursionError:
            raise ExpressionError("a value in the expression is nested too deeply") from None
        return self._evaluator().value(document, variables, budget)


def problems_of_expression(
    text: str, path: str, known_nodes: Collection[str], scopes: Collection[str], *, has_source: bool = False
) -> list[Problem]:
    """What is wrong with an expression, found when a workflow is saved; see `template.problems_of`."""
    try:
        expression = Expression(text, has_source=has_source)
    except ExpressionError as error:
        return [Problem(problem.message, path, "INVALID_EXPRESSION") for problem in error.problems()]
    return problems_of_paths(expression.paths, path, known_nodes, scopes)


def problems_of_paths(
    paths: Collection[tuple[str, ...]], path: str, known_nodes: Collection[str], scopes: Collection[str]
) -> list[Problem]:
    """Nodes, scopes and system variables that the paths name and that are not there."""
    messages = (unknown_name(parts, known_nodes, scopes) for parts in sorted(paths))
    return [Problem(message, path, "INVALID_EXPRESSION") for message in messages if message]


def replace_templates(
    text: str, write: Callable[[PlainPath], str], *, has_source: bool, in_quotes: str = IN_QUOTES
) -> tuple[str, list[str]]:
    """The text of an expression with what ``write`` says in place of each ``{{path}}``, and what is wrong with the paths.

    Templates in quotes stay, and ``in_quotes`` says what to write; with ``has_source`` a path need not begin with a scope."""
    problems: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        content = match["content"]
        if content is None:
            problems.extend([in_quotes] if "{{" in match[0] and match[0][0] in "\"'" else [])
            return match[0]
        template = PlainPath.parse(content)
        is_known = has_source or not template.parts or template.parts[0] in ROOTS
        if not is_path(content) or not is_known or "" in template.parts:
            problems.append(f"{{{{{short(content)}}}}} is not supported: {ONLY_PATHS}")
        return write(template)

    return PIECE.sub(replaced, text), problems


def value_of_template(template: PlainPath, scope: Scope, source: Json) -> Json:
    """The value of a ``{{path}}`` inside an expression: of the scopes, or a field of the document; ``UNDEFINED`` where there is none."""
    if template.parts and template.parts[0] not in ROOTS:
        return template.reader(UNDEFINED)(source if isinstance(source, Mapping) else {})
    return template.reader(UNDEFINED)(scope)


def check_length(text: str) -> None:
    """Raises ExpressionError when the text is longer than an expression may be."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ExpressionError(f"an expression has at most {MOST_BYTES:,} characters, this one {len(text):,}")
