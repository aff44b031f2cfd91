"""What can be said of an expression's literals before there is any data: numbers of arguments, operands and keys that never fit.

Sources: https://docs.jsonata.org/overview.html (the signature of each function), https://docs.jsonata.org/numeric-operators
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chalicelib.domain.template_path import short

MOST_PADDING = 1_000
MOST_PICTURE = 100

# Positions count from 0: how many arguments at most, and which of them are literals of what kind.
ARGUMENTS = {"string": 2, "substring": 3, "pad": 3, "split": 3, "replace": 4, "zip": 10, "fromMillis": 3} | dict.fromkeys(
    ("substringBefore", "substringAfter", "contains", "join", "formatNumber", "formatBase", "round", "power", "lookup", "append"), 2
)
# How many arguments at least, where that is not one; a function of FROM_CONTEXT takes the value before its dot for the first.
LEAST = {"replace": 3} | dict.fromkeys(
    ("substring", "substringBefore", "substringAfter", "contains", "pad", "split", "formatNumber", "power", "lookup", "append"), 2
)
# fmt: off
FROM_CONTEXT = frozenset((
    "string", "substring", "substringBefore", "substringAfter", "lowercase", "uppercase", "length", "trim", "pad", "contains", "split",
    "replace", "formatNumber", "formatBase", "number", "floor", "ceil", "round", "abs", "sqrt", "power", "boolean", "not", "keys",
    "lookup", "spread", "base64encode", "base64decode", "encodeUrlComponent", "encodeUrl", "decodeUrlComponent", "decodeUrl",
    "toMillis", "fromMillis",
))
# fmt: on
ARITHMETIC, ORDER = ("+", "-", "*", "/", "%"), ("<", "<=", ">", ">=")
DATE_PICTURE = re.compile(r"(?:[^\[\]]|\[[YMDdFWwXxHhPmsfZzCE][0-9A-Za-z]{0,4}\])*")


def _is_small_number(most: int) -> Callable[[Any], bool]:
    return lambda node: node.type == "number" and abs(node.value) <= most


def _is_text(pattern: str) -> Callable[[Any], bool]:
    return lambda node: node.type == "string" and len(node.value) <= MOST_PICTURE and bool(re.fullmatch(pattern, node.value))


LITERALS: dict[tuple[str, int], tuple[Callable[[Any], bool], str]] = {
    ("pad", 1): (_is_small_number(MOST_PADDING), f"a number literal of at most {MOST_PADDING:,}"),
    ("pad", 2): (_is_text("(?s:.*)"), f"a text literal of at most {MOST_PICTURE} characters"),
    ("round", 1): (_is_small_number(15), "a number literal from -15 to 15"),
    ("formatNumber", 1): (_is_text("(?s:.*)"), f"a text literal of at most {MOST_PICTURE} characters"),
    ("fromMillis", 1): (_is_text(DATE_PICTURE.pattern), 'a text literal such as "[Y0001]-[M01]-[D01]"'),
    ("fromMillis", 2): (_is_text("[+-][0-9]{4}"), 'a text literal such as "+0200"'),
}


def problems_of_arguments(name: str, arguments: list[Any], *, has_context: bool) -> list[str]:
    """What is wrong with the arguments of ``$name``: their number, and those that are to be literals.

    ``has_context``: there is a value that may stand for the first."""
    found, most = [], ARGUMENTS.get(name, 1)
    least = LEAST.get(name, 1) - (has_context and name in FROM_CONTEXT)
    if len(arguments) > most:
        found.append(f"${name} takes at most {most} argument{'s' if most > 1 else ''} here")
    if len(arguments) < least:
        found.append(f"${name} takes at least {least} argument{'s' if least > 1 else ''} here, not {len(arguments)}")
    for position, argument in enumerate(arguments):
        is_right, kind = LITERALS.get((name, position), (None, ""))
        if is_right and not is_right(argument):
            found.append(f"argument {position + 1} of ${name} is {kind}")
    return found


def problems_of_operands(node: Any) -> list[str]:
    """What is wrong with the literals next to an operator, and with the keys of an object."""
    if node.type == "unary" and node.value == "{":
        return _problems_of_keys([key for key, _ in node.lhs_object or ()])
    operands = (node.lhs, node.rhs) if node.type == "binary" else (node.expression,) if node.type == "unary" else ()
    wrong = [operand for operand in operands if _never_fits(node.value, operand)]
    kind = "numbers" if node.value in ARITHMETIC else "two numbers or two texts"
    join = "; texts are joined with &" if node.value == "+" else ""
    return [f"the operator {node.value} takes {kind}, not {_written(operand)}{join}" for operand in wrong]


def _never_fits(operator: str, operand: Any) -> bool:
    kind = getattr(operand, "type", "")
    return (operator in ARITHMETIC and kind in ("string", "value")) or (operator in ORDER and kind == "value")


def _problems_of_keys(keys: list[Any]) -> list[str]:
    found = [f'a key of an object is a text: write "{_written(key)}"' for key in keys if key.type in ("number", "value")]
    texts = [key.value for key in keys if key.type == "string"]
    return found + [f'the object has the key "{short(text)}" twice' for text in dict.fromkeys(texts) if texts.count(text) > 1]


def _written(literal: Any) -> str:
    if literal.type == "string":
        return f'"{short(literal.value)}"'
    return {True: "true", False: "false", None: "null"}[literal.value] if literal.type == "value" else str(literal.value)
